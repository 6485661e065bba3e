import fc from 'fast-check'
import { expect, test } from 'vitest'
import { drawOf, negativeLog, retarget, waitOf } from './lottery.ts'

const TWO_64 = 2n ** 64n

test('the fixed-point logarithm agrees with Math.log', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: TWO_64 }), draw => {
      const exact = -Math.log(Number(draw) / 2 ** 64)
      expect(Math.abs(Number(negativeLog(draw)) / 2 ** 32 - exact)).toBeLessThan(2 ** -30)
    }),
    { numRuns: 2_000 },
  )
})

test.each([
  [TWO_64, 0n],
  [TWO_64 / 2n, 2_977_044_471n], // ln 2 * 2^32
  [1n, 190_530_846_196n], // 64 ln 2 * 2^32
])('the logarithm of %s', (draw, expected) => {
  expect(Number(negativeLog(draw) - expected)).toBeLessThanOrEqual(1)
  expect(Number(negativeLog(draw) - expected)).toBeGreaterThanOrEqual(-1)
})

test('a smaller draw never waits less', () => {
  const draw = fc.bigInt({ min: 1n, max: TWO_64 })
  fc.assert(
    fc.property(draw, draw, (a, b) => {
      const [low, high] = a < b ? [a, b] : [b, a]
      expect(negativeLog(low)).toBeGreaterThanOrEqual(negativeLog(high))
    }),
    { numRuns: 1_000 },
  )
})

/** A seeded ticket stream: the counter is the entropy, sha256 inside drawOf spreads it. */
function ticket(seed: number, height: number, validator: number): Uint8Array {
  const bytes = new Uint8Array(64)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, seed)
  view.setUint32(4, height)
  view.setUint32(8, validator)
  return bytes
}

function simulate(seed: number, blocks: number, weightsAt: (height: number) => readonly number[], start: number) {
  const target = 1_000
  let difficulty = start
  const intervals: number[] = []
  const difficulties: number[] = []
  const wins = new Map<number, number>()
  for (let height = 1; height <= blocks; height++) {
    const waits = weightsAt(height).map((weight, i) => waitOf(ticket(seed, height, i), difficulty, weight))
    const interval = Math.min(...waits)
    const winner = waits.indexOf(interval)
    wins.set(winner, (wins.get(winner) ?? 0) + 1)
    intervals.push(interval)
    difficulties.push(difficulty)
    difficulty = retarget(difficulty, interval, target)
  }
  return { intervals, difficulties, wins }
}
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

test.each([1, 2, 3])('the mean interval holds, and each wins by its weight (seed %s)', seed => {
  const { intervals, wins } = simulate(seed, 6_000, () => [1, 1, 2, 4], 8_000)
  // Retargeting on noisy intervals makes the mean 1/(1 + 1/32) of the target: 3 % short.
  expect(mean(intervals)).toBeGreaterThan(930)
  expect(mean(intervals)).toBeLessThan(1_020)
  expect((wins.get(3) ?? 0) / 6_000).toBeCloseTo(0.5, 1)
  expect((wins.get(0) ?? 0) / 6_000).toBeCloseTo(0.125, 1)
})

test.each([1, 2, 3])('the interval recovers when half of the weight leaves (seed %s)', seed => {
  const leaves = 1_000
  const { intervals, difficulties } = simulate(seed, 3_000, height => (height <= leaves ? [1, 1, 1, 1] : [1, 1]), 4_000)
  expect(mean(difficulties.slice(-1_000)) / mean(difficulties.slice(0, leaves))).toBeCloseTo(0.5, 1)
  const recovered = mean(intervals.slice(leaves + 64))
  expect(recovered).toBeGreaterThan(910)
  expect(recovered).toBeLessThan(1_050)
})

test('retargeting stays within its integers', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      fc.maxSafeNat(),
      fc.integer({ min: 50, max: 3_600_000 }),
      (difficulty, interval, target) => {
        const next = retarget(difficulty, interval, target)
        expect(Number.isSafeInteger(next) && next >= 1).toBe(true)
        if (interval <= target) expect(next).toBeGreaterThanOrEqual(difficulty)
        else expect(next).toBeLessThanOrEqual(difficulty)
      },
    ),
  )
})

test('a draw is never zero', () => {
  expect(drawOf(new Uint8Array(64))).toBeGreaterThan(0n)
})
