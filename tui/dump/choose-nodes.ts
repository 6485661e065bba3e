// Of which nodes an archive keeps everything when there are more than it may hold. Pure.

/** At most `max`, in their order: from each group by turns, so that none is left out for another's size. */
export function chooseNodes<T extends { readonly name: string; readonly group: string }>(
  nodes: readonly T[],
  max: number,
): T[] {
  if (nodes.length <= max) return [...nodes]
  const taken = new Map<string, number>()
  const ranked = nodes.map((node, at) => {
    const rank = taken.get(node.group) ?? 0
    taken.set(node.group, rank + 1)
    return { node, at, rank }
  })
  return ranked
    .sort((a, b) => a.rank - b.rank || a.at - b.at)
    .slice(0, max)
    .sort((a, b) => a.at - b.at)
    .map(({ node }) => node)
}
