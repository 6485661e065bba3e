// What a peer asks of our main chain: where do we part, and which headers come after.
import { MAX_HEADERS, MAX_LOCATOR } from './bounds.ts'
import type { BlockTree } from './tree.ts'
import type { BlockRecord, Hash, SignedHeader } from './types.ts'

const DENSE = 10

/**
 * Main-chain hashes from the head down: the last 10 one by one, then ever wider gaps, then the lowest held and genesis.
 * Source: the block locator of Bitcoin's getheaders. At most 64.
 */
export function locator(tree: BlockTree, head: BlockRecord, genesis: Hash): Hash[] {
  const hashes: Hash[] = []
  let step = 1
  let height = head.height
  let last = head
  for (; height >= 0 && hashes.length < MAX_LOCATOR - 2; height -= step) {
    const record = tree.mainAt(height)
    if (!record) break
    hashes.push(record.hash)
    last = record
    if (hashes.length >= DENSE) step *= 2
  }
  // The doubled step may jump over the lowest records a pruned tree holds.
  const lowest = lowestMain(tree, last)
  if (lowest.hash !== hashes.at(-1)) hashes.push(lowest.hash)
  if (hashes.at(-1) !== genesis) hashes.push(genesis)
  return hashes
}

function lowestMain(tree: BlockTree, from: BlockRecord): BlockRecord {
  let lowest = from
  for (let parent = tree.get(lowest.parent); parent; parent = tree.get(lowest.parent)) lowest = parent
  return lowest
}

/** The first locator entry that is on our main chain. */
export function startOf(tree: BlockTree, wanted: readonly Hash[]): BlockRecord | undefined {
  for (const hash of wanted.slice(0, MAX_LOCATOR)) {
    const record = tree.get(hash)
    if (record && tree.isMain(record)) return record
  }
  return undefined
}

/** Main-chain headers after the first locator entry we share, oldest first; empty when none is shared or we have no more. */
export function headersAfter(tree: BlockTree, wanted: readonly Hash[], max: number): SignedHeader[] {
  const start = startOf(tree, wanted)
  const headers: SignedHeader[] = []
  if (!start) return headers
  for (let height = start.height + 1; headers.length < Math.min(max, MAX_HEADERS); height++) {
    const record = tree.mainAt(height)
    if (!record) break
    headers.push(record.header)
  }
  return headers
}
