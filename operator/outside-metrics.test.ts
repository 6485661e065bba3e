import { expect, test } from 'vitest'
import { registerMetrics } from '../api/metrics/registered.ts'
import { testnetMetrics } from '../api/metrics/testnet.ts'
import { OutsideMetrics } from './outside-metrics.ts'
import type { SeenTestnet } from './testnet/outside-view.ts'

const seen = (testnet: string): SeenTestnet => ({
  namespace: 'team',
  testnet,
  nodes: [{ name: 'full-0', group: 'full' }],
  desired: 1,
  ready: 1,
  conditions: [],
  heads: [{ members: ['full-0'] }],
  heights: [],
})

test('all series of a testnet come with it, counters from 0, and go with it', async () => {
  const registered = registerMetrics(testnetMetrics)
  const outside = new OutsideMetrics(registered)
  const series = async () =>
    (await registered.scrape()).split('\n').filter(line => line !== '' && !line.startsWith('#'))
  const count = (testnet: string) => outside.count({ namespace: 'team', testnet, verdict: 'passed', healMs: 1_500 })
  const total = 'trellis_experiments_total{namespace="team",testnet="a",verdict="passed"}'

  outside.show({ testnets: [seen('a'), seen('b')], experiments: [] })
  expect(await series()).toContain(`${total} 0`)
  expect(await series()).toContain('trellis_experiment_heal_seconds_count{namespace="team",testnet="b"} 0')
  count('a')
  outside.show({ testnets: [seen('a'), seen('b')], experiments: [] })
  expect(await series()).toContain(`${total} 1`)
  expect(await series()).toContain('trellis_experiment_heal_seconds_sum{namespace="team",testnet="a"} 1.5')

  count('gone')
  outside.show({ testnets: [seen('b')], experiments: [] })
  expect((await series()).filter(line => !line.includes('testnet="b"'))).toEqual([])
  outside.show({ testnets: [], experiments: [] })
  expect(await series()).toEqual([])
  // Another of that name begins anew.
  outside.show({ testnets: [seen('a')], experiments: [] })
  expect(await series()).toContain(`${total} 0`)
})
