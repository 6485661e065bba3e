// Which nodes are peered with which, for topologies that do not leave it to discovery.
import { type Rng, shuffled } from '../../api/random.ts'

export type StaticShape = 'full' | 'ring' | 'star' | 'random'

/**
 * Peers of each name, symmetric and without itself. The hub of a star is the first name. `random` with degree d: the
 * union of d/2 random rings, so that it is connected and an expander (Law and Siu, INFOCOM 2003), topped up until
 * every node has at least d peers; d must be below the number of names.
 */
export function peerings(
  shape: StaticShape,
  names: readonly string[],
  degree: number,
  rng: Rng,
): Map<string, string[]> {
  const peers = new Map(names.map(name => [name, new Set<string>()]))
  const join = (a: string, b: string) => {
    if (a === b) return
    peers.get(a)?.add(b)
    peers.get(b)?.add(a)
  }
  const joinRing = (ring: readonly string[]) => {
    for (const [index, name] of ring.entries()) join(name, ring[(index + 1) % ring.length]!)
  }
  switch (shape) {
    case 'full':
      for (const a of names) for (const b of names) join(a, b)
      break
    case 'ring':
      joinRing(names)
      break
    case 'star':
      for (const name of names) join(names[0]!, name)
      break
    case 'random': {
      for (let ring = 0; ring < Math.ceil(degree / 2); ring++) joinRing(shuffled(names, rng))
      const countOf = (name: string) => peers.get(name)?.size ?? 0
      for (const name of names.filter(each => countOf(each) < degree)) {
        // Rings may share edges. The least connected come first, so that nobody ends far above the degree.
        const strangers = shuffled(names, rng).filter(other => other !== name && !peers.get(name)?.has(other))
        strangers.sort((a, b) => countOf(a) - countOf(b))
        for (const stranger of strangers.slice(0, Math.max(0, degree - countOf(name)))) join(name, stranger)
      }
    }
  }
  // In the order of the names, whatever the order of joining.
  const order = new Map(names.map((name, index) => [name, index]))
  const inOrder = (a: string, b: string) => (order.get(a) ?? 0) - (order.get(b) ?? 0)
  return new Map(names.map(name => [name, [...(peers.get(name) ?? [])].sort(inOrder)]))
}
