// Which states stay in memory: the recent ones, every n-th main-chain state since finality, and the latest computed (a
// branch being imported far below the head must not lose the state it stands on). The rest is computed again by replay.
import type { State } from './accounts.ts'
import type { ChainBounds } from './bounds.ts'
import type { BlockTree } from './tree.ts'
import type { Hash } from './types.ts'

/** Sparse states kept between finality and the recent ones; the spacing doubles beyond. */
const MAX_SPARSE_STATES = 64
/** A sweep costs a walk over all states, so it comes only every so many. */
const SWEEP_EVERY = 32

export class StateCache {
  readonly #tree: BlockTree
  readonly #bounds: ChainBounds
  readonly #states = new Map<Hash, State>()
  #sinceSweep = 0

  constructor(tree: BlockTree, bounds: ChainBounds) {
    this.#tree = tree
    this.#bounds = bounds
  }

  get size(): number {
    return this.#states.size
  }

  get(hash: Hash): State | undefined {
    return this.#states.get(hash)
  }

  set(hash: Hash, state: State): void {
    // Insertion order is the order of computation.
    this.#states.delete(hash)
    this.#states.set(hash, state)
    this.#sinceSweep++
  }

  delete(hash: Hash): void {
    this.#states.delete(hash)
  }

  /** Drops what the rules do not keep. `pinned` stays whatever they say. */
  sweep(headHeight: number, finalizedHeight: number, pinned: ReadonlySet<Hash>): void {
    if (this.#sinceSweep < SWEEP_EVERY && this.#states.size <= this.#bounds.maxStates) return
    this.#sinceSweep = 0
    let spacing = this.#bounds.stateSpacing
    while ((headHeight - finalizedHeight) / spacing > MAX_SPARSE_STATES) spacing *= 2
    const latest = this.#states.size - SWEEP_EVERY
    let index = 0
    for (const hash of this.#states.keys()) {
      const record = this.#tree.get(hash)
      const wanted =
        pinned.has(hash) ||
        index >= latest ||
        (record !== undefined &&
          (headHeight - record.height < this.#bounds.recentStates ||
            (record.height >= finalizedHeight && record.height % spacing === 0 && this.#tree.isMain(record))))
      if (!wanted) this.#states.delete(hash)
      index++
    }
    // Branches can still crowd the recent heights: theirs go first, then the oldest computed.
    for (const main of [false, true]) {
      for (const hash of this.#states.keys()) {
        if (this.#states.size <= this.#bounds.maxStates) return
        const record = this.#tree.get(hash)
        const expendable = main || record === undefined || !this.#tree.isMain(record)
        if (expendable && !pinned.has(hash)) this.#states.delete(hash)
      }
    }
  }
}
