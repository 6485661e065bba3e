// The heads of a testnet with their members: the grouping the verdict uses too, plus how far each has moved away. Pure.
import type { NodeStatus } from '../../api/observation.ts'
import { type ChainView, forkDepth, type HeadGroup as Group, headGroups as group } from '../../chaos/convergence.ts'

export interface HeadGroup extends Group {
  /** Blocks below the lower head since it left the first group's chain; 0 for the first, null when longer ago than nodes tell. */
  readonly forkDepth: number | null
}

export type Headed = Pick<NodeStatus, 'name' | 'head' | 'recent'>

export const chainView = ({ name, head, recent }: Headed): ChainView => ({
  name,
  height: head.height,
  recent: recent[0]?.hash === head.hash ? recent.map(({ hash }) => hash) : [head.hash],
})

/** The highest head first. Nodes that differ only at the tip, as in every healthy network now and then, are one group. */
export function headGroups(statuses: readonly Headed[]): HeadGroup[] {
  // Thousands of nodes have a handful of heads: chains are compared once a head.
  const byHead = Map.groupBy(statuses, ({ head }) => head.hash)
  const views = [...byHead.values()].map(([first]) => chainView(first!))
  const nodesOf = new Map(views.map(view => [view.name, byHead.get(view.recent[0] ?? '') ?? []]))
  const groups = group(views)
  const viewOf = (of: Group | undefined): ChainView | undefined => views.find(view => view.recent[0] === of?.hash)
  const main = viewOf(groups[0])
  return groups.map((each, index) => {
    const view = viewOf(each)
    return {
      ...each,
      members: each.members.flatMap(name => nodesOf.get(name)?.map(node => node.name) ?? []),
      forkDepth: index === 0 || !view || !main ? 0 : (forkDepth(main, view) ?? null),
    }
  })
}
