// The block records the chain holds, as a tree, with the main chain indexed by height.
import { toHex } from './hex.ts'
import { blockHash } from './roots.ts'
import type { BlockRecord, Checkpoint, Hash, SignedHeader } from './types.ts'

interface Entry {
  readonly record: BlockRecord
  readonly children: Hash[]
}

export const checkpointOf = ({ hash, height }: BlockRecord): Checkpoint => ({ hash, height })

/** Most work wins, the lower hash on a tie: a total order, so the best of a set does not depend on its order. */
export const better = (a: BlockRecord, b: BlockRecord): boolean =>
  a.work === b.work ? a.hash < b.hash : a.work > b.work

/** The record of a header with a given cumulative work. */
export function recordOf(header: SignedHeader, work: bigint): BlockRecord {
  const { parents, height, timestamp, producer, difficulty } = header.message
  // Genesis has no parent; its record names zero.
  const parent = toHex(parents[0] ?? new Uint8Array(32))
  return {
    hash: blockHash(header.message),
    parent,
    height,
    timestamp,
    producer: toHex(producer),
    difficulty,
    work,
    header,
  }
}

export class BlockTree {
  readonly #entries = new Map<Hash, Entry>()
  readonly #main = new Map<number, Hash>()

  constructor(root: BlockRecord) {
    this.#entries.set(root.hash, { record: root, children: [] })
    this.#main.set(root.height, root.hash)
  }

  get size(): number {
    return this.#entries.size
  }

  get(hash: Hash): BlockRecord | undefined {
    return this.#entries.get(hash)?.record
  }

  children(hash: Hash): readonly Hash[] {
    return this.#entries.get(hash)?.children ?? []
  }

  records(): IterableIterator<Entry> {
    return this.#entries.values()
  }

  /** Blocks at a height or above that nothing builds on. */
  tipsFrom(height: number): number {
    let tips = 0
    for (const { record, children } of this.#entries.values()) {
      if (children.length === 0 && record.height >= height) tips++
    }
    return tips
  }

  /** The parent has to be there. */
  add(record: BlockRecord): void {
    this.#entries.set(record.hash, { record, children: [] })
    this.#entries.get(record.parent)!.children.push(record.hash)
  }

  delete(hash: Hash): void {
    const entry = this.#entries.get(hash)
    if (!entry) return
    this.#entries.delete(hash)
    const siblings = this.#entries.get(entry.record.parent)?.children
    const index = siblings?.indexOf(hash) ?? -1
    if (index >= 0) siblings!.splice(index, 1)
    if (this.#main.get(entry.record.height) === hash) this.#main.delete(entry.record.height)
  }

  mainAt(height: number): BlockRecord | undefined {
    const hash = this.#main.get(height)
    return hash === undefined ? undefined : this.get(hash)
  }

  isMain(record: BlockRecord): boolean {
    return this.#main.get(record.height) === record.hash
  }

  /** The block's ancestor (or itself) at a height; undefined above it or below what is kept. */
  ancestorAt(record: BlockRecord, height: number): BlockRecord | undefined {
    let current: BlockRecord | undefined = record
    while (current && current.height > height) {
      if (this.isMain(current)) return this.mainAt(height)
      current = this.get(current.parent)
    }
    return current?.height === height ? current : undefined
  }

  isAncestor(ancestor: Checkpoint, of: BlockRecord): boolean {
    return this.ancestorAt(of, ancestor.height)?.hash === ancestor.hash
  }

  /** The highest block both descend from; undefined when it was pruned. */
  commonAncestor(a: BlockRecord, b: BlockRecord): BlockRecord | undefined {
    const height = Math.min(a.height, b.height)
    let [left, right] = [this.ancestorAt(a, height), this.ancestorAt(b, height)]
    while (left && right && left.hash !== right.hash) {
      left = this.get(left.parent)
      right = this.get(right.parent)
    }
    return left && right
  }

  /** Makes the main chain end in `head`. Returns the blocks given up (head first) and taken up (oldest first). */
  setHead(from: BlockRecord, head: BlockRecord): { reverted: Hash[]; applied: Hash[]; ancestor: BlockRecord } {
    const applied: Hash[] = []
    let ancestor = head
    while (!this.isMain(ancestor)) {
      applied.push(ancestor.hash)
      ancestor = this.get(ancestor.parent)!
    }
    applied.reverse()
    const reverted: Hash[] = []
    for (
      let given: BlockRecord | undefined = from;
      given && given.hash !== ancestor.hash;
      given = this.get(given.parent)
    ) {
      reverted.push(given.hash)
      this.#main.delete(given.height)
    }
    for (const [index, hash] of applied.entries()) this.#main.set(ancestor.height + 1 + index, hash)
    return { reverted, applied, ancestor }
  }

  /** The block and all that descend from it. */
  subtree(root: Hash): Set<Hash> {
    const found = new Set<Hash>()
    const stack = [root]
    for (let hash = stack.pop(); hash !== undefined; hash = stack.pop()) {
      if (!this.#entries.has(hash)) continue
      found.add(hash)
      stack.push(...this.children(hash))
    }
    return found
  }
}
