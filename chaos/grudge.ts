// A grudge says for each node whose traffic it does not hear (the word and the form are Jepsen's).
// Any asymmetric grudge is a one-way cut.
import type { Direction } from '../api/experiment.ts'

export type Grudge = ReadonlyMap<string, ReadonlySet<string>>

/** True when traffic from one node to the other is dropped. */
export const drops = (grudge: Grudge, from: string, to: string): boolean => grudge.get(to)?.has(from) ?? false

/** Nobody hears a node of another side. With a direction, seen from the first side, only one of the two ways is cut. */
export function grudgeBetween(sides: readonly (readonly string[])[], direction: Direction = 'both'): Grudge {
  const grudge = new Map<string, Set<string>>()
  for (const [mine, side] of sides.entries()) {
    const deaf = direction === 'both' || (direction === 'in') === (mine === 0)
    const others = sides.flatMap((other, index) => (index === mine ? [] : other))
    for (const node of side) grudge.set(node, new Set(deaf ? others : []))
  }
  return grudge
}
