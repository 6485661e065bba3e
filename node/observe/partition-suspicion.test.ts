import { describe, expect, test } from 'vitest'
import { seededRng } from '../../api/random.ts'
import { retarget } from '../chain/lottery.ts'
import { type BlockTime, poissonAtMost, SUSPICION_BLOCKS, suspicion } from './partition-suspicion.ts'

const totalWeight = 100
const intervalMs = 1_000

/** A chain that grows block by block while validators of `weight` are reached, as lottery.ts has it. */
class Growth {
  readonly recent: BlockTime[] = [{ timestamp: 0, difficulty: totalWeight * intervalMs }]
  readonly #rng: () => number

  constructor(seed: string) {
    this.#rng = seededRng(seed)
  }

  /** Blocks until a time, and what is thought of it at every half of an interval after `from`. */
  *until(from: number, to: number, weight: number): Generator<number> {
    let at = from
    while (at < to) {
      const [head, parent = head!] = this.recent
      const difficulty = retarget(head!.difficulty, head!.timestamp - parent.timestamp || intervalMs, intervalMs)
      const next = at + Math.ceil((-Math.log(1 - this.#rng()) * difficulty) / weight)
      for (let now = at; now < Math.min(next, to); now += intervalMs / 2) yield now
      if (next < to) this.recent.unshift({ timestamp: next, difficulty })
      if (this.recent.length > SUSPICION_BLOCKS) this.recent.pop()
      at = next
    }
  }
}

test.each([
  [0, 12, 6.144e-6],
  [6, 12, 0.0458],
  [36, 48, 0.0437],
  [16, 48, 7.998e-8],
  [500, 48, 1],
  [0, 0, 1],
])('at most %i of a mean of %i: %d', (n, mean, probability) => {
  expect(poissonAtMost(n, mean) / probability).toBeCloseTo(1, 1)
})

test('no false suspicion in 50,000 block intervals of a healthy network, however its difficulty wanders', () => {
  const growth = new Growth('healthy')
  let false_ = 0
  let asked = 0
  let unlikely = 0
  for (const now of growth.until(0, 50_000 * intervalMs, totalWeight)) {
    const { suspected, probability } = suspicion({
      recent: growth.recent,
      totalWeight,
      now,
      since: 0,
      peers: 4,
      lostPeers: 1,
    })
    asked++
    if (suspected) false_++
    if (probability < 0.05) unlikely++
  }
  expect({ false_, asked: asked > 100_000 }).toEqual({ false_: 0, asked: true })
  // Two windows at 5 % each: what it would be with peers lost for other reasons.
  expect(unlikely / asked).toBeLessThan(0.1)
})

describe.each([
  { side: 'isolated', weight: 1e-9, peers: 0, lostPeers: 4, within: 20 },
  { side: 'a quarter', weight: 25, peers: 1, lostPeers: 3, within: 20 },
  { side: 'half', weight: 50, peers: 2, lostPeers: 2, within: 40 },
])('cut off with $side of the weight', ({ weight, peers, lostPeers, within }) => {
  test(`99 of 100 suspect it within ${within} block intervals, and all let go when it is over`, () => {
    const delays: number[] = []
    for (let run = 0; run < 200; run++) {
      const growth = new Growth(`cut ${weight} ${run}`)
      const cutAt = 60 * intervalMs
      for (const _ of growth.until(0, cutAt, totalWeight));
      let noticed = Number.POSITIVE_INFINITY
      const ask = (now: number, gone: boolean) => {
        const known = gone ? { peers, lostPeers } : { peers: peers + lostPeers, lostPeers: 0 }
        return suspicion({ recent: growth.recent, totalWeight, now, since: 0, ...known }).suspected
      }
      const end = cutAt + 60 * intervalMs
      for (const now of growth.until(cutAt, end, weight)) if (ask(now, true)) noticed = Math.min(noticed, now)
      delays.push((noticed - cutAt) / intervalMs)
      // The other side's chain had three quarters of the weight or more, or ours goes on with all of it.
      for (const _ of growth.until(end, end + 60 * intervalMs, totalWeight));
      expect(ask(end + 60 * intervalMs, false)).toBe(false)
    }
    delays.sort((a, b) => a - b)
    expect(delays[Math.floor(0.99 * delays.length) - 1]).toBeLessThanOrEqual(within)
  })
})

test('a lower difficulty does not hide that three quarters are missing', () => {
  const growth = new Growth('adapted')
  let suspected = 0
  let asked = 0
  for (const now of growth.until(0, 2_000 * intervalMs, 25)) {
    if (now < 200 * intervalMs) continue
    asked++
    if (suspicion({ recent: growth.recent, totalWeight, now, since: 0, peers: 1, lostPeers: 3 }).suspected) suspected++
  }
  expect(growth.recent[0]!.difficulty).toBeLessThan(0.6 * totalWeight * intervalMs)
  expect(suspected / asked).toBeGreaterThan(0.99)
})

test.each([
  ['nothing is expected yet', { now: 1_000, since: 1_000 }, 1],
  ['what was before it began to follow does not count', { now: 60_000, since: 59_000 }, Math.exp(-1)],
])('%s', (_, times, probability) => {
  const recent = [{ timestamp: 500, difficulty: totalWeight * intervalMs }]
  const found = suspicion({ recent, totalWeight, peers: 0, lostPeers: 0, ...times })
  expect(found.suspected).toBe(false)
  expect(found.probability).toBeCloseTo(probability, 6)
  expect(found.lostRatio).toBe(0)
})

test('one lost peer is a node that stopped', () => {
  const recent = [{ timestamp: 0, difficulty: totalWeight * intervalMs }]
  const at = { recent, totalWeight, now: 10_000, since: 0 }
  expect(suspicion({ ...at, peers: 1, lostPeers: 1 })).toMatchObject({ suspected: false, lostRatio: 0.5 })
  expect(suspicion({ ...at, peers: 1, lostPeers: 2 }).suspected).toBe(true)
  expect(suspicion({ ...at, peers: 9, lostPeers: 2 }).suspected).toBe(false)
})
