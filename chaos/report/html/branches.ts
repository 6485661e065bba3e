// Which branch each node followed at each moment. The main branch is the one that won in the end: the highest head of the
// last round. A branch off it is named by the first block that is not the main branch's.
import { parentsOf } from '../../verdict/ancestry.ts'
import type { Observations } from '../../verdict/observations.ts'

/** Branches with a colour and a letter of their own; the smaller ones share the last. */
export const MAX_BRANCHES = 6
/** A branch of one block is two winners of one height, not a partition: it counts as the main one. */
const TIP_FORK_DEPTH = 1

/** 0 is the main branch, 1 to MAX_BRANCHES are A to F, one more stands for all the others; null is no answer. */
export type BranchIndex = number | null

export interface HeadRun {
  readonly from: number
  readonly to: number
  readonly branch: BranchIndex
}

export interface BranchLine {
  readonly branch: number
  /** Of the highest head on the branch. */
  readonly points: readonly { readonly at: number; readonly height: number }[]
}

export interface Branches {
  /** By node, in the order of the rounds. */
  readonly runs: ReadonlyMap<string, readonly HeadRun[]>
  readonly lines: readonly BranchLine[]
  /** How many branches there were off the main one. */
  readonly count: number
}

export const branchName = (branch: number): string =>
  branch === 0 ? 'main' : branch > MAX_BRANCHES ? 'others' : String.fromCharCode(64 + branch)

export function branchesOf(observations: Observations): Branches {
  const { rounds, ended, names } = observations
  const rootOf = rootFinder(observations)
  const seen = new Map<string, { samples: number; depth: number }>()
  for (const { views } of rounds) {
    for (const { recent } of views) {
      const { root, depth } = rootOf(recent[0] ?? '')
      if (root === null) continue
      const known = seen.get(root) ?? { samples: 0, depth: 0 }
      seen.set(root, { samples: known.samples + 1, depth: Math.max(known.depth, depth) })
    }
  }
  const branches = [...seen].filter(([, { depth }]) => depth > TIP_FORK_DEPTH)
  branches.sort((a, b) => b[1].samples - a[1].samples)
  const indexOf = new Map(branches.map(([root], index) => [root, Math.min(index, MAX_BRANCHES) + 1]))
  const branchOf = (hash: string): number => {
    const { root } = rootOf(hash)
    return root === null ? 0 : (indexOf.get(root) ?? 0)
  }

  const runs = new Map<string, { from: number; to: number; branch: BranchIndex }[]>(names.map(name => [name, []]))
  const lines = new Map<number, { at: number; height: number }[]>()
  for (const [index, { at, views, silent }] of rounds.entries()) {
    const to = rounds[index + 1]?.at ?? Math.max(at, ended)
    const highest = new Map<number, number>()
    const add = (name: string, branch: BranchIndex): void => {
      const list = runs.get(name)
      const last = list?.at(-1)
      if (last && last.branch === branch) last.to = to
      else list?.push({ from: at, to, branch })
    }
    for (const { name, height, recent } of views) {
      const branch = branchOf(recent[0] ?? '')
      highest.set(branch, Math.max(highest.get(branch) ?? 0, height))
      add(name, branch)
    }
    for (const name of silent) add(name, null)
    for (const [branch, height] of highest) {
      const points = lines.get(branch) ?? []
      lines.set(branch, points)
      points.push({ at, height })
    }
  }
  const sorted = [...lines].sort(([a], [b]) => a - b).map(([branch, points]) => ({ branch, points }))
  return { runs, lines: sorted, count: branches.length }
}

/** Of a head: where its branch leaves the main one (null when it is on it), and how many blocks it is off. */
function rootFinder(observations: Observations): (hash: string) => { root: string | null; depth: number } {
  const parents = parentsOf(observations)
  const last = observations.rounds.findLast(({ views }) => views.length > 0)
  const top = last?.views.reduce((a, b) => (a.height >= b.height ? a : b))
  const main = new Set<string>()
  for (let hash = top?.recent[0]; hash !== undefined && !main.has(hash); hash = parents.get(hash)) main.add(hash)
  const known = new Map<string, { root: string | null; depth: number }>()
  return head => {
    const way: string[] = []
    let hash: string | undefined = head
    while (hash !== undefined && !main.has(hash) && !known.has(hash) && !way.includes(hash)) {
      way.push(hash)
      hash = parents.get(hash)
    }
    let found = (hash !== undefined && known.get(hash)) || { root: null as string | null, depth: 0 }
    for (const block of way.reverse()) {
      found = { root: found.root ?? block, depth: found.depth + 1 }
      known.set(block, found)
    }
    return found
  }
}
