// Everything that happens with peers: the stack's upcalls, handshakes, sync, who is dialled and who is blamed.
import type { Checkpoint, Hash, Reorg } from './chain/index.ts'
import { steadyNow } from './clock.ts'
import { Intake } from './intake/intake.ts'
import type { Ledger, Outlet } from './ledger.ts'
import { PeerNames } from './peering/peer-names.ts'
import { Peering } from './peering/peering.ts'
import { ExchangeServer } from './peers/exchange.ts'
import {
  type Method,
  type PeerId,
  type PeerInfo,
  RequestRefused,
  type Stack,
  type StackEvents,
  type Topic,
  type Verdict,
} from './stacks/port.ts'
import type { Surroundings } from './surroundings.ts'
import { serveReaders } from './syncer/readers.ts'
import { Syncer, type SyncerEvents } from './syncer/syncer.ts'

/** A node that knows of others waits for the first this long before it goes on alone, as after a lone restart. */
const lonelyStartMs = 15_000

export class Network implements StackEvents, Outlet {
  readonly stack: Stack
  readonly peering: Peering
  readonly syncer: Syncer
  readonly names: PeerNames
  readonly #around: Surroundings
  readonly #ledger: Ledger
  readonly #intake: Intake
  readonly #exchange = new ExchangeServer()
  /** Connected peers that completed their handshake. */
  readonly #met = new Set<PeerId>()
  #waiting: NodeJS.Timeout | undefined

  /** `kept` is the address book of an earlier run. */
  constructor(around: Surroundings, ledger: Ledger, stack: Stack, kept: unknown) {
    const { config, observer, metrics, log, now } = around
    const { chain, importer, mempool, ballots, verifier } = ledger
    this.#around = around
    this.#ledger = ledger
    this.stack = stack
    this.names = new PeerNames([...config.network.bootstrap, ...config.network.static])
    this.peering = new Peering({
      self: stack.id,
      stack,
      metrics,
      now: steadyNow,
      rng: Math.random,
      limits: config.network.limits,
      bootstrap: config.network.bootstrap.map(({ peerId, addresses }) => ({ id: peerId, addresses })),
      static: config.network.static.map(({ peerId, addresses }) => ({ id: peerId, addresses })),
      kept,
      onBanned: (peer, offence) => {
        metrics.get('trellis_node_bans_total').inc({ reason: offence })
        log.warn('peer banned', { peer, name: this.names.of(peer), offence })
      },
    })
    this.#intake = new Intake({
      importer,
      mempool,
      ballots,
      observer,
      now,
      clock: around.clock,
      steadyNow,
      isValidator: producer => chain.weightOf(producer) !== undefined,
      sawBlock: (from, block) => this.syncer.sawBlock(from, block),
      offended: (peer, offence) => this.peering.offended(peer, offence),
      failed: around.failed,
    })
    this.syncer = new Syncer({
      stack,
      chain,
      readers: serveReaders(chain, ledger.store, ledger.pool),
      importBlock: (block, hash, from) => this.#intake.importSynced(block, hash, from),
      verify: jobs => verifier.verify(jobs),
      addCertificate: bytes => ballots.addCertificate(bytes),
      name: config.name,
      capabilities: [],
      now: steadyNow,
      clock: around.clock,
      events: this.#syncerEvents(),
    })
  }

  async start(): Promise<void> {
    await this.stack.start(this)
    this.syncer.start()
    this.peering.start()
    this.#beginWhenMet()
  }

  async stop(): Promise<void> {
    clearInterval(this.#waiting)
    this.peering.stop()
    this.syncer.stop()
    await this.stack.stop()
  }

  async disconnect(peer: PeerId, reason: string): Promise<boolean> {
    if (!this.stack.peers().some(({ id }) => id === peer)) return false
    await this.stack.disconnect(peer, reason)
    return true
  }

  /** A stack that is stopping takes nothing more; that is no defect of whoever still had something to say. */
  async publish(topic: Topic, bytes: Uint8Array): Promise<void> {
    const { log } = this.#around
    await this.stack.publish(topic, bytes).catch(error => log.debug('not published', { topic, error: String(error) }))
  }

  blockImported(hash: Hash): void {
    this.syncer.blockImported(hash)
  }

  orphanArrived(orphan: Checkpoint, from: PeerId): void {
    this.syncer.sawBlock(from, orphan, true)
  }

  onBadOrphan(...refused: Parameters<Outlet['onBadOrphan']>): void {
    this.#intake.refused(...refused)
  }

  headMoved(change: Reorg): void {
    this.syncer.headMoved(change)
  }

  onMessage(topic: Topic, bytes: Uint8Array, from: PeerId): Promise<Verdict> {
    return this.#intake.onMessage(topic, bytes, from)
  }

  onDuplicate(topic: Topic): void {
    this.#around.metrics.get('trellis_node_gossip_duplicates_total').inc({ topic })
  }

  onMeshControl(change: 'graft' | 'prune', topic: Topic, direction: 'in' | 'out'): void {
    const { metrics } = this.#around
    const name = change === 'graft' ? 'trellis_node_mesh_grafts_total' : 'trellis_node_mesh_prunes_total'
    metrics.get(name).inc({ topic, direction })
  }

  async *onRequest(method: Method, bytes: Uint8Array, from: PeerId): AsyncGenerator<Uint8Array> {
    const { metrics } = this.#around
    let outcome = 'abandoned'
    try {
      if (method === 'peers') yield* this.#exchange.answer(this.stack.records(), from, steadyNow(), Math.random)
      else yield* this.syncer.onRequest(method, bytes, from)
      outcome = 'answered'
    } catch (error) {
      outcome = error instanceof RequestRefused ? error.code : 'failed'
      throw error
    } finally {
      metrics.get('trellis_node_served_requests_total').inc({ method, outcome })
      if (outcome === 'rate-limited') metrics.get('trellis_node_rate_limited_total').inc({ method })
    }
  }

  onConnected(peer: PeerInfo): void {
    this.peering.connected(peer)
    this.syncer.onConnected(peer)
    this.#around.observer.peer('connected', peer, this.names.of(peer.id), '')
  }

  onDisconnected(peer: PeerInfo, reason: string): void {
    this.#met.delete(peer.id)
    this.syncer.onDisconnected(peer.id)
    this.peering.disconnected(peer)
    this.#around.observer.peer('disconnected', peer, this.names.of(peer.id), reason)
  }

  onDiscovered(...told: Parameters<StackEvents['onDiscovered']>): void {
    this.peering.discovered(...told)
  }

  onMesh(topic: Topic, peers: readonly PeerId[]): void {
    this.#around.observer.mesh(
      topic,
      peers.map(peer => this.names.of(peer) || peer),
    )
  }

  onMisbehaviour(peer: PeerId, offence: string): void {
    this.#around.log.debug('misbehaviour', { peer, name: this.names.of(peer), offence })
    this.peering.offended(peer, offence)
  }

  #syncerEvents(): SyncerEvents {
    const { log, metrics, observer, failed } = this.#around
    return {
      onStatus: (peer, status) => {
        if (!this.#met.has(peer)) void this.#ledger.mempool.pull(this.stack, peer)
        this.#met.add(peer)
        this.names.learn(peer, status.name)
      },
      onWrongPeer: (peer, verdict) => {
        log.info('wrong peer', { peer, reason: verdict.reason })
        if (verdict.code === 'wrong-network') this.peering.offended(peer, 'wrong-network')
      },
      onMisbehaviour: (peer, offence) => this.onMisbehaviour(peer, offence),
      onProgress: (state, height, target) => observer.sync(state, height, target),
      onRequest: (method, outcome) => metrics.get('trellis_node_sync_requests_total').inc({ method, outcome }),
      onError: error => failed('sync', error),
    }
  }

  /** Production and load begin with the first peer whose chain we know and have, or alone when nobody answers. */
  #beginWhenMet(): void {
    if (!this.#ledger.active) return
    const since = steadyNow()
    this.#waiting = setInterval(() => {
      const met = this.#met.size > 0
      if (!this.#ledger.alone && !met && steadyNow() - since < lonelyStartMs) return
      if (met && this.syncer.progress.state === 'syncing') return
      clearInterval(this.#waiting)
      this.#ledger.begin()
    }, 100)
  }
}
