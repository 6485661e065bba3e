import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Events } from './events.ts'

test('the ring keeps the latest events, in order and numbered without gaps', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.nat(30), fc.nat(35), (max, count, after) => {
      const events = new Events({ max, now: () => 5 })
      for (let i = 1; i <= count; i++) events.emit({ kind: 'finalized', hash: '', height: i })
      const first = Math.max(after + 1, count - max + 1, 1)
      const expected = Array.from({ length: Math.max(0, count - first + 1) }, (_, i) => first + i)
      expect(events.after(after).map(({ number }) => number)).toEqual(expected)
      expect(events.after(after).map(({ event }) => event)).toEqual(
        expected.map(height => ({ at: 5, kind: 'finalized', hash: '', height })),
      )
      expect(events.oldest).toBe(Math.max(1, count - max + 1))
    }),
  )
})

test('kinds are chosen, and listeners hear until they stop', () => {
  const events = new Events()
  const heard: number[] = []
  const stop = events.subscribe(({ number }) => heard.push(number))
  events.emit({ kind: 'finalized', hash: '', height: 1 })
  events.emit({ kind: 'justified', hash: '', height: 2 })
  stop()
  events.emit({ kind: 'finalized', hash: '', height: 3 })
  expect(heard).toEqual([1, 2])
  expect(events.after(0, new Set(['finalized'])).map(({ number }) => number)).toEqual([1, 3])
})
