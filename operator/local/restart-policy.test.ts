import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CRASH_WINDOW_MS, decideRestart, MAX_CRASHES, RESTART_BASE_MS, RESTART_CAP_MS } from './restart-policy.ts'

test.each([
  { crashes: [], at: 0, exitCode: 1, random: 0, expected: { kind: 'restart', delayMs: RESTART_BASE_MS / 2 } },
  { crashes: [], at: 0, exitCode: null, random: 1, expected: { kind: 'restart', delayMs: RESTART_BASE_MS } },
  { crashes: [0, 1], at: 2, exitCode: 1, random: 1, expected: { kind: 'restart', delayMs: 4 * RESTART_BASE_MS } },
  {
    crashes: [0, 1, 2, 3, 4],
    at: 5,
    exitCode: 1,
    random: 0,
    expected: { kind: 'give-up', reason: 'crashed 6 times within 60 s' },
  },
  { crashes: [0, 1, 2, 3, 4], at: CRASH_WINDOW_MS, exitCode: 1, random: 1, expected: { kind: 'restart' } },
  {
    crashes: [],
    at: 0,
    exitCode: 3,
    random: 0,
    expected: { kind: 'give-up', reason: 'cannot run as configured (exit code 3)' },
  },
])('after $crashes at $at with exit code $exitCode: $expected', ({ crashes, at, exitCode, random, expected }) => {
  expect(decideRestart(crashes, at, exitCode, () => random)).toMatchObject(expected)
})

test('delays stay within their bounds, and a node that always crashes is given up', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(1_000), { minLength: MAX_CRASHES + 1, maxLength: 20 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (gaps, random) => {
        const crashes: number[] = []
        let now = 0
        for (const gap of gaps) {
          now += gap
          const decision = decideRestart(crashes, now, 1, () => random)
          crashes.push(now)
          if (decision.kind === 'give-up') return crashes.length === MAX_CRASHES + 1
          expect(decision.delayMs).toBeGreaterThanOrEqual(RESTART_BASE_MS / 2)
          expect(decision.delayMs).toBeLessThanOrEqual(RESTART_CAP_MS)
        }
        return false
      },
    ),
  )
})
