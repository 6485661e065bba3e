import { describe, expect, test } from 'vitest'
import type { NodeView } from '../../api/read-api.ts'
import type { ExperimentStatus } from '../../api/status.ts'
import type { StoredExperiment } from './chaos/stored-experiment.ts'
import { outcomeOf, outsideView } from './outside-view.ts'

const none = { testnets: () => [], nodes: () => [], heads: () => [] }
const stored = (status: ExperimentStatus, spec: object = {}): StoredExperiment => ({
  metadata: { name: 'cut', namespace: 'team' },
  spec: { testnet: 'net', ...spec },
  status,
})
const complete = (status: 'True' | 'False'): Pick<ExperimentStatus, 'conditions'> => ({
  conditions: [{ type: 'Complete', status, reason: 'x', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }],
})
const over: ExperimentStatus = { phase: 'Passed', ...complete('True') }

test('a node that did not answer in the last round has no say in heights, and before the first nobody has', () => {
  const node = (name: string, height: number): NodeView =>
    ({ name, group: 'full', height, finalized: height - 2 }) as unknown as NodeView
  const { testnets } = outsideView(
    {
      testnets: () => [
        { namespace: 'team', name: 'new', createdAt: 0, observedAt: null, status: {} },
        {
          namespace: 'team',
          name: 'net',
          createdAt: 0,
          observedAt: 1,
          status: { nodes: { desired: 2, ready: 1, summary: '1/2' }, ...complete('False') },
        },
      ],
      nodes: ({ name }) => (name === 'net' ? [node('full-0', 10), node('full-1', 7)] : []),
      heads: ({ name }) => (name !== 'net' ? [] : [{ hash: 'h', height: 10, members: ['full-0'], forkDepth: 0 }]),
    },
    [],
  )
  expect(testnets).toMatchObject([
    { testnet: 'new', heads: undefined },
    {
      namespace: 'team',
      testnet: 'net',
      desired: 2,
      ready: 1,
      conditions: [{ type: 'Complete', holds: false }],
      heights: [{ head: 10, finalized: 8 }],
    },
  ])
})

describe('an experiment', () => {
  const plan = { seed: 's', endsBy: '2026-01-01T00:00:10Z', faults: [] }
  const faults = [
    { name: 'a', targets: 3, injected: 3, recovered: 0 },
    { name: 'b', targets: 2, injected: 2, recovered: 2 },
    { name: 'c', targets: 1, injected: 0, recovered: 0 },
  ]
  const shown = (experiment: StoredExperiment) => outsideView(none, [experiment]).experiments

  test('is shown with its faults in force and its end', () => {
    expect(shown(stored({ phase: 'Injecting', plan, faults }))).toEqual([
      {
        namespace: 'team',
        testnet: 'net',
        experiment: 'cut',
        phase: 'Injecting',
        faults: 1,
        endsAt: 1_767_225_610_000,
      },
    ])
    expect(shown(stored({}))).toMatchObject([{ phase: 'Pending', faults: 0, endsAt: undefined }])
  })

  test.each<[string, StoredExperiment]>([
    ['is over', stored(over)],
    ['only makes runs', stored({ phase: 'Pending' }, { repeat: 3 })],
    ['names no testnet', stored({}, { testnet: 3 })],
  ])('is not shown when it %s', (_, experiment) => {
    expect(shown(experiment)).toEqual([])
  })

  test.each<[string, StoredExperiment, ExperimentStatus | undefined, object | undefined]>([
    [
      'once it is first said to be over',
      stored({ phase: 'Passed', healTime: '6.7s', ...complete('False') }),
      over,
      { namespace: 'team', testnet: 'net', verdict: 'passed', healMs: 6_700 },
    ],
    [
      'without a heal that was not',
      stored({}),
      { ...over, phase: 'Aborted' },
      { verdict: 'aborted', healMs: undefined },
    ],
    ['not again when its status is written once more', stored(over), over, undefined],
    ['not while it runs', stored({}), { phase: 'Injecting', ...complete('False') }, undefined],
    ['not when nothing was written', stored({}), undefined, undefined],
    ['not when its runs are', stored({}, { schedule: {} }), over, undefined],
  ])('is counted %s', (_, before, after, outcome) => {
    const counted = outcomeOf(before, after)
    if (outcome) expect(counted).toMatchObject(outcome)
    else expect(counted).toBeUndefined()
  })
})
