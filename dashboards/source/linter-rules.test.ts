// Rules of Grafana's dashboard-linter, kept here because Go's module proxy does not give the linter out. Its names, and
// its file of exclusions. What needs a parser of PromQL is Prometheus' (test/observability/).
// Source of the rules: https://github.com/grafana/dashboard-linter/tree/main/docs/rules
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { dashboards } from './dashboards.ts'
import { renderDashboard } from './render.ts'

interface Finding {
  readonly dashboard: string
  readonly panel?: string
  readonly what: string
}
interface Exclusion {
  readonly reason: string
  readonly entries?: readonly { readonly dashboard?: string; readonly panel?: string }[]
}

const { exclusions } = parse(readFileSync(join(import.meta.dirname, '../grafana/.lint'), 'utf8')) as {
  exclusions: Record<string, Exclusion>
}
const rendered = dashboards.map(renderDashboard)

const units = ['short', 's', 'bytes', 'Bps', 'cps', 'ops', 'reqps', 'percentunit', 'none']
const ofPanels = (judge: (panel: Panel) => string | undefined) => (dashboard: Dashboard) =>
  panelsOf(dashboard).flatMap((panel): Finding[] => {
    const what = judge(panel)
    return what === undefined ? [] : [{ dashboard: dashboard.title!, panel: panel.title!, what }]
  })
const ofTargets = (judge: (expression: string) => string | undefined) =>
  ofPanels(panel => expressionsOf(panel).flatMap(expression => judge(expression) ?? [])[0])
const ofDashboard = (judge: (dashboard: Dashboard) => string | undefined) => (dashboard: Dashboard) => {
  const what = judge(dashboard)
  return what === undefined ? [] : [{ dashboard: dashboard.title!, what }]
}
const variables = ({ templating }: Dashboard) => templating.list ?? []
const named = (name: string) =>
  ofDashboard(dashboard => (variables(dashboard).some(v => v.name === name) ? undefined : `no variable ${name}`))
const matched = (label: string) =>
  ofTargets(text => (text.includes(`${label}=~"$`) ? undefined : `no matcher of ${label}`))

const rules: Record<string, (dashboard: Dashboard) => Finding[]> = {
  'template-datasource-rule': ofDashboard(dashboard => {
    const sources = variables(dashboard).filter(({ type }) => type === 'datasource')
    return sources.length === 1 && sources[0]?.name === 'datasource' && sources[0].label === 'Data source'
      ? undefined
      : 'not one data source variable called datasource'
  }),
  'template-job-rule': named('job'),
  'template-instance-rule': named('instance'),
  'template-on-time-change-reload-rule': ofDashboard(
    dashboard => variables(dashboard).find(({ type, refresh }) => type === 'query' && refresh !== 2)?.name,
  ),
  'uneditable-dashboard': ofDashboard(({ editable }) => (editable ? 'can be edited' : undefined)),
  'panel-datasource-rule': ofPanels(({ datasource }) =>
    datasource?.uid === '$datasource' ? undefined : 'another data source',
  ),
  'panel-title-description-rule': ofPanels(({ title, description }) =>
    title && description ? undefined : 'no title or description',
  ),
  'panel-units-rule': ofPanels(({ fieldConfig }) =>
    units.includes(fieldConfig?.defaults.unit ?? '') ? undefined : `unit ${fieldConfig?.defaults.unit}`,
  ),
  'panel-no-targets-rule': ofPanels(panel => (expressionsOf(panel).length > 0 ? undefined : 'no targets')),
  'target-rate-interval-rule': ofTargets(
    text => [...text.matchAll(/\[([^\]]*)\]/g)].find(([, window]) => window !== '$__rate_interval')?.[0],
  ),
  'target-job-rule': matched('job'),
  'target-instance-rule': matched('instance'),
  'target-counter-agg-rule': ofTargets(
    text => text.replace(/(rate|increase)\([a-z_]+\{[^}]*\}\[[^\]]*\]\)/g, '').match(/[a-z_]+_total\b/)?.[0],
  ),
}

const excluded = (rule: string, { dashboard, panel }: Finding): boolean => {
  const exclusion = exclusions[rule]
  if (!exclusion?.entries) return exclusion !== undefined
  return exclusion.entries.some(
    entry => (entry.dashboard ?? dashboard) === dashboard && (entry.panel ?? panel) === panel,
  )
}

test.each(Object.entries(rules))('%s finds nothing', (rule, findings) => {
  expect(rendered.flatMap(findings).filter(finding => !excluded(rule, finding))).toEqual([])
})

test.each(Object.entries(exclusions))('the exclusion of %s is needed, and has a reason', (rule, exclusion) => {
  const found = rendered.flatMap(dashboard => rules[rule]?.(dashboard) ?? [])
  expect(exclusion.reason.length).toBeGreaterThan(10)
  expect(found.length).toBeGreaterThan(0)
  for (const entry of exclusion.entries ?? []) expect(found).toContainEqual(expect.objectContaining(entry))
})

test('a window that is not the interval of rates would be found', () => {
  const dashboard = renderDashboard(dashboards[0]!)
  const target = panelsOf(dashboard)[0]!.targets![0] as unknown as { expr: string }
  target.expr = 'rate(a_total{}[5m]) / b_total{}'
  expect(rules['target-rate-interval-rule']!(dashboard)).toMatchObject([{ what: '[5m]' }])
})

function panelsOf({ panels = [] }: Dashboard): Panel[] {
  return panels.filter((panel): panel is Panel => panel.type !== 'row')
}

function expressionsOf({ targets = [] }: Panel): string[] {
  return (targets as readonly { expr?: string }[]).flatMap(({ expr }) => expr ?? [])
}
