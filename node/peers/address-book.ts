// Known peers and how dialling them went. In the spirit of Bitcoin's address manager: addresses that worked (`tried`) and such
// that were only told (`new`) are kept apart, and no host and no teller may fill the book.
import type { PeerAddress, PeerId } from '../stacks/port.ts'
import { MAX_ADDRESS_LENGTH, MAX_ADDRESSES } from './exchange.ts'
import { hostOf, isShared } from './host.ts'
import type { Rng } from './sample.ts'

export const MAX_NEW = 1_024
export const MAX_TRIED = 1_024
export const MAX_NEW_PER_HOST = 16
/** New peers one teller may have in the book. */
export const MAX_NEW_PER_SOURCE = 128
/** A new address that failed this often makes room for any other. */
const HOPELESS_ATTEMPTS = 10

export type Source = 'bootstrap' | 'static' | 'dht' | 'exchange'

export interface BookEntry {
  readonly id: PeerId
  addresses: readonly string[]
  source: Source
  /** Who told it; empty for our own configuration. */
  from: PeerId
  /** Milliseconds since the epoch; null when it never happened. */
  lastSuccess: number | null
  lastAttempt: number | null
  /** Failed dials since the last success. */
  failures: number
  /** 0..1, drawn anew at each failure: spreads the redials of nodes that lost the same peer. */
  jitter: number
  /** When a connection ended that nobody wanted to end; null while connected or let go. */
  lostAt: number | null
  latencyMs: number | null
}

export class AddressBook {
  readonly #self: PeerId
  readonly #entries = new Map<PeerId, BookEntry>()

  constructor(self: PeerId) {
    this.#self = self
  }

  /** Adds told addresses; configuration (`bootstrap`, `static`) is never refused. Returns how many peers were new. */
  add(peers: readonly PeerAddress[], source: Source, from: PeerId = ''): number {
    let added = 0
    for (const peer of peers) {
      const addresses = [...new Set(peer.addresses.filter(a => a.length <= MAX_ADDRESS_LENGTH))].slice(0, MAX_ADDRESSES)
      if (peer.id === this.#self || addresses.length === 0) continue
      const known = this.#entries.get(peer.id)
      if (known !== undefined) this.#update(known, addresses, source, from)
      else if (this.#makeRoom(addresses, source, from)) {
        this.#entries.set(peer.id, entryOf(peer.id, addresses, source, from))
        added++
      }
    }
    return added
  }

  /** A dial or an inbound connection proved the peer's identity. */
  succeeded(id: PeerId, now: number): void {
    const entry = this.#entries.get(id)
    if (entry === undefined) return
    Object.assign(entry, { lastSuccess: now, lastAttempt: now, failures: 0, lostAt: null })
    this.#boundTried()
  }

  failed(id: PeerId, now: number, rng: Rng): void {
    const entry = this.#entries.get(id)
    if (entry !== undefined) Object.assign(entry, { lastAttempt: now, failures: entry.failures + 1, jitter: rng() })
  }

  /** The connection ended. `lost` when neither side wanted it: the peer is sought again. */
  ended(id: PeerId, now: number, lost: boolean, latencyMs: number | null): void {
    const entry = this.#entries.get(id)
    if (entry === undefined) return
    entry.lostAt = lost ? now : null
    // A peer that dialled us was not dialled, but it is known to work.
    entry.lastSuccess ??= now
    entry.latencyMs = latencyMs ?? entry.latencyMs
    this.#boundTried()
  }

  get(id: PeerId): BookEntry | undefined {
    return this.#entries.get(id)
  }

  entries(): BookEntry[] {
    return [...this.#entries.values()]
  }

  get size(): number {
    return this.#entries.size
  }

  /** What the shell keeps over a restart: peers that once worked. */
  toJSON(): readonly BookEntry[] {
    return this.entries().filter(entry => entry.lastSuccess !== null)
  }

  /** Takes up a kept book; entries that are not well formed are skipped. */
  restore(kept: unknown): void {
    if (!Array.isArray(kept)) return
    for (const item of kept.slice(0, MAX_TRIED)) {
      if (!isKept(item)) continue
      this.add([item], item.source, item.from)
      const entry = this.#entries.get(item.id)
      if (entry !== undefined) Object.assign(entry, { lastSuccess: item.lastSuccess, latencyMs: item.latencyMs })
    }
  }

  #update(entry: BookEntry, addresses: readonly string[], source: Source, from: PeerId): void {
    if (entry.source === 'bootstrap' || entry.source === 'static') return
    // A peer's own word, and our configuration, replace what others told.
    if (source === 'bootstrap' || source === 'static' || from === entry.id || entry.lastSuccess === null) {
      Object.assign(entry, { addresses, source, from })
    }
  }

  #makeRoom(addresses: readonly string[], source: Source, from: PeerId): boolean {
    if (source === 'bootstrap' || source === 'static') return true
    const fresh = this.entries().filter(entry => isNew(entry))
    const host = hostOf(addresses[0]!)
    const onHost = fresh.filter(entry => hostOf(entry.addresses[0]!) === host).length
    if (!isShared(host) && onHost >= MAX_NEW_PER_HOST) return false
    if (fresh.filter(entry => entry.from === from).length >= MAX_NEW_PER_SOURCE) return false
    if (fresh.length < MAX_NEW) return true
    const worst = fresh.reduce((a, b) => (b.failures > a.failures ? b : a))
    if (worst.failures < HOPELESS_ATTEMPTS) return false
    this.#entries.delete(worst.id)
    return true
  }

  #boundTried(): void {
    const tried = this.entries().filter(
      e => e.lastSuccess !== null && e.source !== 'bootstrap' && e.source !== 'static',
    )
    if (tried.length <= MAX_TRIED) return
    this.#entries.delete(tried.reduce((a, b) => (b.lastSuccess! < a.lastSuccess! ? b : a)).id)
  }
}

const isNew = (entry: BookEntry): boolean =>
  entry.lastSuccess === null && entry.source !== 'bootstrap' && entry.source !== 'static'

function entryOf(id: PeerId, addresses: readonly string[], source: Source, from: PeerId): BookEntry {
  const never = { lastSuccess: null, lastAttempt: null, lostAt: null, latencyMs: null }
  return { id, addresses, source, from, failures: 0, jitter: 0, ...never }
}

function isKept(item: unknown): item is BookEntry {
  const entry = item as Partial<BookEntry> | null
  return (
    typeof entry?.id === 'string' &&
    Array.isArray(entry.addresses) &&
    entry.addresses.every(address => typeof address === 'string') &&
    (entry.source === 'dht' || entry.source === 'exchange') &&
    typeof entry.from === 'string' &&
    typeof entry.lastSuccess === 'number' &&
    (entry.latencyMs === null || typeof entry.latencyMs === 'number')
  )
}
