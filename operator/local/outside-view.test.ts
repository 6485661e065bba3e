import { describe, expect, test } from 'vitest'
import type { NodeStatus } from '../../api/observation.ts'
import type { ToldProgress } from './experiment-progress.ts'
import { GrowthWindow, outcomeOf, seenExperiment, seenTestnet } from './outside-view.ts'
import type { NodeRecord } from './record.ts'

/** On a chain of its own when `side` is given. */
const status = (name: string, height: number, side = ''): NodeStatus => {
  const hash = (at: number) => `${at > 5 ? side : ''}h${at}`
  return {
    name,
    head: { hash: hash(height), height },
    finalized: { hash: 'h4', height: 4 },
    recent: Array.from({ length: height }, (_, back) => ({ hash: hash(height - back), height: height - back })),
    peers: { inbound: 1, outbound: 1 },
  } as unknown as NodeStatus
}
const round = (at: number, ...nodes: [string, NodeStatus | null][]) => ({ at, nodes: new Map(nodes) })
const record = (states: Readonly<Record<string, NodeRecord['state']>>) => ({
  name: 'net',
  chain: { blockIntervalMs: 1_000, checkpointInterval: 4 },
  nodes: Object.entries(states).map(([name, state]) => ({ name, group: 'full', state }) as unknown as NodeRecord),
})
const holding = (seen: ReturnType<typeof seenTestnet>): string[] =>
  seen.conditions.filter(({ holds }) => holds).map(({ type }) => type)

describe('a testnet of this machine', () => {
  const earlier = round(0, ['a', status('a', 9)])

  test('that is well has all conditions of a cluster’s', () => {
    const now = round(1_000, ['a', status('a', 10)], ['b', status('b', 10)])
    const seen = seenTestnet(record({ a: 'ready', b: 'ready' }), now, earlier)
    expect(seen).toMatchObject({ namespace: 'local', testnet: 'net', desired: 2, ready: 2 })
    expect(holding(seen)).toEqual(['Provisioned', 'Connected', 'Converged', 'Finalizing', 'Ready'])
  })

  test('that is cut has two heads and is not Converged', () => {
    const now = round(1_000, ['a', status('a', 10, 'x')], ['b', status('b', 9, 'y')])
    const seen = seenTestnet(record({ a: 'ready', b: 'ready' }), now, earlier)
    expect(seen.heads?.map(({ members }) => members)).toEqual([['a'], ['b']])
    expect(holding(seen)).toEqual(['Provisioned', 'Connected', 'Finalizing'])
  })

  test('with a silent node is not Provisioned', () => {
    const seen = seenTestnet(
      record({ a: 'ready', b: 'paused' }),
      round(1, ['a', status('a', 10)], ['b', null]),
      earlier,
    )
    expect(seen).toMatchObject({ desired: 2, ready: 1, heights: [{ head: 10, finalized: 4 }] })
    expect(holding(seen)).not.toContain('Provisioned')
  })
})

test('growth is judged against the oldest of half a minute, or of twenty blocks', () => {
  const window = new GrowthWindow(3_000)
  const next = (at: number, height: number) =>
    window.next(round(at, ['a', status('a', height)], ['b', null]))?.nodes.get('a')?.head.height
  expect([next(0, 10), next(1_000, 10), next(30_000, 11), next(59_000, 12)]).toEqual([undefined, 10, 10, 10])
  expect(next(61_000, 12)).toBe(11)
  // The clock was set back: what was seen is not of the past any more.
  expect([next(1_000, 12), next(2_000, 13)]).toEqual([undefined, 12])
})

describe('an experiment on it', () => {
  const fault = (state: string) => ({ name: state, state, until: null, targets: 2, sides: [] })
  const told = (more: Partial<ToldProgress> = {}): ToldProgress => ({
    experiment: 'cut',
    pid: 7,
    startedAt: 1,
    phase: 'inject',
    message: '',
    until: null,
    endsBy: 5_000,
    faults: [fault('waiting'), fault('active'), fault('lifting'), fault('over')],
    verdict: null,
    outcome: null,
    timeline: [],
    ...more,
  })
  const running = { experiment: 'cut', pid: 7 }
  const over = {
    verdict: [] as string[],
    outcome: { verdict: 'passed', healMs: 1_200 },
  } satisfies Partial<ToldProgress>

  test('is seen while it runs', () => {
    const of = { namespace: 'local', testnet: 'net', experiment: 'cut' }
    expect(seenExperiment('net', running, told())).toEqual({ ...of, phase: 'Injecting', faults: 2, endsAt: 5_000 })
    // What lies there is of a run before.
    const pending = { ...of, phase: 'Pending', faults: 0, endsAt: undefined }
    expect(seenExperiment('net', running, told({ pid: 6 }))).toEqual(pending)
    expect(seenExperiment('net', running, undefined)).toEqual(pending)
    expect(seenExperiment('net', running, told(over))).toBeUndefined()
    expect(seenExperiment('net', undefined, told())).toBeUndefined()
  })

  test('comes to something once', () => {
    const of = { namespace: 'local', testnet: 'net' }
    expect(outcomeOf('net', told(), running)).toBeUndefined()
    expect(outcomeOf('net', told(over), running)).toEqual({ ...of, verdict: 'passed', healMs: 1_200 })
    expect(outcomeOf('net', told(), undefined)).toEqual({ ...of, verdict: 'inconclusive', healMs: undefined })
  })
})
