// Who is at the other end of each connection: the status handshake, its renewal, and the end of wrong peers.
import type { PeerId, PeerInfo } from '../stacks/port.ts'
import type { Status } from '../sync/messages.ts'
import { judgeStatus, type StatusVerdict } from '../sync/status.ts'

/**
 * A peer that told nothing about its head for this long is asked: a stream costs some milliseconds on both sides, and what
 * matters comes sooner, by gossip, with a new connection or after a reorg.
 */
const STATUS_INTERVAL_MS = 6_000
/** A connection without a handshake after this is closed. */
const HANDSHAKE_MS = 5_000
/** Our status goes to one peer at most this often, however our head moves. */
const PUSH_INTERVAL_MS = 250
/** The answer to a wrong peer's status gets this long to leave before its connection closes. */
const FAREWELL_MS = 250

interface Contact {
  readonly connectedAt: number
  status: Status | null
  heardAt: number
  askedAt: number
  asking: boolean
  wrong: boolean
}

export interface ContactParts {
  readonly now: () => number
  readonly ownStatus: () => Status
  /** Tells ours, returns theirs. */
  readonly exchange: (peer: PeerId, ours: Status) => Promise<Status>
  /** Closes the connections of a wrong or silent peer. */
  readonly disconnect: (peer: PeerId, reason: string) => void
  /** The peer is one of ours; `first` on the handshake, false on renewals. */
  readonly onStatus: (peer: PeerId, status: Status, first: boolean) => void
  readonly onWrong: (peer: PeerId, verdict: StatusVerdict & { kind: 'wrong' }) => void
  readonly onFailed: (peer: PeerId, error: unknown) => void
}

/** As many entries as the stack has connections. */
export class Contacts {
  readonly #parts: ContactParts
  readonly #contacts = new Map<PeerId, Contact>()

  constructor(parts: ContactParts) {
    this.#parts = parts
  }

  has(peer: PeerId): boolean {
    return this.#contacts.has(peer)
  }

  statusOf(peer: PeerId): Status | null {
    return this.#contacts.get(peer)?.status ?? null
  }

  isWrong(peer: PeerId): boolean {
    return this.#contacts.get(peer)?.wrong ?? false
  }

  /** The dialler speaks first; the other side learns from its request. */
  connected(peer: PeerInfo): void {
    const now = this.#parts.now()
    if (!this.#contacts.has(peer.id)) {
      const contact = { connectedAt: now, status: null, heardAt: now, askedAt: 0, asking: false, wrong: false }
      this.#contacts.set(peer.id, contact)
    }
    if (peer.direction === 'outbound') void this.ask(peer.id)
  }

  /** False when it was not there. */
  disconnected(peer: PeerId): boolean {
    return this.#contacts.delete(peer)
  }

  /** Its chain was heard of in another way; no need to ask. */
  heard(peer: PeerId): void {
    const contact = this.#contacts.get(peer)
    if (contact) contact.heardAt = this.#parts.now()
  }

  /** Exchanges statuses, unless that is going on already. */
  async ask(peer: PeerId): Promise<void> {
    const contact = this.#contacts.get(peer)
    if (!contact || contact.asking || contact.wrong) return
    const { now, exchange, ownStatus, onFailed } = this.#parts
    contact.asking = true
    contact.askedAt = now()
    try {
      const status = await exchange(peer, ownStatus())
      if (this.#contacts.get(peer) === contact) this.learn(peer, status)
    } catch (error) {
      onFailed(peer, error)
    } finally {
      contact.asking = false
    }
  }

  /** A status of the peer, asked for or brought by its own request; false when the peer is wrong. */
  learn(peer: PeerId, status: Status): boolean {
    const contact = this.#contacts.get(peer)
    // The request may arrive before the stack reported the connection; the dialler asks again soon.
    if (!contact) return true
    const verdict = judgeStatus(this.#parts.ownStatus(), status)
    if (verdict.kind === 'wrong') {
      if (contact.wrong) return false
      contact.wrong = true
      this.#parts.onWrong(peer, verdict)
      setTimeout(() => this.#parts.disconnect(peer, verdict.reason), FAREWELL_MS).unref()
      return false
    }
    const first = contact.status === null
    contact.status = status
    contact.heardAt = this.#parts.now()
    this.#parts.onStatus(peer, status, first)
    return true
  }

  /** Renews what is old and ends what never began. */
  tick(): void {
    const now = this.#parts.now()
    for (const [peer, contact] of this.#contacts) {
      if (contact.wrong) continue
      if (contact.status === null && now - contact.connectedAt > HANDSHAKE_MS) {
        contact.wrong = true
        this.#parts.disconnect(peer, 'no handshake')
      } else if (now - contact.heardAt > STATUS_INTERVAL_MS && now - contact.askedAt > STATUS_INTERVAL_MS) {
        void this.ask(peer)
      }
    }
  }

  /** Tells our head to those who had less work when they last said so. */
  push(): void {
    const now = this.#parts.now()
    const { work } = this.#parts.ownStatus().head
    for (const [peer, contact] of this.#contacts)
      if (contact.status && contact.status.head.work < work && now - contact.askedAt >= PUSH_INTERVAL_MS)
        void this.ask(peer)
  }
}
