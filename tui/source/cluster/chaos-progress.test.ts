import { expect, test } from 'vitest'
import { type ChaosExperiment, experimentSchema } from '../../../api/experiment.ts'
import type { HeadView, NodeView } from '../../../api/read-api.ts'
import type { ExperimentStatus } from '../../../api/status.ts'
import { forkDepth, headGroups } from '../../../chaos/convergence.ts'
import { aimsOf, chainViews, progressOf } from './chaos-progress.ts'

const node = (name: string, height: number | null, head: string | null) =>
  ({ name, height, head }) as unknown as NodeView
const head = (hash: string, height: number, members: string[], forkDepth: number | null): HeadView => ({
  hash,
  height,
  members,
  forkDepth,
})

test('chains part where the operator says so, and tips that differ are no fork', () => {
  const nodes = [node('a', 100, 'A100'), node('b', 99, 'B99'), node('c', 98, 'C98'), node('d', 98, 'D98')]
  const heads = [head('A100', 100, ['a', 'b', 'd'], 0), head('C98', 98, ['c'], 7)]
  const [a, b, d, c] = chainViews({ nodes, heads })
  expect([a, b, d, c].map(view => view?.name)).toEqual(['a', 'b', 'd', 'c'])
  // One continues the other, or there were two winners of one height.
  expect(forkDepth(a!, b!)).toBe(0)
  expect(forkDepth(a!, d!)).toBeLessThanOrEqual(1)
  expect(forkDepth(a!, c!)).toBe(7)
  expect(headGroups([a!, b!, c!, d!]).map(({ members }) => members)).toEqual([['a', 'b', 'd'], ['c']])
  expect([a, b, c, d].map(view => view!.recent[0])).toEqual(['A100', 'B99', 'C98', 'D98'])
})

test('a fork older than what nodes tell is one of unknown depth', () => {
  const nodes = [node('a', 100, 'A100'), node('c', 98, 'C98')]
  const [a, c] = chainViews({ nodes, heads: [head('A100', 100, ['a'], 0), head('C98', 98, ['c'], null)] })
  expect(forkDepth(a!, c!)).toBeUndefined()
})

test('chains near their beginning, and nodes that say nothing', () => {
  const nodes = [node('a', 1, 'A1'), node('b', 0, 'G'), node('c', null, null)]
  const [a, b, ...others] = chainViews({ nodes, heads: [head('A1', 1, ['a', 'b', 'c'], 0)] })
  expect(others).toEqual([])
  expect([a!.recent, b!.recent]).toEqual([['A1', 'G'], ['G']])
})

const experiment: ChaosExperiment = experimentSchema.parse({
  apiVersion: 'trellis.dev/v1alpha1',
  kind: 'ChaosExperiment',
  metadata: { name: 'cut' },
  spec: {
    testnet: 'net',
    faults: [
      { name: 'halves', duration: '20s', partition: { shape: 'halves' } },
      { name: 'slow', at: '5s', duration: '10s', select: { names: ['a'] }, latency: { delay: '1s' } },
    ],
  },
})
const aims = aimsOf(
  experiment,
  'cut',
  ['a', 'b', 'c', 'd'].map(name => ({ name, group: 'm', role: 'miner', region: 'r' })),
)
const START = Date.parse('2026-01-01T00:00:00Z')
const plan: ExperimentStatus['plan'] = {
  seed: 'cut',
  endsBy: '2026-01-01T00:10:00Z',
  faults: [
    { name: 'halves', action: 'partition', targets: 4, at: '0s', until: '20s' },
    { name: 'slow', action: 'latency', targets: 1, at: '5s', until: '15s' },
  ],
}
const told = (name: string, injected: number, recovered: number) => ({
  name,
  targets: name === 'halves' ? 4 : 1,
  injected,
  recovered,
})
const injecting: ExperimentStatus = {
  phase: 'Injecting',
  reason: 'FaultsInForce',
  message: 'waiting for the end of the last fault',
  startedAt: new Date(START).toISOString(),
  plan,
}

test.each<[string, ExperimentStatus, number, object]>([
  ['nothing before a runner tells', { phase: 'Pending', plan }, 0, {}],
  [
    'faults in force and to come',
    { ...injecting, faults: [told('halves', 4, 0), told('slow', 0, 0)] },
    2_000,
    {
      phase: 'inject',
      message: 'the end of the last fault',
      until: START + 20_000,
      faults: [
        {
          name: 'halves',
          state: 'active',
          until: START + 20_000,
          sides: [
            ['a', 'c'],
            ['b', 'd'],
          ],
        },
        { name: 'slow', state: 'waiting', until: START + 5_000, targets: ['a'], sides: [] },
      ],
    },
  ],
  [
    'a fault that is due and not in force yet',
    { ...injecting, faults: [told('halves', 0, 0)] },
    6_000,
    { faults: [{ state: 'injecting' }, { state: 'injecting' }] },
  ],
  [
    'a fault that is lifted, and one that is over',
    { ...injecting, faults: [told('halves', 4, 0), told('slow', 1, 1)] },
    20_500,
    { faults: [{ state: 'lifting' }, { state: 'over' }] },
  ],
  [
    'the heal, with a fault that failed',
    { ...injecting, phase: 'Healing', reason: 'WaitingForOneHead', faults: [told('halves', 4, 4), told('slow', 0, 0)] },
    21_000,
    { phase: 'heal', until: START + 50_000, faults: [{ state: 'over' }, { state: 'failed' }] },
  ],
])('%s', (_what, status, after, expected) => {
  const progress = progressOf(status, aims, undefined, 30_000, START + after)
  if (Object.keys(expected).length === 0) expect(progress).toBeUndefined()
  else expect(progress).toMatchObject(expected)
})
