// The gossipsub stack (seeds 000 and 002): libp2p 3 behind the node's port.
import type { Libp2p } from '@libp2p/interface'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { acceptable } from '../../peers/exchange.ts'
import {
  type Method,
  type PeerAddress,
  type PeerId,
  type PeerInfo,
  RequestFailed,
  type RequestOptions,
  type Stack,
  type StackEvents,
  type Topic,
} from '../port.ts'
import { ConnectionTable } from './connections.ts'
import { Discovery } from './discovery.ts'
import { connectionGater } from './gater.ts'
import { createHost, type Host, privateKeyOf } from './host.ts'
import { MAX_ADDRESSES_PER_PEER, MAX_STORED_PEERS, methodLimits } from './limits.ts'
import { Liveness } from './liveness.ts'
import { type GossipsubStackOptions, protocolNames } from './options.ts'
import { RecordTable } from './records.ts'
import { ask, serve } from './requests.ts'
import { GossipRouter } from './router.ts'
import { scoreThresholds } from './scoring.ts'

export type { GossipsubStackOptions, TransportFactory } from './options.ts'

/** Between looks at gossip scores and streams. */
const REVIEW_INTERVAL_MS = 2_000
/** Identify and both gossip streams take a few round trips; later they are broken. */
const STREAMS_READY_MS = 15_000
/** Scores remembered for gossipsub: those below zero of peers that are or were connected. */
const MAX_SCORES = 4_096
const EXCHANGE_TIMEOUT_MS = 5_000

/** Makes the stack; nothing listens before `start`. Throws when the configuration's key is no ed25519 seed. */
export async function createGossipsubStack(options: GossipsubStackOptions): Promise<Stack> {
  const privateKey = await privateKeyOf(options.config)
  const now = options.now ?? Date.now
  const id = peerIdFromPrivateKey(privateKey).toString()
  const connections = new ConnectionTable(id, now)
  const dialling = new Map<PeerId, Promise<void>>()
  const scores = new Map<PeerId, number>()
  const names = protocolNames(options.genesisHash)
  const gater = connectionGater({
    connections,
    limits: options.config.network.limits,
    deny: options.deny ?? (() => false),
    identified: options.onIdentified ?? (() => {}),
    dialling,
  })
  const host = await createHost(options, privateKey, names, gater, peer => scores.get(peer) ?? 0)
  return new GossipsubStack(id, options, host, connections, dialling, scores)
}

class GossipsubStack implements Stack {
  readonly name = 'gossipsub'
  readonly id: PeerId
  readonly #options: GossipsubStackOptions
  readonly #host: Host
  readonly #connections: ConnectionTable
  readonly #dialling: Map<PeerId, Promise<void>>
  readonly #scores: Map<PeerId, number>
  readonly #names: ReturnType<typeof protocolNames>
  readonly #limits: ReturnType<typeof methodLimits>
  readonly #router: GossipRouter
  readonly #records = new RecordTable()
  readonly #now: () => number
  #events: StackEvents | null = null
  #liveness: Liveness | null = null
  #discovery: Discovery | null = null
  #review: NodeJS.Timeout | null = null

  constructor(
    id: PeerId,
    options: GossipsubStackOptions,
    host: Host,
    connections: ConnectionTable,
    dialling: Map<PeerId, Promise<void>>,
    scores: Map<PeerId, number>,
  ) {
    this.id = id
    this.#options = options
    this.#host = host
    this.#connections = connections
    this.#dialling = dialling
    this.#scores = scores
    this.#now = options.now ?? Date.now
    this.#names = protocolNames(options.genesisHash)
    this.#limits = methodLimits(options.config.genesis.maxBlockBytes)
    this.#router = new GossipRouter(host.router, this.#names, options.config, this.#now)
  }

  addresses(): string[] {
    return this.#host.libp2p.getMultiaddrs().map(address => address.toString())
  }

  async start(events: StackEvents): Promise<void> {
    const { libp2p } = this.#host
    this.#events = events
    this.#connections.listen({
      onConnected: peer => events.onConnected(peer),
      onDisconnected: (peer, reason) => {
        this.#router.lost(peer.id)
        events.onDisconnected(peer, reason)
      },
    })
    this.#records.listen(
      libp2p,
      peer => this.#connections.get(peer) !== null,
      peer => events.onDiscovered(acceptable([peer], this.id), 'exchange', peer.id),
    )
    this.#liveness = new Liveness({
      libp2p,
      protocol: this.#names.ping,
      connections: this.#connections,
      onAbuse: peer => events.onMisbehaviour(peer, 'ping-flood'),
    })
    libp2p.addEventListener('connection:open', event => {
      this.#connections.opened(event.detail)
      this.#liveness?.opened(event.detail)
      this.#discovery?.connected()
    })
    await serve(libp2p, this.#names.method, this.#limits, events)
    await this.#liveness.start()
    await libp2p.start()
    this.#router.start(events, peer => {
      events.onMisbehaviour(peer, 'oversized-frame')
      this.#connections.abort(peer, 'broken gossip framing')
    })
    this.#discovery = this.#createDiscovery(events)
    this.#discovery.start()
    this.#review = setInterval(() => this.#reviewPeers(events), REVIEW_INTERVAL_MS)
  }

  async stop(): Promise<void> {
    if (this.#review !== null) clearInterval(this.#review)
    this.#discovery?.stop()
    this.#liveness?.stop()
    await this.#host.libp2p.stop()
  }

  connect(peer: PeerAddress, options: RequestOptions): Promise<void> {
    if (this.#connections.get(peer.id) !== null) return Promise.resolve()
    const running = this.#dialling.get(peer.id)
    if (running !== undefined) return running
    const dial = this.#dial(peer, options).finally(() => this.#dialling.delete(peer.id))
    this.#dialling.set(peer.id, dial)
    return dial
  }

  async #dial(peer: PeerAddress, options: RequestOptions): Promise<void> {
    const timeout = AbortSignal.timeout(options.timeoutMs)
    const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal])
    // The gater asks `dialling`, which is set once this function has yielded.
    await Promise.resolve()
    try {
      const addresses = peer.addresses.slice(0, MAX_ADDRESSES_PER_PEER).map(address => withPeer(address, peer.id))
      await this.#host.libp2p.dial(addresses, { signal })
    } catch (error) {
      // A crossing dial may have won meanwhile.
      if (this.#connections.get(peer.id) !== null) return
      if (timeout.aborted) throw new RequestFailed('timeout', `no connection in ${options.timeoutMs} ms`)
      throw new RequestFailed('closed', (error as Error).message)
    }
  }

  disconnect(peer: PeerId, reason: string): Promise<void> {
    return this.#connections.close(peer, reason)
  }

  publish(topic: Topic, bytes: Uint8Array): Promise<number> {
    return this.#router.publish(topic, bytes)
  }

  request(peer: PeerId, method: Method, bytes: Uint8Array, options: RequestOptions): AsyncIterable<Uint8Array> {
    const connection = this.#connections.get(peer)
    if (connection === null) return failed(new RequestFailed('closed', 'the peer is not connected'))
    return ask(connection, this.#names.method(method), this.#limits[method], bytes, options, offence =>
      this.#events?.onMisbehaviour(peer, offence),
    )
  }

  peers(): PeerInfo[] {
    return this.#connections.infos()
  }

  mesh(topic: Topic): PeerId[] {
    return this.#router.mesh(topic)
  }

  routingScore(peer: PeerId): number {
    return this.#router.score(peer)
  }

  traffic() {
    return this.#host.traffic.totals()
  }

  records() {
    return this.#records.all()
  }

  scored(peer: PeerId, score: number): void {
    this.#scores.delete(peer)
    if (score === 0) return
    this.#scores.set(peer, score)
    if (this.#scores.size > MAX_SCORES) this.#scores.delete(this.#scores.keys().next().value!)
  }

  #createDiscovery(events: StackEvents): Discovery {
    const { network } = this.#options.config
    const exchange = (peer: PeerId, signal: AbortSignal) =>
      this.request(peer, 'peers', new Uint8Array(0), { timeoutMs: EXCHANGE_TIMEOUT_MS, signal })
    return new Discovery({
      self: this.id,
      bootstrap: network.bootstrap.map(peer => ({ id: peer.peerId, addresses: peer.addresses })),
      wanted: network.limits.outbound,
      connections: this.#connections,
      dht: this.#host.dht,
      exchange: network.discovery.exchange ? exchange : null,
      events,
      now: this.#now,
      rng: this.#options.rng ?? Math.random,
    })
  }

  /** Ends peers that gossip would not read or cannot reach, and keeps libp2p's peer store from growing. */
  #reviewPeers(events: StackEvents): void {
    for (const peer of this.#connections.infos()) {
      if (this.#router.score(peer.id) - (this.#scores.get(peer.id) ?? 0) < scoreThresholds.graylistThreshold) {
        events.onMisbehaviour(peer.id, 'gossip-graylisted')
      }
      if (this.#now() - peer.connectedAt > STREAMS_READY_MS && !this.#router.hasStreams(peer.id)) {
        this.#connections.abort(peer.id, 'no gossip stream')
      }
    }
    // Repeated at the next review when it fails.
    trimPeerStore(this.#host.libp2p, peer => this.#connections.get(peer) !== null).catch(() => undefined)
  }
}

async function trimPeerStore(libp2p: Libp2p, isConnected: (peer: PeerId) => boolean): Promise<void> {
  const peers = await libp2p.peerStore.all()
  if (peers.length <= MAX_STORED_PEERS) return
  const strangers = peers.filter(peer => !peer.id.equals(libp2p.peerId) && !isConnected(peer.id.toString()))
  for (const peer of strangers.slice(0, peers.length - MAX_STORED_PEERS)) await libp2p.peerStore.delete(peer.id)
}

/** The address with the identity the connection must prove. */
function withPeer(address: string, peer: PeerId) {
  const bare = address.replace(/\/p2p\/[^/]+$/, '')
  return multiaddr(`${bare}/p2p/${peerIdFromString(peer)}`)
}

// biome-ignore lint/correctness/useYield: an answer that fails before its first frame
async function* failed(error: RequestFailed): AsyncGenerator<Uint8Array> {
  throw error
}
