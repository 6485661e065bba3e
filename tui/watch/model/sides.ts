// Letters for the chains of a testnet. A side keeps its letter as long as it keeps most of its nodes, although whose head
// is the highest changes from block to block: a partition map whose letters swap could not be read.
import type { HeadSummary } from '../../model/testnet-summary.ts'

export interface Side extends HeadSummary {
  readonly letter: string
}

/** Sides that get a letter of their own; the rest share the last one. */
export const MAX_SIDES = 8
const letters = Array.from({ length: MAX_SIDES }, (_, index) => String.fromCharCode(65 + index))

/** In the order of the letters. `before`: what this returned last. */
export function sidesOf(heads: readonly HeadSummary[], before: readonly Side[]): Side[] {
  const last = new Map(before.flatMap(({ letter, members }) => members.map(name => [name, letter] as const)))
  const free = new Set(letters)
  const sides: Side[] = []
  const [main, ...others] = heads
  if (others.length === 0) return main ? [{ ...main, letter: 'A' }] : []
  // The largest chooses first: whoever kept the most nodes keeps the letter.
  for (const head of [...heads].sort((a, b) => b.count - a.count || b.height - a.height)) {
    const votes = new Map<string, number>()
    for (const name of head.members) {
      const letter = last.get(name)
      if (letter !== undefined && free.has(letter)) votes.set(letter, (votes.get(letter) ?? 0) + 1)
    }
    const [kept] = [...votes].sort((a, b) => b[1] - a[1])[0] ?? []
    const letter = kept ?? letters.find(each => free.has(each)) ?? letters.at(-1)!
    free.delete(letter)
    sides.push({ ...head, letter })
  }
  return sides.sort((a, b) => (a.letter < b.letter ? -1 : a.letter > b.letter ? 1 : b.count - a.count))
}

/** The letter by node; nodes without one did not answer. */
export const letterByNode = (sides: readonly Side[]): ReadonlyMap<string, string> =>
  new Map(sides.flatMap(({ letter, members }) => members.map(name => [name, letter] as const)))
