import { describe, expect, test } from 'vitest'
import { experimentSamples, type Sample, type SeenTestnet, testnetSamples } from './outside-view.ts'

const seen = (more: Partial<SeenTestnet> = {}): SeenTestnet => ({
  namespace: 'local',
  testnet: 'net',
  nodes: ['a', 'b', 'c', 'd'].map(name => ({ name, group: 'full' })),
  desired: 4,
  ready: 4,
  conditions: [
    { type: 'Ready', holds: true },
    { type: 'Converged', holds: false },
  ],
  heads: [{ members: ['a', 'b', 'c', 'd'] }],
  heights: [
    { head: 12, finalized: 8 },
    { head: 10, finalized: 4 },
  ],
  ...more,
})

const values = (samples: readonly Sample[], name: string): Record<string, number> =>
  Object.fromEntries(
    samples
      .filter(sample => sample.name === name)
      .map(({ labels: { namespace: _, testnet: __, ...rest }, value }) => [Object.values(rest).join(' '), value]),
  )

describe('a testnet', () => {
  test('has its counts, conditions and heights', () => {
    const samples = testnetSamples(seen())
    expect(samples.every(({ labels }) => labels.namespace === 'local' && labels.testnet === 'net')).toBe(true)
    expect(values(samples, 'trellis_testnet_nodes')).toEqual({ desired: 4, ready: 4 })
    expect(values(samples, 'trellis_testnet_condition')).toEqual({ Ready: 1, Converged: 0 })
    expect(values(samples, 'trellis_testnet_head_height')).toEqual({ min: 10, max: 12 })
    expect(values(samples, 'trellis_testnet_finalized_height')).toEqual({ '': 4 })
    expect(values(samples, 'trellis_testnet_head_groups')).toEqual({ '': 1 })
  })

  const cases: [what: string, heads: string[][], groups: Record<string, number>][] = [
    ['one chain', [['a', 'b', 'c', 'd']], { 'full a': 1, 'full b': 1, 'full c': 1, 'full d': 1 }],
    ['the larger side first', [['d'], ['a', 'b', 'c']], { 'full a': 1, 'full b': 1, 'full c': 1, 'full d': 2 }],
    [
      'equal sides by their first node',
      [
        ['b', 'd'],
        ['a', 'c'],
      ],
      { 'full a': 1, 'full b': 2, 'full c': 1, 'full d': 2 },
    ],
    ['one that does not answer', [['a', 'b', 'c']], { 'full a': 1, 'full b': 1, 'full c': 1, 'full d': 0 }],
  ]
  test.each(cases)('is divided: %s', (_, heads, groups) => {
    const samples = testnetSamples(seen({ heads: heads.map(members => ({ members })) }))
    expect(values(samples, 'trellis_testnet_node_head_group')).toEqual(groups)
    expect(values(samples, 'trellis_testnet_head_groups')).toEqual({ '': heads.length })
  })

  test('of which nobody was asked is not said to be divided', () => {
    const samples = testnetSamples(seen({ heads: undefined, heights: [] }))
    expect(values(samples, 'trellis_testnet_head_groups')).toEqual({})
    expect(values(samples, 'trellis_testnet_node_head_group')).toEqual({})
    expect(values(samples, 'trellis_testnet_nodes')).toEqual({ desired: 4, ready: 4 })
  })

  test('that nobody hears of has no heights', () => {
    const samples = testnetSamples(seen({ heads: [], heights: [] }))
    expect(values(samples, 'trellis_testnet_head_height')).toEqual({})
    expect(values(samples, 'trellis_testnet_finalized_height')).toEqual({})
  })
})

test('an experiment has its end once that is decided', () => {
  const experiment = { namespace: 'team', testnet: 'net', experiment: 'cut', phase: 'Injecting', faults: 2 }
  const labels = { namespace: 'team', testnet: 'net', experiment: 'cut' }
  expect(experimentSamples({ ...experiment, endsAt: 1_500 })).toEqual([
    { name: 'trellis_experiment_active', labels: { ...labels, phase: 'Injecting' }, value: 1 },
    { name: 'trellis_experiment_faults_active', labels, value: 2 },
    { name: 'trellis_experiment_end_timestamp_seconds', labels, value: 1.5 },
  ])
  expect(experimentSamples({ ...experiment, endsAt: undefined })).toHaveLength(2)
})
