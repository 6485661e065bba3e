import { describe, expect, test } from 'vitest'
import type { NodeStatus } from '../../../api/observation.ts'
import { answersOf } from './answers.ts'
import { type ConditionInput, type Provision, provisioned, testnetConditions } from './testnet-conditions.ts'
import type { NodeAnswer } from './world.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')
const terms = { blockIntervalMs: 1_000, checkpointInterval: 8 }
const provision: Provision = {
  suspended: false,
  forgetful: [],
  blocked: undefined,
  causes: [],
  rollout: undefined,
  desired: 2,
  ready: 2,
  waiting: [],
  remark: '',
}

/** A chain as a text, one letter a block from genesis on. Empty for a node that does not answer. */
interface Told {
  readonly chain: string
  readonly finalized?: number
  readonly peers?: number
  readonly headAgeMs?: number
}
const round = (agoMs: number, ...nodes: Told[]): Map<string, NodeAnswer> =>
  new Map(
    nodes.map(({ chain, finalized = 1, peers = 2, headAgeMs = 500 }, index) => {
      const name = `m-${index}`
      const recent = Array.from({ length: chain.length }, (_, back) => ({
        hash: chain.slice(0, chain.length - back),
        height: chain.length - 1 - back,
      }))
      const status = {
        name,
        now: NOW - agoMs,
        head: { ...recent[0], timestamp: NOW - headAgeMs },
        recent,
        finalized: { hash: 'a', height: finalized },
        peers: { inbound: peers, outbound: 0 },
      } as unknown as NodeStatus
      return [name, { at: NOW - agoMs, status: chain === '' ? undefined : status }]
    }),
  )
const both = (chain: string, more: Partial<Told> = {}): Told[] => [
  { chain, ...more },
  { chain, ...more },
]

function judge(latest: Told[], earlier: Told[], was?: 'True' | 'False', more: Partial<Provision> = {}) {
  const previous = (['Connected', 'Converged', 'Finalizing'] as const).map(type => ({
    type,
    status: was ?? ('Unknown' as const),
    reason: 'Before',
    message: '',
    lastTransitionTime: '2026-06-01T00:00:00Z',
  }))
  const rounds = { latest: round(100, ...latest), earlier: round(4_000, ...earlier) }
  const input: ConditionInput = {
    provision: { ...provision, ...more },
    answers: answersOf(['m-0', 'm-1'], rounds, terms.blockIntervalMs, NOW),
    terms,
    previous: was ? previous : [],
    generation: 3,
    now: NOW,
  }
  return testnetConditions(input)
}
const short = (conditions: ReturnType<typeof judge>) =>
  Object.fromEntries(conditions.map(({ type, status, reason }) => [type, status === 'True' ? true : reason]))

const well = { Provisioned: true, Connected: true, Converged: true, Finalizing: true, Ready: true }

describe('conditions', () => {
  test.each<{ name: string; latest: Told[]; earlier: Told[]; was?: 'True' | 'False'; expected: object }>([
    { name: 'a healthy network', latest: both('abcd'), earlier: both('abc'), expected: well },
    {
      name: 'a question lost',
      latest: [{ chain: '' }, { chain: 'abcd' }],
      earlier: both('abc'),
      was: 'True',
      expected: well,
    },
    {
      name: 'a node silent twice',
      latest: [{ chain: '' }, { chain: 'abcd' }],
      earlier: [{ chain: '' }, { chain: 'abc' }],
      was: 'True',
      expected: { ...well, Connected: 'NodesSilent', Converged: 'NodesSilent', Ready: 'NodesSilent' },
    },
    {
      name: 'a node alone',
      latest: [{ chain: 'abcd', peers: 0 }, { chain: 'abcd' }],
      earlier: both('abc'),
      was: 'True',
      expected: { ...well, Connected: 'NodesAlone', Converged: 'NodesAlone', Ready: 'NodesAlone' },
    },
    {
      name: 'two winners of one height',
      latest: [{ chain: 'abcd' }, { chain: 'abcx' }],
      earlier: both('ab'),
      expected: well,
    },
    {
      name: 'a split seen once',
      latest: [{ chain: 'abcde' }, { chain: 'abxyz' }],
      earlier: both('ab'),
      was: 'True',
      expected: well,
    },
    {
      name: 'a split seen twice',
      latest: [{ chain: 'abcdef' }, { chain: 'abxyzw' }],
      earlier: [{ chain: 'abcd' }, { chain: 'abxy' }],
      was: 'True',
      expected: { ...well, Converged: 'HeadsDiffer', Ready: 'HeadsDiffer' },
    },
    {
      name: 'a split that was never whole',
      latest: [{ chain: 'abcde' }, { chain: 'abxyz' }],
      earlier: both('ab'),
      was: 'False',
      expected: { ...well, Converged: 'HeadsDiffer', Ready: 'HeadsDiffer' },
    },
    {
      name: 'a node far behind',
      latest: [{ chain: 'abcdefghi' }, { chain: 'abc' }],
      earlier: [{ chain: 'abcdefg' }, { chain: 'ab' }],
      expected: { ...well, Converged: 'HeadsApart', Ready: 'HeadsApart' },
    },
    { name: 'a long wait for a block', latest: both('abc'), earlier: both('abc'), was: 'True', expected: well },
    {
      name: 'no growth yet',
      latest: both('abc'),
      earlier: both('abc'),
      expected: { ...well, Converged: 'HeightStill', Ready: 'HeightStill' },
    },
    {
      name: 'a chain that stands still',
      latest: both('abc', { headAgeMs: 31_000 }),
      earlier: both('abc', { headAgeMs: 31_000 }),
      was: 'True',
      expected: { ...well, Converged: 'HeightStill', Ready: 'HeightStill' },
    },
    {
      name: 'a chain that stands still at a time to come',
      latest: both('abc', { headAgeMs: -600_000 }),
      earlier: both('abc'),
      was: 'True',
      expected: { ...well, Converged: 'HeightStill', Ready: 'HeightStill' },
    },
    {
      name: 'nothing finalized',
      latest: both('abcd', { finalized: 0 }),
      earlier: both('abc'),
      expected: { ...well, Finalizing: 'NothingFinalized', Ready: 'NothingFinalized' },
    },
    { name: 'finality a little late', latest: both('a'.repeat(31)), earlier: both('abc'), was: 'True', expected: well },
    {
      name: 'finality as late, that never kept up',
      latest: both('a'.repeat(31)),
      earlier: both('abc'),
      expected: { ...well, Finalizing: 'FinalityLags', Ready: 'FinalityLags' },
    },
    {
      name: 'nobody asked before',
      latest: [],
      earlier: [],
      expected: { ...well, Connected: 'NotAsked', Converged: 'NotAsked', Finalizing: 'NotAsked', Ready: 'NotAsked' },
    },
    { name: 'nobody asked since the operator is new', latest: [], earlier: [], was: 'True', expected: well },
    { name: 'one round of a new operator', latest: both('abc'), earlier: [], was: 'True', expected: well },
  ])('of $name', ({ latest, earlier, was, expected }) => {
    expect(short(judge(latest, earlier, was))).toEqual(expected)
  })

  test('of a suspended testnet say only that', () => {
    const all = judge([], [], 'True', { suspended: true, desired: 0, ready: 0, forgetful: ['full'] })
    expect(all.every(({ status, reason }) => status === 'False' && reason === 'Suspended')).toBe(true)
    expect(all[0]?.message).toBe('no node runs, and stored data is kept; without storage, what was of full begins anew')
  })

  test('change their time with their status only, and say of which generation they speak', () => {
    const [, connected, converged] = judge(
      [{ chain: 'abcdef' }, { chain: 'abxyzw' }],
      [{ chain: 'abcd' }, { chain: 'abxy' }],
      'True',
    )
    expect(connected).toMatchObject({ lastTransitionTime: '2026-06-01T00:00:00Z', observedGeneration: 3 })
    expect(converged).toMatchObject({
      lastTransitionTime: '2026-06-01T12:00:00Z',
      message: '2 heads: 1 nodes at 5, 1 nodes at 5',
    })
  })
})

const cause = { reason: 'ImagePull', message: 'Pod t-m-0: no image. Correct it', pods: 2 } as const
const rolling = { updated: 1, total: 3, waitsFor: 'node m-2 to be ready', overdue: false }
test.each<[string, Partial<Provision>, string, string]>([
  ['ready', {}, 'AllReady', '2 nodes are ready'],
  ['with latecomers', { remark: 'm-2 came later' }, 'AllReady', '2 nodes are ready; m-2 came later'],
  ['on its way', { ready: 1, waiting: ['m-1'] }, 'Starting', '1 of 2 nodes are ready, waiting for m-1'],
  ['with a cause', { ready: 0, causes: [cause] }, 'ImagePull', '2 of 2 pods, Pod t-m-0: no image. Correct it'],
  [
    'with two',
    { causes: [cause, { ...cause, reason: 'CrashLoop', pods: 1 }] },
    'ImagePull',
    '2 of 2 pods, Pod t-m-0: no image. Correct it. Also: CrashLoop (1)',
  ],
  ['rolling', { rollout: { ...rolling, waitsFor: undefined } }, 'RollingOut', '1 of 3 nodes have the new revision'],
  [
    'between steps',
    { rollout: rolling },
    'RollingOut',
    '1 of 3 nodes have the new revision; waits for node m-2 to be ready',
  ],
  [
    'waiting too long',
    { rollout: { ...rolling, overdue: true } },
    'RolloutPaused',
    '1 of 3 nodes have the new revision; waits for node m-2 to be ready. It goes on by itself; to roll out without waiting, suspend the testnet and resume it',
  ],
  [
    'waiting for a known reason',
    { rollout: rolling, causes: [cause] },
    'RolloutPaused',
    '1 of 3 nodes have the new revision; waits for node m-2 to be ready. ImagePull: 2 of 2 pods, Pod t-m-0: no image. Correct it',
  ],
  ['blocked', { blocked: { reason: 'NameTaken', message: 'taken' }, causes: [cause] }, 'NameTaken', 'taken'],
])('provisioned when %s', (_, more, reason, message) => {
  expect(provisioned({ ...provision, ...more })).toMatchObject({ reason, message })
})
