import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { backoffMs, MAX_RETRY_AFTER_MS, retryAfterMs } from './backoff.ts'

describe('backoff', () => {
  test('doubles from the base, within half of it, and never above the maximum', () => {
    const rng = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), rng, (failures, random) => {
        const pause = backoffMs({ baseMs: 10, maxMs: 1_000 }, failures, () => random)
        const full = Math.min(1_000, 10 * 2 ** (failures - 1))
        expect(pause).toBeGreaterThanOrEqual(full / 2)
        expect(pause).toBeLessThanOrEqual(full)
      }),
    )
    expect(backoffMs({ baseMs: 10, maxMs: 1_000 }, 0, () => 1)).toBe(0)
  })

  test.each([
    [undefined, undefined],
    ['2', 2_000],
    ['0', 0],
    ['86400', MAX_RETRY_AFTER_MS],
    ['Fri, 20 Nov 2026 12:00:05 GMT', 5_000],
    ['Fri, 20 Nov 2026 11:00:00 GMT', 0],
    ['soon', undefined],
  ])('Retry-After %s is %s ms', (header, expected) => {
    expect(retryAfterMs(header, Date.parse('2026-11-20T12:00:00Z'))).toBe(expected)
  })
})
