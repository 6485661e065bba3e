import { expect, test } from 'vitest'
import { catalogues } from './catalogue.ts'
import type { MetricDefinition } from './definition.ts'

const catalogue: [string, MetricDefinition][] = catalogues.flatMap(({ metrics }) => Object.entries(metrics))

test.each(catalogue)('%s keeps the naming rules', (name, metric) => {
  // Of the operator, those that controller-runtime and client-go have under a name of theirs.
  expect(name).toMatch(/^(trellis|controller_runtime|workqueue|rest_client|leader_election)(_[a-z]+)+$/)
  expect(name.endsWith('_total')).toBe(metric.type === 'counter')
  const base = name.replace(/_total$/, '')
  // A unit stands at the end, and nothing is named like a unit without being one.
  if (metric.unit) expect(base.endsWith(`_${metric.unit}`)).toBe(true)
  else expect(base).not.toMatch(/_(seconds|bytes|milliseconds|ms|kilobytes|percent|info_total|count|sum|bucket)$/)
  expect(metric.help.length).toBeGreaterThan(5)
  for (const label of metric.labels) expect(label).toMatch(/^[a-z]+(_[a-z]+)*$/)
  expect(metric.labels).not.toContain('le')
  if (metric.type !== 'histogram') expect(metric.buckets).toBeUndefined()
  else {
    const buckets = metric.buckets ?? []
    expect(buckets.length).toBeGreaterThan(3)
    expect(buckets).toEqual([...buckets].sort((a, b) => a - b))
  }
})
