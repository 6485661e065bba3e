// Who is connected: one connection per peer, told to the node as it comes and goes.
import type { Connection } from '@libp2p/interface'
import type { PeerId, PeerInfo, StackEvents } from '../port.ts'

/** Two connections made within this time are a simultaneous dial; a later one means the peer has lost the earlier. */
const SIMULTANEOUS_MS = 5_000
const CLOSE_TIMEOUT_MS = 500

interface Entry {
  readonly connection: Connection
  readonly host: string
  readonly connectedAt: number
  latencyMs: number | null
}

export class ConnectionTable {
  readonly #self: PeerId
  readonly #now: () => number
  readonly #entries = new Map<PeerId, Entry>()
  /** Why a connection is being closed, by connection id; bounded by the open connections. */
  readonly #reasons = new Map<string, string>()
  #events: Pick<StackEvents, 'onConnected' | 'onDisconnected'> | null = null

  constructor(self: PeerId, now: () => number) {
    this.#self = self
    this.#now = now
  }

  listen(events: Pick<StackEvents, 'onConnected' | 'onDisconnected'>): void {
    this.#events = events
  }

  /**
   * Decides about a second connection of a peer; the answer is the same at both ends. Of two dials that crossed, the one made
   * by the smaller id stays. Of two by the same peer the newer stays: its dialler has given up the older.
   */
  admits(peer: PeerId, direction: 'inbound' | 'outbound'): boolean {
    const existing = this.#entries.get(peer)
    if (existing === undefined || existing.connection.status !== 'open') return true
    const simultaneous = this.#now() - existing.connectedAt < SIMULTANEOUS_MS
    if (simultaneous && direction !== existing.connection.direction) {
      const dialler = direction === 'outbound' ? this.#self : peer
      if (dialler !== (this.#self < peer ? this.#self : peer)) return false
    }
    this.abort(peer, 'replaced by a newer connection')
    return true
  }

  opened(connection: Connection): void {
    const id = connection.remotePeer.toString()
    const existing = this.#entries.get(id)
    if (existing !== undefined && existing.connection !== connection) this.abort(id, 'replaced by a newer connection')
    if (connection.status !== 'open') return
    const entry: Entry = { connection, host: hostOf(connection.remoteAddr), connectedAt: this.#now(), latencyMs: null }
    this.#entries.set(id, entry)
    connection.addEventListener('close', event => this.#closed(id, entry, event.error))
    this.#events?.onConnected(info(id, entry))
  }

  #closed(id: PeerId, entry: Entry, error: Error | undefined): void {
    const reason = this.#reasons.get(entry.connection.id) ?? foreignReason(error)
    this.#reasons.delete(entry.connection.id)
    if (this.#entries.get(id) !== entry) return
    this.#entries.delete(id)
    this.#events?.onDisconnected(info(id, entry), reason)
  }

  /** Ends the peer's connection without a farewell: for links that are dead or in the way. */
  abort(peer: PeerId, reason: string): void {
    const entry = this.#entries.get(peer)
    if (entry === undefined) return
    this.#reasons.set(entry.connection.id, reason)
    entry.connection.abort(new Error(reason))
    this.#closed(peer, entry, undefined)
  }

  /** Closes the peer's connection; resolves when it is closed. */
  async close(peer: PeerId, reason: string): Promise<void> {
    const entry = this.#entries.get(peer)
    if (entry === undefined) return
    this.#reasons.set(entry.connection.id, reason)
    try {
      await entry.connection.close({ signal: AbortSignal.timeout(CLOSE_TIMEOUT_MS) })
    } catch (error) {
      entry.connection.abort(error as Error)
    }
    this.#closed(peer, entry, undefined)
  }

  /** Half the weight on the newest: what was measured while the connection was set up is soon forgotten. */
  measured(peer: PeerId, latencyMs: number): void {
    const entry = this.#entries.get(peer)
    if (entry !== undefined) entry.latencyMs = entry.latencyMs === null ? latencyMs : (entry.latencyMs + latencyMs) / 2
  }

  get(peer: PeerId): Connection | null {
    const entry = this.#entries.get(peer)
    return entry !== undefined && entry.connection.status === 'open' ? entry.connection : null
  }

  ids(): PeerId[] {
    return [...this.#entries.keys()]
  }

  infos(): PeerInfo[] {
    return [...this.#entries].map(([id, entry]) => info(id, entry))
  }

  inbound(host?: string): number {
    let count = 0
    for (const entry of this.#entries.values()) {
      if (entry.connection.direction === 'inbound' && (host === undefined || entry.host === host)) count++
    }
    return count
  }

  get size(): number {
    return this.#entries.size
  }
}

function info(id: PeerId, entry: Entry): PeerInfo {
  return {
    id,
    address: entry.connection.remoteAddr.toString().replace(/\/p2p\/[^/]+$/, ''),
    host: entry.host,
    direction: entry.connection.direction,
    connectedAt: entry.connectedAt,
    latencyMs: entry.latencyMs,
  }
}

/** Why a connection ended that we did not end. */
function foreignReason(error: Error | undefined): string {
  return error === undefined || error.name === 'StreamResetError' ? 'closed by the peer' : error.message
}

/** The host a multiaddr begins with. */
export function hostOf(address: { toString(): string }): string {
  return address.toString().split('/')[2] ?? ''
}
