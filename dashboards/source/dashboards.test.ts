// What holds for every dashboard, panel and expression.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { catalogues } from '../../api/metrics/catalogue.ts'
import type { MetricDefinition } from '../../api/metrics/definition.ts'
import { dashboardFiles, dashboards } from './dashboards.ts'
import { expressions } from './expressions.ts'
import { notShown } from './not-shown.ts'
import { faultWindows, renderDashboard } from './render.ts'

const catalogue = new Map<string, MetricDefinition>(catalogues.flatMap(({ metrics }) => Object.entries(metrics)))
/** prom-client's, which no catalogue has. */
const ofProcess = /^(process|nodejs)_/
/** Labels that a scrape adds. */
const ofScrape = ['namespace', 'testnet', 'group', 'node', 'instance', 'le']

/** Metrics of an expression, without what a histogram's series add to the name. */
function metricsOf(expression: string): string[] {
  const names = [...expression.matchAll(/([a-z][a-z_]+)\{/g)].map(([, name]) => name ?? '')
  return names.map(name => (catalogue.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '')))
}

const targets = dashboards.flatMap(({ title, rows }) =>
  rows.flatMap(({ panels }) => panels.flatMap(panel => panel.targets.map(target => ({ title, panel, ...target })))),
)
const panels = dashboards.flatMap(({ title, rows }) =>
  rows.flatMap(row => row.panels.map((panel): [string, typeof panel] => [`${title} > ${panel.title}`, panel])),
)

describe('the catalogue', () => {
  const shown = new Set([...targets.map(({ expression }) => expression), faultWindows].flatMap(metricsOf))

  test('every metric stands on a dashboard, or in the list of those that do not', () => {
    expect([...catalogue.keys()].filter(name => !shown.has(name) && !(name in notShown))).toEqual([])
  })
  test('the list names metrics that are there and not shown, with a reason', () => {
    for (const [name, reason] of Object.entries(notShown)) {
      expect([name, catalogue.has(name), shown.has(name), reason.length > 10]).toEqual([name, true, false, true])
    }
  })
  test('every metric shown is one of the catalogue or of prom-client', () => {
    expect([...shown].filter(name => !catalogue.has(name) && !ofProcess.test(name))).toEqual([])
  })
})

describe('expressions', () => {
  test.each(targets)('$title > $panel.title > $legend: its labels are there', ({ expression, legend }) => {
    const grouped = [...expression.matchAll(/ by \(([^)]*)\)/g)].flatMap(([, labels]) => labels!.split(/, */))
    const made = [...expression.matchAll(/label_replace\(.*?, "(\w+)"/g)].map(([, label]) => label!)
    const written = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!)
    const known = metricsOf(expression).flatMap(name => catalogue.get(name)?.labels ?? [])
    for (const label of [...grouped, ...written, ...made]) expect([...ofScrape, ...known, ...made]).toContain(label)
    // What is written is kept by the outermost aggregation, or there is none.
    if (grouped.length > 0) for (const label of written) expect([...grouped, ...made]).toContain(label)
  })

  test('no variable is left open', () => {
    const filled = expressions({ namespace: 'local', testnet: 'a', rateInterval: '4s' })
    expect(filled.length).toBe(targets.length + 1)
    for (const { expression } of filled) expect(expression).not.toContain('$')
  })
})

describe('panels', () => {
  test.each(panels)('%s', (_, panel) => {
    expect(panel.description).toMatch(/^[A-Z].{8,}\.$/s)
    expect(panel.title).toMatch(/^[A-Z]/)
    expect(panel.targets.length).toBeGreaterThan(0)
    if (panel.shows !== 'healthy') expect(Object.values(panel.shows).join().length).toBeGreaterThan(10)
    // Colours go with words: panels that colour have meanings, and those leave no gap between two.
    if (panel.kind === 'states') expect(panel.meanings?.length).toBeGreaterThan(1)
    const meanings = panel.meanings ?? []
    meanings.forEach(({ text, from, to }, at) => {
      expect(text.length).toBeGreaterThan(1)
      const next = meanings[at + 1]
      if (next) expect(next.from).toBe(Math.max(to ?? 0, from ?? 0) + 1)
    })
    expect(new Set(meanings.map(({ text }) => text)).size).toBe(meanings.length)
  })

  test('no two of a row have one title', () => {
    for (const { rows } of dashboards) {
      for (const row of rows) expect(new Set(row.panels.map(({ title }) => title)).size).toBe(row.panels.length)
    }
  })
})

describe('the JSON', () => {
  test('has the addresses that links and bookmarks rest on', () => {
    expect(dashboards.map(({ uid }) => uid)).toEqual([
      'trellis-testnet',
      'trellis-gossip',
      'trellis-chain',
      'trellis-node',
      'trellis-chaos',
      'trellis-operator',
    ])
    const links = Object.values(dashboardFiles()).flatMap(json => [...json.matchAll(/"\/d\/([\w-]+)/g)].map(m => m[1]))
    expect(links.length).toBeGreaterThan(0)
    expect(links.filter(uid => !dashboards.some(dashboard => dashboard.uid === uid))).toEqual([])
  })

  test.each(dashboards)('$title: panels have their own numbers and places', source => {
    const rendered = renderDashboard(source).panels ?? []
    expect(new Set(rendered.map(({ id }) => id)).size).toBe(rendered.length)
    const cells = rendered.flatMap(({ gridPos }) => {
      const { x, y, w, h } = gridPos!
      expect(x + w).toBeLessThanOrEqual(24)
      return Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`)
    })
    expect(new Set(cells).size).toBe(cells.length)
  })

  test.each(Object.entries(dashboardFiles()))('%s is the one that is committed', (file, content) => {
    expect(readFileSync(join(import.meta.dirname, '../..', file), 'utf8')).toBe(content)
  })
})
