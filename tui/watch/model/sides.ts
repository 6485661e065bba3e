// Letters for the chains of a testnet. A side keeps its letter as long as it keeps most of its nodes, although whose head
// is the highest changes from block to block: a partition map whose letters swap could not be read.
import type { HeadSummary } from '../../model/testnet-summary.ts'
import type { Tone } from '../../theme.ts'

export interface Side extends HeadSummary {
  readonly letter: string
}

/** Sides that get a letter of their own; the rest share the last one. */
export const MAX_SIDES = 8
const letters = Array.from({ length: MAX_SIDES }, (_, index) => String.fromCharCode(65 + index))

/** In the order of the letters. `before`: what this returned last. */
export function sidesOf(heads: readonly HeadSummary[], before: readonly Side[]): Side[] {
  const last = new Map(before.flatMap(({ letter, members }) => members.map(name => [name, letter] as const)))
  const claims = heads
    .flatMap(head => [...votesOf(head, last)].map(([letter, votes]) => ({ head, letter, votes })))
    .sort((a, b) => b.votes - a.votes)
  const taken = new Map<HeadSummary, string>()
  // Whoever kept the most nodes of a side keeps its letter; who has none takes a new one then.
  const free = new Set(letters)
  for (const { head, letter } of claims) if (!taken.has(head) && free.delete(letter)) taken.set(head, letter)
  const sides = heads.map((head): Side => {
    const letter = taken.get(head) ?? letters.find(each => free.has(each)) ?? letters.at(-1)!
    free.delete(letter)
    return { ...head, letter }
  })
  return sides.sort((a, b) => (a.letter < b.letter ? -1 : a.letter > b.letter ? 1 : b.count - a.count))
}

function votesOf({ members }: HeadSummary, last: ReadonlyMap<string, string>): Map<string, number> {
  const votes = new Map<string, number>()
  for (const name of members) {
    const letter = last.get(name)
    if (letter !== undefined) votes.set(letter, (votes.get(letter) ?? 0) + 1)
  }
  return votes
}

const tones: readonly Tone[] = ['accent', 'warn', 'good', 'bad']

/** The same in the band and in the table. Its letter tells it as well. */
export const toneOfSide = (letter: string): Tone => tones[Math.max(0, letters.indexOf(letter)) % tones.length]!

/** The letter by node; nodes without one did not answer. */
export const letterByNode = (sides: readonly Side[]): ReadonlyMap<string, string> =>
  new Map(sides.flatMap(({ letter, members }) => members.map(name => [name, letter] as const)))
