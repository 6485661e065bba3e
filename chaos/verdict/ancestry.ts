// Which block follows which, as far as the record tells: by the events of blocks and by the chains the samples list.
import type { Observations } from './observations.ts'

/** Parent by hash. */
export function parentsOf({ events, rounds }: Pick<Observations, 'events' | 'rounds'>): Map<string, string> {
  const parents = new Map(events('block').map(({ event }) => [event.hash, event.parent]))
  const read = new Set<readonly string[]>()
  for (const { views } of rounds) {
    for (const { recent } of views) {
      // Most rounds show the same chain as the one before, as the same list.
      if (read.has(recent)) continue
      read.add(recent)
      for (const [index, hash] of recent.entries()) {
        const parent = recent[index + 1]
        if (parent !== undefined) parents.set(hash, parent)
      }
    }
  }
  return parents
}
