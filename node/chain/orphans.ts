// Blocks whose parent is not known yet. Bounded by count, bytes and peer; when full, the oldest goes.
import type { Block, Hash, Millis } from './types.ts'

export interface OrphanBounds {
  readonly maxCount: number
  readonly maxBytes: number
  readonly maxPerPeer: number
  readonly maxAgeMs: number
}

export const defaultOrphanBounds: OrphanBounds = {
  maxCount: 256,
  maxBytes: 67_108_864,
  maxPerPeer: 64,
  maxAgeMs: 120_000,
}

export interface Orphan {
  readonly hash: Hash
  readonly parent: Hash
  readonly block: Block
  readonly bytes: number
  /** Who brought it. */
  readonly from: string
  readonly at: Millis
}

export class Orphans {
  readonly #bounds: OrphanBounds
  /** In order of arrival. */
  readonly #orphans = new Map<Hash, Orphan>()
  readonly #children = new Map<Hash, Set<Hash>>()
  readonly #perPeer = new Map<string, number>()
  #bytes = 0

  constructor(bounds: Partial<OrphanBounds> = {}) {
    this.#bounds = { ...defaultOrphanBounds, ...bounds }
  }

  get count(): number {
    return this.#orphans.size
  }
  get bytes(): number {
    return this.#bytes
  }
  has(hash: Hash): boolean {
    return this.#orphans.has(hash)
  }

  /** False when the peer has its share already or the block is larger than the whole pool. */
  add(orphan: Orphan): boolean {
    if (this.#orphans.has(orphan.hash)) return true
    if (orphan.bytes > this.#bounds.maxBytes) return false
    if ((this.#perPeer.get(orphan.from) ?? 0) >= this.#bounds.maxPerPeer) return false
    this.#orphans.set(orphan.hash, orphan)
    const siblings = this.#children.get(orphan.parent) ?? new Set()
    this.#children.set(orphan.parent, siblings.add(orphan.hash))
    this.#perPeer.set(orphan.from, (this.#perPeer.get(orphan.from) ?? 0) + 1)
    this.#bytes += orphan.bytes
    for (const hash of this.#orphans.keys()) {
      if (this.#orphans.size <= this.#bounds.maxCount && this.#bytes <= this.#bounds.maxBytes) break
      this.take(hash)
    }
    return this.#orphans.has(orphan.hash)
  }

  /** Orphans that name this block as their parent. */
  children(parent: Hash): Orphan[] {
    return [...(this.#children.get(parent) ?? [])].map(hash => this.#orphans.get(hash)!)
  }

  /** Takes one out. */
  take(hash: Hash): Orphan | undefined {
    const orphan = this.#orphans.get(hash)
    if (!orphan) return undefined
    this.#orphans.delete(hash)
    this.#bytes -= orphan.bytes
    const siblings = this.#children.get(orphan.parent)!
    siblings.delete(hash)
    if (siblings.size === 0) this.#children.delete(orphan.parent)
    const left = this.#perPeer.get(orphan.from)! - 1
    if (left > 0) this.#perPeer.set(orphan.from, left)
    else this.#perPeer.delete(orphan.from)
    return orphan
  }

  /** Drops and returns those older than the bound, and those at or below a height that is final by now. */
  expire(now: Millis, finalizedHeight: number): Orphan[] {
    const old = [...this.#orphans.values()].filter(
      ({ at, block }) => now - at > this.#bounds.maxAgeMs || block.header.message.height <= finalizedHeight,
    )
    for (const { hash } of old) this.take(hash)
    return old
  }
}
