// Asks many things, a few at a time.

/** Calls `visit` for each item, at most `max` of them at one time. Rejects with the first error. */
export async function inParallel<T>(
  items: readonly T[],
  max: number,
  visit: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values()
  const next = async (): Promise<void> => {
    for (const item of rest) await visit(item)
  }
  await Promise.all(Array.from({ length: Math.min(max, items.length) }, next))
}
