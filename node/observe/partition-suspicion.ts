// Does this node see the whole network? Two signs that it does not: fewer blocks than all validators together would
// make, and peers that were lost. From inside both look as well like many nodes that stopped; it stays a suspicion.
//
// Blocks are a Poisson process: the shortest of exponential waits, with the mean difficulty / total weight (lottery.ts).
// Measured in that mean, block by block, time has rate 1 whatever the difficulty became, so the difficulty's slow
// adaptation to a smaller network does not hide that it is smaller.

export interface BlockTime {
  /** Producer's clock, milliseconds since the epoch. */
  readonly timestamp: number
  /** In weight·ms. */
  readonly difficulty: number
}

export interface SuspicionInput {
  /** The main chain's last blocks, newest first; SUSPICION_BLOCKS of them suffice. */
  readonly recent: readonly BlockTime[]
  readonly totalWeight: number
  /** The clock that block timestamps are compared with, and when this node began to follow the chain by it. */
  readonly now: number
  readonly since: number
  readonly peers: number
  /** Peers whose connection ended unwanted and that are not back. */
  readonly lostPeers: number
}

export interface Suspicion {
  readonly suspected: boolean
  /** Of so few blocks in the worst of the windows, if all validators were reached. */
  readonly probability: number
  /** Lost, of the lost and the connected; 0 of nobody. */
  readonly lostRatio: number
}

/** Blocks expected in each window: the short one sees a small side within seconds, the long one half of the network. */
const WINDOWS: readonly number[] = [12, 48]
/** More blocks than the longest window has by any chance that matters. */
export const SUSPICION_BLOCKS = 128
/** Blocks alone: rarer than this by chance. */
const ALONE_BELOW = 1e-7
/** With peers lost, blocks only have to agree. */
const WITH_LOSS_BELOW = 0.05
/** Two peers and a third of all: one node that stops is no partition. */
const LOST_AT_LEAST = 2
const LOST_RATIO_AT_LEAST = 1 / 3

/**
 * What to think of it. In a healthy network whose peers are there one look is wrong with a probability below 2e-7 (1e-7 a
 * window). Of nodes that are cut off with a third of their peers lost, half suspect it within 9 block intervals, and
 * 99 of 100 within 16 with a quarter of the weight or less on their side, within 32 with half of it (simulated).
 */
export function suspicion({ recent, totalWeight, now, since, peers, lostPeers }: SuspicionInput): Suspicion {
  const probability = Math.min(
    ...WINDOWS.map(window => {
      const { expected, seen } = countWithin(window, recent, totalWeight, now, since)
      return poissonAtMost(seen, expected)
    }),
  )
  const known = peers + lostPeers
  const lostRatio = known === 0 ? 0 : lostPeers / known
  const peersGone = lostPeers >= LOST_AT_LEAST && lostRatio >= LOST_RATIO_AT_LEAST
  return { suspected: probability < (peersGone ? WITH_LOSS_BELOW : ALONE_BELOW), probability, lostRatio }
}

/** Blocks seen in the last time in which `window` were expected, or since `since` if that is shorter. */
function countWithin(window: number, recent: readonly BlockTime[], totalWeight: number, now: number, since: number) {
  let expected = 0
  let seen = 0
  let until = now
  // Each block was made at its own difficulty; the next one's is nearly the head's.
  let difficulty = recent[0]?.difficulty ?? 0
  for (const block of recent) {
    const from = Math.max(since, block.timestamp)
    expected += (Math.max(0, until - from) * totalWeight) / difficulty
    if (expected >= window || block.timestamp < since) break
    seen++
    until = Math.min(until, block.timestamp)
    difficulty = block.difficulty
  }
  return { expected: Math.min(expected, window), seen }
}

/** P(N <= n) of a Poisson variable with the mean `mean`. */
export function poissonAtMost(n: number, mean: number): number {
  let term = Math.exp(-mean)
  let sum = term
  for (let k = 1; k <= n; k++) {
    term *= mean / k
    sum += term
  }
  return Math.min(1, sum)
}
