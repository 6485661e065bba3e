import { describe, expect, test } from 'vitest'
import { MAX_CONDITION_MESSAGE_CHARS, testnetConditions } from '../../../api/conditions.ts'
import type { NodeStatus } from '../../../api/observation.ts'
import { type TestnetStatus, testnetStatusSchema } from '../../../api/status.ts'
import { MAX_GROUPS, MAX_NODES } from '../../../api/testnet.ts'
import { testnetStatus, worthWriting } from './status.ts'

const condition = (message: string, status: 'True' | 'False' = 'True') => ({
  type: 'Ready',
  status,
  reason: 'R',
  message,
  observedGeneration: 1,
  lastTransitionTime: '2026-06-01T00:00:00Z',
})
const node = (index: number, head: string, height = 1_000_000): NodeStatus =>
  ({
    name: `n-${index}`,
    head: { hash: head, height },
    recent: [{ hash: head, height }],
    finalized: { hash: 'f', height: height - 10 },
  }) as unknown as NodeStatus

test('the largest status is below 32 KiB and keeps to its schema', () => {
  const status = testnetStatus({
    generation: 1_000_000,
    conditions: testnetConditions.map(type => ({ ...condition('x'.repeat(MAX_CONDITION_MESSAGE_CHARS)), type })),
    groups: Array.from({ length: MAX_GROUPS }, (_, index) => ({
      name: `${index}`.padStart(20, 'g'),
      desired: 5_000,
      ready: 4_999,
    })).map((group, index) => (index === 0 ? group : { ...group, desired: 0, ready: 0 })),
    answered: Array.from({ length: MAX_NODES }, (_, index) => node(index, `${index}`.padStart(64, '0'))),
  })
  expect(status).toMatchObject({ headCount: 5_000, nodes: { summary: '4999/5000' } })
  expect(testnetStatusSchema.parse(status)).toEqual(status)
  expect(Buffer.byteLength(JSON.stringify(status))).toBeLessThan(32 * 1_024)
})

test('heights, finality and heads are those of the nodes that answer', () => {
  const parts = { generation: 1, conditions: [], groups: [{ name: 'm', desired: 3, ready: 3 }] }
  expect(testnetStatus({ ...parts, answered: [node(0, 'a', 17), node(1, 'a', 17), node(2, 'b', 15)] })).toMatchObject({
    height: { min: 15, max: 17 },
    finalizedHeight: 7,
    heads: [
      { hash: 'a', height: 17, members: 2 },
      { hash: 'b', height: 15, members: 1 },
    ],
    headCount: 2,
  })
  expect(testnetStatus({ ...parts, answered: [] })).not.toHaveProperty('height')
})

describe('a status is written', () => {
  const base: TestnetStatus = {
    observedGeneration: 1,
    conditions: [condition('well')],
    nodes: { desired: 20, ready: 10, summary: '10/20' },
    groups: [{ name: 'm', desired: 20, ready: 10 }],
    height: { min: 1, max: 2 },
    heads: [{ hash: 'a', height: 2, members: 10 }],
    headCount: 1,
  }
  const ready = (count: number): Partial<TestnetStatus> => ({ nodes: { desired: 20, ready: count, summary: '' } })
  const twoHeads = (a: number, b: number): Partial<TestnetStatus> => ({
    heads: [a, b].map(members => ({ hash: 'a', height: 2, members })),
    headCount: 2,
  })
  test.each<{
    change: string
    before?: Partial<TestnetStatus>
    after: Partial<TestnetStatus>
    at1s: unknown
    at30s: unknown
  }>([
    { change: 'nothing', after: {}, at1s: 'never', at30s: 'never' },
    { change: 'a height', after: { height: { min: 2, max: 3 } }, at1s: { afterMs: 29_000 }, at30s: 'now' },
    { change: 'a message', after: { conditions: [condition('better')] }, at1s: { afterMs: 29_000 }, at30s: 'now' },
    { change: 'a condition', after: { conditions: [condition('ill', 'False')] }, at1s: 'now', at30s: 'now' },
    { change: 'the generation', after: { observedGeneration: 2 }, at1s: 'now', at30s: 'now' },
    { change: 'one of twenty ready', after: ready(11), at1s: { afterMs: 9_000 }, at30s: 'now' },
    { change: 'two of twenty ready', after: ready(12), at1s: 'now', at30s: 'now' },
    { change: 'the last one ready', before: ready(19), after: ready(20), at1s: 'now', at30s: 'now' },
    { change: 'a second head', after: twoHeads(5, 5), at1s: 'now', at30s: 'now' },
    { change: 'sides of a split', before: twoHeads(5, 5), after: twoHeads(6, 4), at1s: 'now', at30s: 'now' },
  ])('for $change: after a second $at1s, after half a minute $at30s', ({ before = {}, after, at1s, at30s }) => {
    const [was, is] = [
      { ...base, ...before },
      { ...base, ...before, ...after },
    ]
    expect([worthWriting(was, is, 1_000), worthWriting(was, is, 30_000)]).toEqual([at1s, at30s])
  })

  test('when the clock was set back since the last time', () =>
    expect(worthWriting(base, { ...base, finalizedHeight: 9 }, -3_600_000)).toBe('now'))

  test('when there was none', () => expect(worthWriting(undefined, base, 0)).toBe('now'))
})
