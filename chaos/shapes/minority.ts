// A few nodes against all the others.
import { type Rng, sampled } from '../../api/random.ts'

/** The largest number of nodes strictly below a third: what Byzantine fault tolerance survives. */
export const minoritySize = (count: number): number => Math.ceil(count / 3) - 1

/** The given nodes on one side, every other node of the testnet on the second. */
export function isolate(isolated: readonly string[], all: readonly string[]): string[][] {
  const inside = new Set(isolated)
  return [[...isolated], all.filter(name => !inside.has(name))]
}

/** A seeded minority of the candidates, below a third of the testnet, cut from every other node. */
export function minorityThird(candidates: readonly string[], all: readonly string[], rng: Rng): string[][] {
  return isolate(sampled(candidates, minoritySize(all.length), rng), all)
}
