import { expect, test } from 'vitest'
import { catalogues } from './catalogue.ts'
import type { MetricDefinitions } from './definition.ts'
import { registerMetrics } from './registered.ts'

const few = {
  trellis_test_bytes_total: { type: 'counter', unit: 'bytes', labels: ['direction'], help: 'Bytes' },
  trellis_test_height: { type: 'gauge', labels: [], help: 'Height' },
  trellis_test_wait_seconds: { type: 'histogram', unit: 'seconds', labels: [], help: 'Wait', buckets: [1, 2] },
} as const satisfies MetricDefinitions

test.each(catalogues)('every line of the catalogue "$title" is exposed', async ({ metrics }) => {
  const registered = registerMetrics(metrics)
  const text = await registered.scrape()
  for (const [name, { type }] of Object.entries(metrics)) expect(text).toContain(`# TYPE ${name} ${type}`)
})

test('a metric keeps its type, labels and buckets, beside the labels of the process', async () => {
  const metrics = registerMetrics(few, { labels: { node: 'miner-0' } })
  metrics.get('trellis_test_bytes_total').inc({ direction: 'in' }, 3)
  metrics.get('trellis_test_wait_seconds').observe(1.5)
  const text = await metrics.scrape()
  expect(text).toContain('trellis_test_bytes_total{direction="in",node="miner-0"} 3')
  expect(text).toContain('trellis_test_wait_seconds_bucket{le="2",node="miner-0"} 1')
  expect(text).not.toContain('process_cpu')
})

test('a counter follows a total kept elsewhere and never falls', async () => {
  const metrics = registerMetrics(few)
  for (const total of [0, 5, 5, 3, 9]) metrics.raise('trellis_test_bytes_total', { direction: 'out' }, total)
  expect(await metrics.scrape()).toContain('trellis_test_bytes_total{direction="out"} 9')
})

test('gauges are read before the answer; two scrapes at once are one', async () => {
  const metrics = registerMetrics(few)
  let read = 0
  metrics.onScrape(async () => {
    await Promise.resolve()
    metrics.get('trellis_test_height').set(++read)
  })
  const [first, second] = await Promise.all([metrics.scrape(), metrics.scrape()])
  expect(first).toContain('trellis_test_height 1')
  expect(second).toBe(first)
  expect(await metrics.scrape()).toContain('trellis_test_height 2')
})

test('counters whose label values are all known begin at 0', async () => {
  const metrics = registerMetrics({
    trellis_test_frames_total: {
      type: 'counter',
      labels: ['direction', 'topic'],
      values: { direction: ['in', 'out'], topic: ['block'] },
      help: 'Frames',
    },
    trellis_test_ends_total: { type: 'counter', labels: ['reason', 'side'], values: { side: ['ours'] }, help: 'Ends' },
  })
  const text = await metrics.scrape()
  expect(text.split('\n').filter(line => line.startsWith('trellis'))).toEqual([
    'trellis_test_frames_total{direction="in",topic="block"} 0',
    'trellis_test_frames_total{direction="out",topic="block"} 0',
  ])
})
