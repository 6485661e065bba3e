// The book, the scores and the plan in one place: events in, a plan out. The shell carries the plan out over a stack.
import type { PeerAddress, PeerId, PeerInfo } from '../stacks/port.ts'
import { AddressBook, type Source } from './address-book.ts'
import { type Limits, type Plan, plan } from './policy.ts'
import type { Rng } from './sample.ts'
import { PeerScores, type Standing } from './score.ts'

/** A lost peer counts as lost this long (to be sought it has LOST_MEMORY_MS). */
export const LOST_RECENTLY_MS = 600_000

/** How a node knows of a peer. */
export type PeerKind = 'static' | 'bootstrap' | 'discovered'

export interface KeeperInit {
  readonly self: PeerId
  readonly bootstrap: readonly PeerAddress[]
  readonly static: readonly PeerAddress[]
  readonly limits: Limits
  readonly rng: Rng
  /** A kept book (AddressBook.toJSON) of an earlier run. */
  readonly kept?: unknown
}

export class PeerKeeper {
  readonly book: AddressBook
  readonly scores = new PeerScores()
  readonly #limits: Limits
  readonly #rng: Rng
  readonly #dialling = new Set<PeerId>()
  /** Peers we are disconnecting: their end is no loss. */
  readonly #dropping = new Set<PeerId>()
  #lastSeekAt = Number.NEGATIVE_INFINITY
  #lastFeelerAt: number | null = null
  #lastTrimAt = Number.NEGATIVE_INFINITY

  constructor(init: KeeperInit) {
    this.book = new AddressBook(init.self)
    this.#limits = init.limits
    this.#rng = init.rng
    this.book.restore(init.kept)
    this.book.add(init.bootstrap, 'bootstrap')
    this.book.add(init.static, 'static')
  }

  discovered(peers: readonly PeerAddress[], source: Source, from?: PeerId): void {
    this.book.add(peers, source, from)
  }

  connected(peer: PeerInfo, now: number): void {
    this.#dropping.delete(peer.id)
    this.book.succeeded(peer.id, now)
  }

  /** `reason` as the stack told it; the peer counts as lost unless the plan had let it go. */
  disconnected(peer: PeerInfo, now: number): void {
    this.book.ended(peer.id, now, !this.#dropping.delete(peer.id), peer.latencyMs)
  }

  kindOf(peer: PeerId): PeerKind {
    const source = this.book.get(peer)?.source
    return source === 'static' || source === 'bootstrap' ? source : 'discovered'
  }

  /** How many peers were lost within LOST_RECENTLY_MS and are not back. */
  lost(now: number): number {
    return this.book.entries().filter(({ lostAt }) => lostAt !== null && now - lostAt < LOST_RECENTLY_MS).length
  }

  /** Milliseconds since the last dial of this peer failed; null when it did not. */
  sinceFailure(peer: PeerId, now: number): number | null {
    const entry = this.book.get(peer)
    return entry === undefined || entry.failures === 0 || entry.lastAttempt === null ? null : now - entry.lastAttempt
  }

  /** A planned dial failed. (Success is told by `connected`.) */
  dialEnded(peer: PeerId, ok: boolean, now: number): void {
    this.#dialling.delete(peer)
    if (!ok) this.book.failed(peer, now, this.#rng)
  }

  /** Books an offence; the next plan drops the peer when it stands no longer `good`. */
  offended(peer: PeerId, offence: string, now: number): Standing {
    return this.scores.offend(peer, offence, now)
  }

  /** The stack's gater asks: blocked peers are refused in both directions. */
  denies(peer: PeerId, now: number): boolean {
    return this.scores.blocked(peer, now) !== null
  }

  /** The plan for now. Each dial must be reported by `dialEnded`; call again a few times a second and after a peer was lost. */
  plan(connected: readonly PeerInfo[], now: number): Plan {
    this.#lastFeelerAt ??= now
    const result = plan(
      {
        connected,
        dialling: this.#dialling,
        entries: this.book.entries(),
        blocked: peer => this.scores.blocked(peer, now),
        lastSeekAt: this.#lastSeekAt,
        lastFeelerAt: this.#lastFeelerAt,
        lastTrimAt: this.#lastTrimAt,
      },
      this.#limits,
      now,
      this.#rng,
    )
    for (const { peer, reason } of result.connect) {
      this.#dialling.add(peer.id)
      if (reason === 'seek lost') this.#lastSeekAt = now
      if (reason === 'feeler') this.#lastFeelerAt = now
    }
    for (const { peer, reason } of result.disconnect) {
      this.#dropping.add(peer)
      if (reason.startsWith('more outbound')) this.#lastTrimAt = now
    }
    return result
  }
}
