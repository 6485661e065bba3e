// Two sides that differ by at most one node.
import { type Rng, shuffled } from '../../api/random.ts'

/** Deals the nodes out in turn, so that every group and role is divided as evenly as the whole. */
export function halves(nodes: readonly string[]): string[][] {
  return [nodes.filter((_, index) => index % 2 === 0), nodes.filter((_, index) => index % 2 === 1)]
}

export function randomHalves(nodes: readonly string[], rng: Rng): string[][] {
  const order = shuffled(nodes, rng)
  const middle = Math.ceil(order.length / 2)
  return [order.slice(0, middle), order.slice(middle)]
}
