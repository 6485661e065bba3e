import { describe, expect, test } from 'vitest'
import { type Condition, isTrue, MAX_MESSAGE, setCondition } from './conditions.ts'

const noon = new Date('2026-11-20T12:00:00.123Z')
const one = new Date('2026-11-20T13:00:00.456Z')
const ready = { type: 'Ready', status: 'True' as const, reason: 'AllReady', message: 'all', observedGeneration: 1 }

describe('setCondition', () => {
  test.each([
    ['a first condition', [], ready, ['12:00:00Z']],
    ['the same status keeps its time', [['Ready', 'True']], { ...ready, reason: 'Still' }, ['11:00:00Z']],
    ['another status moves it', [['Ready', 'False']], ready, ['12:00:00Z']],
    ['another type is left alone', [['Connected', 'False']], ready, ['11:00:00Z', '12:00:00Z']],
    [
      'the order stays',
      [
        ['Ready', 'False'],
        ['Connected', 'True'],
      ],
      ready,
      ['12:00:00Z', '11:00:00Z'],
    ],
  ] as const)('%s', (_, before, next, times) => {
    const conditions = before.map(
      ([type, status]): Condition => ({
        ...ready,
        type,
        status,
        lastTransitionTime: '2026-11-20T11:00:00Z',
      }),
    )
    const after = setCondition(conditions, next, noon)
    expect(after.map(({ lastTransitionTime }) => lastTransitionTime.slice(11))).toEqual(times)
    expect(after.find(({ type }) => type === next.type)).toMatchObject(next)
  })

  test('cuts what the API would refuse, and refuses what it cannot cut', () => {
    const [long] = setCondition([], { ...ready, message: 'x'.repeat(MAX_MESSAGE + 1) }, one)
    expect(long?.message.length).toBe(MAX_MESSAGE)
    expect(() => setCondition([], { ...ready, reason: 'two words' }, one)).toThrow('"two words" is no reason')
  })

  test('is true only of the generation asked about', () => {
    const conditions = setCondition([], ready, noon)
    expect([isTrue(conditions, 'Ready', 1), isTrue(conditions, 'Ready', 2), isTrue(conditions, 'Other', 1)]).toEqual([
      true,
      false,
      false,
    ])
  })
})
