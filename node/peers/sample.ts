/** Uniform in [0, 1). */
export type Rng = () => number

/** Up to `count` of the items, each subset equally likely, in random order. */
export function sample<T>(items: readonly T[], count: number, rng: Rng): T[] {
  const pool = [...items]
  const taken = Math.min(count, pool.length)
  for (let i = 0; i < taken; i++) {
    const j = i + Math.floor(rng() * (pool.length - i))
    const picked = pool[j]!
    pool[j] = pool[i]!
    pool[i] = picked
  }
  return pool.slice(0, taken)
}
