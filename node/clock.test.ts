import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ChainClock, MAX_SKEW_DURATION_MS, MAX_SKEWS, SkewRefused } from './clock.ts'

const start = 1_000_000
beforeEach(() => {
  vi.useFakeTimers({ now: start })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the clock of the chain', () => {
  test('is the wall clock until it is skewed, and again after the skew’s end without being told', () => {
    const changes: string[] = []
    const clock = new ChainClock((id, change) => changes.push(`${id} ${change}`))
    expect(clock.now()).toBe(start)
    clock.skew({ id: 'a', offsetMs: 1_500, endsAt: start + 10_000 })
    expect(clock.now()).toBe(start + 1_500)
    vi.advanceTimersByTime(9_999)
    expect(clock.now()).toBe(start + 11_499)
    vi.advanceTimersByTime(1)
    expect(clock.now()).toBe(start + 10_000)
    expect(clock.skews).toEqual([])
    expect(changes).toEqual(['a applied', 'a ended'])
  })

  test('obeys the end although its timer is late', () => {
    const clock = new ChainClock()
    clock.skew({ id: 'a', offsetMs: -5_000, endsAt: start + 1_000 })
    vi.setSystemTime(start + 1_000)
    expect(clock.now()).toBe(start + 1_000)
    expect(clock.skews).toEqual([])
  })

  test('a renewal moves the end, and ending it early sets the clock right', () => {
    const clock = new ChainClock()
    clock.skew({ id: 'a', offsetMs: 100, endsAt: start + 1_000 })
    expect(clock.skew({ id: 'a', offsetMs: 100, endsAt: start + 3_000 })).toBe('replaced')
    vi.advanceTimersByTime(2_000)
    expect(clock.now()).toBe(start + 2_100)
    expect(clock.end('a')).toBe(true)
    expect(clock.end('a')).toBe(false)
    expect(clock.now()).toBe(start + 2_000)
  })

  test('skews of different ids add up, in whatever order they come and go', () => {
    const skew = fc.record({
      offsetMs: fc.integer({ min: -9_999, max: 9_999 }),
      forMs: fc.integer({ min: 1, max: 99 }),
    })
    fc.assert(
      fc.property(fc.array(skew, { maxLength: MAX_SKEWS }), fc.integer({ min: 0, max: 120 }), (skews, later) => {
        let now = start
        const clock = new ChainClock(
          () => {},
          () => now,
        )
        for (const [index, { offsetMs, forMs }] of skews.entries())
          clock.skew({ id: `${index}`, offsetMs, endsAt: start + forMs })
        now = start + later
        const expected = skews.filter(({ forMs }) => forMs > later).reduce((sum, { offsetMs }) => sum + offsetMs, 0)
        expect(clock.now() - now).toBe(expected)
        clock.stop()
      }),
      { numRuns: 50 },
    )
  })

  test.each([
    ['an end in the past', start, 'endsAt'],
    ['an end too far away', start + MAX_SKEW_DURATION_MS + 1, 'endsAt'],
  ])('refuses %s', (_name, endsAt, field) => {
    const clock = new ChainClock()
    expect(() => clock.skew({ id: 'a', offsetMs: 1, endsAt })).toThrow(expect.objectContaining({ field }))
    expect(clock.now()).toBe(start)
  })

  test('refuses one skew too many, but takes the renewal of one it has', () => {
    const clock = new ChainClock()
    for (let index = 0; index < MAX_SKEWS; index++) clock.skew({ id: `${index}`, offsetMs: 1, endsAt: start + 1_000 })
    expect(() => clock.skew({ id: 'more', offsetMs: 1, endsAt: start + 1_000 })).toThrow(SkewRefused)
    expect(clock.skew({ id: '0', offsetMs: 2, endsAt: start + 1_000 })).toBe('replaced')
    expect(clock.now()).toBe(start + MAX_SKEWS + 1)
  })
})
