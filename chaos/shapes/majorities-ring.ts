// Every node hears a majority, and no two nodes hear the same one (Jepsen's majorities-ring).

import { type Rng, shuffled } from '../../api/random.ts'
import type { Grudge } from '../grudge.ts'

/** With fewer nodes the neighbours of each node are all the others and nothing is cut. */
export const MIN_RING_NODES = 4

/** Nodes in a random ring; each keeps `reach` neighbours on either side, so the cut is symmetric, and drops the rest. */
export function majoritiesRing(nodes: readonly string[], rng: Rng): Grudge {
  const ring = shuffled(nodes, rng)
  const majority = Math.floor(ring.length / 2) + 1
  const reach = Math.floor(majority / 2)
  return new Map(
    ring.map((node, position) => {
      const dropped = ring.filter((_, other) => {
        const apart = Math.abs(other - position)
        return Math.min(apart, ring.length - apart) > reach
      })
      return [node, new Set(dropped)]
    }),
  )
}
