import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { QueueState } from './queue-state.ts'

const half = () => 0.5

describe('a work queue', () => {
  test('holds a key once', () => {
    const queue = new QueueState()
    expect([queue.add('a', 0), queue.add('a', 1), queue.add('b', 2)]).toEqual([true, false, true])
    expect(queue.take(5)).toEqual({ key: 'a', waitedMs: 5 })
    expect(queue.take(5)).toEqual({ key: 'b', waitedMs: 3 })
    expect(queue.take(5)).toBeUndefined()
  })

  test('gives a key to one worker, and once more when it was added meanwhile', () => {
    const queue = new QueueState()
    queue.add('a', 0)
    queue.take(0)
    expect([queue.add('a', 1), queue.add('a', 2)]).toEqual([true, false])
    expect(queue.take(2)).toBeUndefined()
    queue.done('a', 3)
    expect(queue.take(4)).toEqual({ key: 'a', waitedMs: 1 })
    queue.done('a', 5)
    expect(queue.take(6)).toBeUndefined()
  })

  test('keeps the earliest of delayed adds', () => {
    const queue = new QueueState()
    queue.addAt('a', 300)
    queue.addAt('a', 100)
    queue.addAt('a', 200)
    expect(queue.nextDue).toBe(100)
    expect(queue.wake(99)).toBe(0)
    expect(queue.wake(100)).toBe(1)
    expect(queue.nextDue).toBeUndefined()
  })

  test('backs off from a failing key, to a ceiling, and forgets', () => {
    const queue = new QueueState({ baseMs: 10, maxMs: 100 })
    const pauses = [1, 2, 3, 4, 5, 6].map(() => queue.retry('a', 0, half))
    expect(pauses).toEqual([7.5, 15, 30, 60, 75, 75])
    queue.forget('a')
    expect(queue.retry('a', 0, half)).toBe(7.5)
  })

  test('loses no key, and gives none to two workers, whatever happens in whatever order', () => {
    const key = fc.constantFrom('a', 'b', 'c')
    const command = fc.oneof(
      fc.record({ do: fc.constant('add' as const), key }),
      fc.record({ do: fc.constant('later' as const), key, after: fc.nat(50) }),
      fc.record({ do: fc.constant('take' as const) }),
      fc.record({ do: fc.constant('done' as const), fails: fc.boolean(), nth: fc.nat(2) }),
    )
    fc.assert(
      fc.property(fc.array(command, { maxLength: 80 }), commands => {
        const queue = new QueueState()
        const held = new Map<string, number>()
        // When the key was last asked for, and when a worker last began with it.
        const asked = new Map<string, number>()
        const begun = new Map<string, number>()
        let now = 0
        const take = () => {
          const taken = queue.take(now)
          if (!taken) return
          expect(held.has(taken.key)).toBe(false)
          held.set(taken.key, now)
          begun.set(taken.key, now)
        }
        for (const step of commands) {
          now++
          queue.wake(now)
          if (step.do === 'add') {
            queue.add(step.key, now)
            asked.set(step.key, now)
          } else if (step.do === 'later') {
            queue.addAt(step.key, now + step.after)
            asked.set(step.key, now)
          } else if (step.do === 'take') take()
          else {
            const worked = [...held.keys()][step.nth]
            if (worked === undefined) continue
            held.delete(worked)
            if (step.fails) {
              queue.retry(worked, now, half)
              asked.set(worked, now)
            } else queue.forget(worked)
            queue.done(worked, now)
          }
        }
        // Let everything run out.
        for (let round = 0; round < 20; round++) {
          now += 1_000_000
          for (const each of held.keys()) queue.done(each, now)
          held.clear()
          queue.wake(now)
          for (let i = 0; i < 3; i++) take()
        }
        for (const [each, at] of asked) expect(begun.get(each) ?? -1, each).toBeGreaterThanOrEqual(at)
        expect([queue.depth, queue.delayed]).toEqual([0, 0])
      }),
      { numRuns: 500 },
    )
  })
})
