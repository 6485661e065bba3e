// Validated headers whose blocks are not imported yet: a forest rooted on blocks the chain knows, parents inserted first.
// Branches carry numbers, so that "is this block on that peer's chain" walks branches instead of blocks.
import type { Block, Hash, Millis, SignedHeader } from '../chain/types.ts'
import type { PeerId } from '../stacks/port.ts'

/** A header as the scheduler sees it; hash and parent are derived by whoever decoded it. */
export interface HeaderLink {
  readonly hash: Hash
  readonly parent: Hash
  readonly height: number
  readonly difficulty: number
  readonly header: SignedHeader
}

/** wanted -> requested -> held (body here) -> queued (parent is ahead of it) -> importing. */
export type EntryState = 'wanted' | 'requested' | 'held' | 'queued' | 'importing'

export interface Entry extends HeaderLink {
  /** Cumulative work from genesis. */
  readonly work: bigint
  readonly branch: number
  readonly headerFrom: PeerId
  state: EntryState
  /** Open requests for the body. */
  requests: number
  block: Block | null
  bytes: number
  bodyFrom: PeerId | null
  /** In import, but its source was caught with a wrong body meanwhile. */
  tainted: boolean
  attempts: number
}

interface Branch {
  readonly id: number
  /** null: the branch starts on a block the chain knows. */
  readonly parent: number | null
  readonly forkHeight: number
  tip: Entry
  count: number
  grownAt: Millis
}

export interface HeaderTree {
  /** In insertion order, which is parents first. */
  readonly entries: Map<Hash, Entry>
  readonly children: Map<Hash, Hash[]>
  readonly branches: Map<number, Branch>
  nextBranch: number
}

export function createTree(): HeaderTree {
  return { entries: new Map(), children: new Map(), branches: new Map(), nextBranch: 0 }
}

/** Adds a validated header. `parentWork` is the parent's cumulative work; the parent stands in the tree or in the chain. */
export function insertHeader(tree: HeaderTree, link: HeaderLink, parentWork: bigint, from: PeerId, now: Millis): Entry {
  const parent = tree.entries.get(link.parent)
  const extended = parent && tree.branches.get(parent.branch)
  const branch = extended && extended.tip === parent ? extended : undefined
  const entry: Entry = {
    ...link,
    work: parentWork + BigInt(link.difficulty),
    branch: branch?.id ?? tree.nextBranch++,
    headerFrom: from,
    state: 'wanted',
    requests: 0,
    block: null,
    bytes: 0,
    bodyFrom: null,
    tainted: false,
    attempts: 0,
  }
  if (branch) {
    branch.tip = entry
    branch.count++
    branch.grownAt = now
  } else {
    const fork = parent ? { parent: parent.branch, forkHeight: parent.height } : { parent: null, forkHeight: -1 }
    tree.branches.set(entry.branch, { id: entry.branch, ...fork, tip: entry, count: 1, grownAt: now })
  }
  tree.entries.set(entry.hash, entry)
  const siblings = tree.children.get(entry.parent)
  if (siblings) siblings.push(entry.hash)
  else tree.children.set(entry.parent, [entry.hash])
  return entry
}

/** Takes one entry out: its block is in the chain, or its branch is being dropped. */
export function removeEntry(tree: HeaderTree, entry: Entry): void {
  tree.entries.delete(entry.hash)
  const siblings = tree.children.get(entry.parent)?.filter(hash => hash !== entry.hash)
  if (siblings && siblings.length > 0) tree.children.set(entry.parent, siblings)
  else tree.children.delete(entry.parent)
  const branch = tree.branches.get(entry.branch)
  if (!branch) return
  branch.count--
  if (branch.count === 0) tree.branches.delete(branch.id)
  // Only descendants are removed with it, and those left the tree after the new tip was set.
  else if (branch.tip === entry) branch.tip = tree.entries.get(entry.parent) ?? branch.tip
}

export function childrenOf(tree: HeaderTree, hash: Hash): Entry[] {
  const found: Entry[] = []
  for (const child of tree.children.get(hash) ?? []) {
    const entry = tree.entries.get(child)
    if (entry) found.push(entry)
  }
  return found
}

/** The entry and everything above it, parents first. */
export function subtree(tree: HeaderTree, root: Entry): Entry[] {
  const found = [root]
  for (let i = 0; i < found.length; i++) found.push(...childrenOf(tree, found[i]!.hash))
  return found
}

/** True when `entry` is `tip` or below it. */
export function isAncestor(tree: HeaderTree, entry: Entry, tip: Entry): boolean {
  const levels = levelsBelow(tree, tip)
  return entry.height <= (levels.get(entry.branch) ?? -1)
}

/** For every branch on the way down from `tip`: the greatest height that belongs to tip's chain. */
export function levelsBelow(tree: HeaderTree, tip: Entry): Map<number, number> {
  const levels = new Map<number, number>()
  let height = tip.height
  for (let id: number | null = tip.branch; id !== null; ) {
    const branch: Branch | undefined = tree.branches.get(id)
    if (!branch) break
    levels.set(id, height)
    height = branch.forkHeight
    id = branch.parent
  }
  return levels
}

/** Hashes from `tip` downwards, dense then exponentially sparse, for a locator that starts above the chain. */
export function treeLocator(tree: HeaderTree, tip: Entry, max: number): Hash[] {
  const hashes: Hash[] = []
  let entry: Entry | undefined = tip
  for (let index = 0, next = 0, stride = 1; entry && hashes.length < max; index++) {
    if (index === next) {
      hashes.push(entry.hash)
      if (hashes.length >= 4) stride *= 2
      next += stride
    }
    entry = tree.entries.get(entry.parent)
  }
  return hashes
}

/** Tips of branches, the most work first. */
export function tips(tree: HeaderTree): Entry[] {
  return [...tree.branches.values()]
    .map(branch => branch.tip)
    .sort((a, b) => (a.work === b.work ? (a.hash < b.hash ? -1 : 1) : a.work > b.work ? -1 : 1))
}
