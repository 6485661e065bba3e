// Finds peers in three ways, each enough alone to join: the bootstrap list, walks over the DHT, and signed records told by peers.
// It only tells addresses to the node; whom to dial is decided by node/peers.
import type { KadDHT } from '@libp2p/kad-dht'
import { acceptable } from '../../peers/exchange.ts'
import type { PeerAddress, PeerId, StackEvents } from '../port.ts'
import type { ConnectionTable } from './connections.ts'
import { MAX_ADDRESSES_PER_PEER, MAX_RECORDS_PER_ANSWER } from './limits.ts'
import { openRecord } from './records.ts'

const TICK_MS = 500
/** Between searches while the node has fewer peers than it wants, and after. */
const EAGER_INTERVAL_MS = 2_000
const CALM_INTERVAL_MS = 30_000
/** Searches are spread by this fraction, so that nodes started together do not ask together. */
const JITTER = 0.25
const WALK_TIMEOUT_MS = 5_000
const EXCHANGE_TIMEOUT_MS = 5_000
/** Answers one walk may bring; a walk over our own connections sees no more than our peers' tables. */
const MAX_WALK_ANSWERS = 32
const KEY_BYTES = 32

export interface DiscoveryInit {
  readonly self: PeerId
  readonly bootstrap: readonly PeerAddress[]
  readonly wanted: number
  readonly connections: ConnectionTable
  /** Null when the DHT is off. */
  readonly dht: KadDHT | null
  /** Asks a peer for records; null when exchange is off. */
  readonly exchange: ((peer: PeerId, signal: AbortSignal) => AsyncIterable<Uint8Array>) | null
  readonly events: StackEvents
  readonly now: () => number
  readonly rng: () => number
}

type Search = 'dht' | 'exchange'

export class Discovery {
  readonly #init: DiscoveryInit
  readonly #nextAt: Record<Search, number> = { dht: 0, exchange: 0 }
  readonly #running = new Set<Search>()
  readonly #abort = new AbortController()
  #timer: NodeJS.Timeout | null = null

  constructor(init: DiscoveryInit) {
    this.#init = init
  }

  start(): void {
    const { bootstrap, events, self } = this.#init
    const others = bootstrap.filter(peer => peer.id !== self)
    if (others.length > 0) events.onDiscovered(others, 'bootstrap')
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#abort.abort()
  }

  /** A new peer may know others: searches are due at once while the node wants more. */
  connected(): void {
    if (this.#init.connections.size > this.#init.wanted) return
    const soon = this.#init.now() + TICK_MS
    for (const search of ['dht', 'exchange'] as const) this.#nextAt[search] = Math.min(this.#nextAt[search], soon)
  }

  #tick(): void {
    if (this.#init.connections.size === 0) return
    if (this.#init.dht !== null) this.#run('dht', signal => this.#walk(this.#init.dht!, signal))
    if (this.#init.exchange !== null) this.#run('exchange', signal => this.#exchange(signal))
  }

  #run(search: Search, work: (signal: AbortSignal) => Promise<void>): void {
    const { connections, wanted, now, rng } = this.#init
    if (this.#running.has(search) || now() < this.#nextAt[search]) return
    const interval = connections.size < wanted ? EAGER_INTERVAL_MS : CALM_INTERVAL_MS
    this.#nextAt[search] = now() + interval * (1 + JITTER * (2 * rng() - 1))
    this.#running.add(search)
    const timeout = search === 'dht' ? WALK_TIMEOUT_MS : EXCHANGE_TIMEOUT_MS
    work(AbortSignal.any([this.#abort.signal, AbortSignal.timeout(timeout)]))
      .catch(() => undefined) // A search that fails is repeated.
      .finally(() => this.#running.delete(search))
  }

  /** Asks for the peers closest to a random key. Only our connections are asked: the gater refuses the query's own dials. */
  async #walk(dht: KadDHT, signal: AbortSignal): Promise<void> {
    const key = Uint8Array.from({ length: KEY_BYTES }, () => Math.floor(this.#init.rng() * 256))
    let answers = 0
    for await (const event of dht.getClosestPeers(key, { signal })) {
      if (event.name !== 'PEER_RESPONSE') continue
      this.#tell(
        event.closer.map(peer => ({
          id: peer.id.toString(),
          addresses: peer.multiaddrs.slice(0, MAX_ADDRESSES_PER_PEER).map(address => address.toString()),
        })),
        'dht',
        event.from.toString(),
      )
      if (++answers === MAX_WALK_ANSWERS) return
    }
  }

  async #exchange(signal: AbortSignal): Promise<void> {
    const { connections, rng, events } = this.#init
    const ids = connections.ids()
    const peer = ids[Math.floor(rng() * ids.length)]
    if (peer === undefined) return
    const told: PeerAddress[] = []
    try {
      for await (const bytes of this.#init.exchange!(peer, signal)) {
        const address = await openRecord(bytes)
        if (address === null) {
          events.onMisbehaviour(peer, 'invalid-record')
          break
        }
        told.push(address)
        if (told.length === MAX_RECORDS_PER_ANSWER) break
      }
    } finally {
      this.#tell(told, 'exchange', peer)
    }
  }

  #tell(told: readonly PeerAddress[], source: Search, from: PeerId): void {
    const kept = acceptable(told, this.#init.self)
    if (kept.length > 0) this.#init.events.onDiscovered(kept, source, from)
  }
}
