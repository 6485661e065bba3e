// Short numbers for long keys: sets, counters and classes of the kernel are named by them.

export type Numbers = ReadonlyMap<string, number>

/**
 * The keys' numbers: those that had one keep it, others get the lowest free ones from 1 on, those that are gone lose it.
 * A number is not given anew while what bore it is still being removed.
 */
export function number(keys: readonly string[], before: Numbers): Map<string, number> {
  const after = new Map<string, number>()
  for (const key of keys) {
    const had = before.get(key)
    if (had !== undefined) after.set(key, had)
  }
  const taken = new Set(before.values())
  let next = 1
  for (const key of keys) {
    if (after.has(key)) continue
    while (taken.has(next)) next++
    after.set(key, next)
    taken.add(next)
  }
  return after
}
