// When do nodes agree: judged from the last blocks of each node's main chain. Shared by the runner and the judge.

export interface ChainView {
  readonly name: string
  readonly height: number
  /** Hashes of the main chain, head first, without a hole. */
  readonly recent: readonly string[]
}

/** Two heads that differ only in their last block: two winners of one height, not a partition. */
const TIP_FORK_DEPTH = 1
/** A block takes its time through the network: nodes may be this many blocks apart and still count as one. */
export const MAX_LAG_BLOCKS = 2

const hashAt = ({ height, recent }: ChainView, at: number): string | undefined => recent[height - at]

/**
 * Blocks below the lower of the two heads that differ: 0 when one chain continues the other.
 * undefined when the recent blocks do not reach back to where they part.
 */
export function forkDepth(a: ChainView, b: ChainView): number | undefined {
  const common = Math.min(a.height, b.height)
  for (let depth = 0; depth <= common; depth++) {
    const left = hashAt(a, common - depth)
    const right = hashAt(b, common - depth)
    if (left === undefined || right === undefined) return undefined
    if (left === right) return depth
  }
  return undefined
}

export const sameChain = (a: ChainView, b: ChainView): boolean =>
  (forkDepth(a, b) ?? Number.POSITIVE_INFINITY) <= TIP_FORK_DEPTH

export interface HeadGroup {
  /** Of the group's highest head. */
  readonly hash: string
  readonly height: number
  readonly members: readonly string[]
}

/** Nodes by the chain they follow, the highest head first. Two groups at one moment are a visible partition. */
export function headGroups(views: readonly ChainView[]): HeadGroup[] {
  const groups: { lead: ChainView; members: string[] }[] = []
  for (const view of [...views].sort((a, b) => b.height - a.height || a.name.localeCompare(b.name))) {
    const group = groups.find(({ lead }) => sameChain(lead, view))
    if (group) group.members.push(view.name)
    else groups.push({ lead: view, members: [view.name] })
  }
  return groups.map(({ lead, members }) => ({ hash: lead.recent[0] ?? '', height: lead.height, members }))
}

/** What one round of samples says; `views` of the nodes that answered. */
export interface Round {
  readonly round: number
  /** When the last answer of the round came. */
  readonly at: number
  readonly views: readonly ChainView[]
  /** Nodes that did not answer. */
  readonly silent: readonly string[]
}

/** All nodes answered, follow one chain and are at most MAX_LAG_BLOCKS apart. */
export function isOneHead({ views, silent }: Round): boolean {
  const heights = views.map(({ height }) => height)
  if (silent.length > 0 || views.length === 0 || Math.max(...heights) - Math.min(...heights) > MAX_LAG_BLOCKS)
    return false
  return headGroups(views).length === 1
}

const headsAreEqual = ({ views }: Round): boolean => new Set(views.map(({ recent }) => recent[0])).size === 1
const lowest = ({ views }: Round): number => Math.min(...views.map(({ height }) => height))
const highest = ({ views }: Round): number => Math.max(...views.map(({ height }) => height))

/**
 * The first round of the first stretch of at least `samples` rounds with one head, in which all heads were once equal and
 * the height advanced past where the stretch began. undefined when there is none: not healed, or not yet.
 */
export function firstStable(rounds: readonly Round[], samples: number): Round | undefined {
  let start: Round | undefined
  let length = 0
  let equal = false
  for (const round of rounds) {
    if (!isOneHead(round)) {
      start = undefined
      continue
    }
    if (!start) {
      start = round
      length = 0
      equal = false
    }
    length++
    equal ||= headsAreEqual(round)
    if (length >= samples && equal && lowest(round) > highest(start)) return start
  }
  return undefined
}
