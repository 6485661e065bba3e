// Randomness that follows from a seed: the same experiment picks the same nodes on every machine.
import { sha256 } from '@noble/hashes/sha2.js'

/** Uniform in [0, 1). */
export type Rng = () => number

/** The sequence of `seed`: SHA-256 of the seed and a counter, 52 bits a draw. */
export function seededRng(seed: string): Rng {
  let counter = 0
  return () => {
    const digest = sha256(new TextEncoder().encode(`${seed}\u0000${counter++}`))
    const view = new DataView(digest.buffer, digest.byteOffset)
    return (view.getUint32(0) * 2 ** 20 + (view.getUint32(4) >>> 12)) / 2 ** 52
  }
}

/** A new array in random order (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], rng: Rng): T[] {
  const result = [...items]
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(rng() * (last + 1))
    const item = result[last]!
    result[last] = result[other]!
    result[other] = item
  }
  return result
}

/** `count` of the items, chosen at random, in their original order. */
export function sampled<T>(items: readonly T[], count: number, rng: Rng): T[] {
  if (count >= items.length) return [...items]
  const chosen = shuffled([...items.keys()], rng).slice(0, count)
  return chosen.sort((a, b) => a - b).map(index => items[index]!)
}
