// Two halves that only one node in the middle can still talk to (Jepsen's bridge).

import { type Rng, shuffled } from '../../api/random.ts'
import { type Grudge, grudgeBetween } from '../grudge.ts'

/** The bridge is the first node of the second half, as in jepsen.nemesis. */
export function bridge(nodes: readonly string[], rng: Rng): Grudge {
  const order = shuffled(nodes, rng)
  const middle = Math.floor(order.length / 2)
  const grudge = new Map(grudgeBetween([order.slice(0, middle), order.slice(middle + 1)]))
  const between = order[middle]
  if (between !== undefined) grudge.set(between, new Set())
  return grudge
}
