// The page of each alert: there, whole, and about metrics that exist.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { catalogues } from '../../api/metrics/catalogue.ts'
import { alerts, runbook } from '../../dashboards/alerts/rules.ts'

const root = join(import.meta.dirname, '../..')
const page = (path: string): string => readFileSync(join(root, path), 'utf8')
const metrics = new Set(catalogues.flatMap(({ metrics }) => Object.keys(metrics)))
const overview = page('docs/alerts/README.md')

test.each(alerts)('$name has a page that says what it means and what to do', ({ name, severity }) => {
  const text = page(runbook(name))
  expect(text).toMatch(new RegExp(`^# ${name}\n`))
  const headings = [...text.matchAll(/^\*\*(.+?)\*\*/gm)].map(([, heading]) => heading)
  expect(headings).toEqual(['Meaning.', 'Impact.', 'How to look.', 'What to do.'])
  const named = [...text.matchAll(/`(trellis_[a-z_]+)`/g)].map(([, metric]) => metric!)
  const known = (metric: string): boolean => metric.endsWith('_') || metrics.has(metric.replace(/_bucket$/, ''))
  expect(named.filter(metric => !known(metric))).toEqual([])
  expect(overview).toContain(`| [${name}](${name}.md) | ${severity} | `)
})

test('no page is left of an alert that is gone', () => {
  const pages = readdirSync(join(root, 'docs/alerts')).filter(file => file !== 'README.md')
  expect(pages.sort()).toEqual(alerts.map(({ name }) => `${name}.md`).sort())
})
