// The node: makes its parts, lets them talk to one another, starts and stops them in order.
import type { NodeConfig } from '../api/node-config.ts'
import { Ballots } from './ballots.ts'
import {
  type Block,
  blockHash,
  type Chain,
  type Equivocation,
  encodeBlock,
  encodeVote,
  genesisBlock,
  type Reorg,
  type SignedTransaction,
  type SignedVote,
  transactionRoot,
} from './chain/index.ts'
import { Pool } from './chain/pool.ts'
import { steadyNow } from './clock.ts'
import { keepEvidence } from './evidence.ts'
import { Links } from './faults/links.ts'
import { linkTransport } from './faults/transport.ts'
import { startAdminServer } from './http/admin.ts'
import { startPublicServer } from './http/public.ts'
import type { RunningServer } from './http/server.ts'
import { Importer } from './importer.ts'
import { Intake } from './intake.ts'
import { LoadGenerator } from './load.ts'
import type { Log } from './log.ts'
import { directoryBytes, measure } from './measure.ts'
import { Mempool } from './mempool.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { Observer } from './observer.ts'
import { PeerNames } from './peer-names.ts'
import { Peering } from './peering.ts'
import { ExchangeServer } from './peers/exchange.ts'
import { Producer } from './producer.ts'
import { serveReaders } from './readers.ts'
import { restoreChain, Snapshots } from './restore.ts'
import { createGossipsubStack } from './stacks/gossipsub/index.ts'
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
import { Store, StoreError } from './store/store.ts'
import { Syncer } from './syncer.ts'
import { signingKey, Verifier } from './verifier.ts'
import { View } from './view.ts'
import { Voter } from './voter.ts'

export const version = '0.1.0'

/** Snapshots, the address book and the size of the store are looked after this often. */
const housekeepingMs = 5_000
/** A miner that knows of other validators waits for a peer this long before it goes on alone, as after a lone restart. */
const lonelyStartMs = 15_000

export class Node implements StackEvents {
  readonly #config: NodeConfig
  readonly #log: Log
  /** For dates only; whatever waits or decays goes by steadyNow. */
  readonly #now = Date.now
  readonly #startedAt = Date.now()
  readonly #metrics: Metrics
  readonly #observer: Observer
  readonly #verifier = new Verifier()
  readonly #exchange = new ExchangeServer()
  readonly #names: PeerNames
  /** Connected peers that completed their handshake. */
  readonly #met = new Set<PeerId>()
  readonly #servers: RunningServer[] = []
  readonly #timers: NodeJS.Timeout[] = []
  readonly #fatal: (error: unknown) => void
  #parts: Parts | undefined
  #ready = false

  /** `fatal` is told of what the node cannot live with while it runs, such as a full disk; it ends the process. */
  constructor(config: NodeConfig, log: Log, fatal: (error: unknown) => void) {
    this.#config = config
    this.#log = log
    this.#fatal = fatal
    this.#metrics = createMetrics({ testnet: config.testnet, node: config.name, group: config.group })
    this.#observer = new Observer({ log, metrics: this.#metrics, now: this.#now })
    this.#names = new PeerNames([...config.network.bootstrap, ...config.network.static])
  }

  /** Throws StoreError, ConfigError, GenesisError or what the system says of an address; the process then ends. */
  async start(): Promise<void> {
    const config = this.#config
    const store = await Store.open(config.dataDir, genesisBlock(config.genesis).record.hash)
    const chain = await restoreChain(config.genesis, store)
    const links = new Links({
      ownHost: config.announce ?? config.listen.host,
      standing: config.links,
      onRow: (id, change) => this.#observer.events.emit({ kind: 'faults', id, change }),
    })
    const transports = linkTransport(links)
    const stack = await createGossipsubStack({
      config,
      genesisHash: chain.genesisHash,
      wrapTransport: factory => transports.wrap(factory),
      onIdentified: (connection, peer) => transports.identify(connection, peer),
      deny: peer => this.#parts?.peering.denies(peer) ?? false,
      now: steadyNow,
    })
    const parts = await this.#assemble(store, chain, stack, links)
    this.#parts = parts
    this.#log.info('starting', {
      height: chain.head.height,
      finalized: chain.finalized.height,
      genesis: chain.genesisHash,
      peerId: stack.id,
    })
    await this.#serve(parts)
    await stack.start(this)
    parts.syncer.start()
    parts.peering.start()
    this.#startProducing(parts)
    this.#timers.push(setInterval(() => void this.#keepHouse(parts), housekeepingMs))
    this.#ready = true
    this.#log.info('ready', { addresses: stack.addresses(), sinceMs: this.#now() - this.#startedAt })
  }

  async stop(): Promise<void> {
    this.#ready = false
    const parts = this.#parts
    for (const timer of this.#timers) clearInterval(timer)
    await Promise.all(this.#servers.map(server => server.close()))
    if (parts === undefined) return
    parts.producer?.stop()
    parts.load?.stop()
    parts.mempool.stop()
    parts.peering.stop()
    parts.syncer.stop()
    await parts.stack.stop()
    await parts.importer.settled()
    await this.#keepHouse(parts)
    this.#metrics.stop()
    await parts.store.close()
  }

  async #assemble(store: Store, chain: Chain, stack: Stack, links: Links): Promise<Parts> {
    const config = this.#config
    const pool = new Pool(chain.domain)
    const verifier = this.#verifier
    const importer = new Importer({
      chain,
      store,
      verifier,
      now: this.#now,
      alreadyVerified: pool.holds,
      events: {
        onBlock: (record, block, from, receivedAt) => {
          this.#observer.block(record, block.transactions.length, from, receivedAt)
          this.#parts?.syncer.blockImported(record.hash)
          this.#parts?.ballots.onBlock(record.hash).catch(error => this.#failed('early votes', error))
        },
        onHead: (change, reverted, applied) => this.#headMoved(change, reverted, applied),
        onEquivocation: evidence => this.#equivocated(store, evidence),
        onUnknownParent: (orphan, from) => this.#parts?.syncer.sawBlock(from, orphan, true),
        onBadOrphan: (outcome, from, visible) => intake.refused(outcome, from, visible),
        onFailure: error => this.#failed('import', error),
      },
    })
    const ballots = new Ballots({
      chain,
      store,
      importer,
      verifier,
      events: {
        onJustified: checkpoint => this.#observer.justified(checkpoint),
        onFinalized: checkpoint => this.#observer.finalized(checkpoint),
        onEquivocation: evidence => this.#equivocated(store, evidence),
      },
    })
    const mempool = new Mempool({
      pool,
      verifier,
      domain: chain.domain,
      account: address => chain.account(address),
      publish: (topic, bytes) => this.#publish(stack, topic, bytes),
      offered: (source, outcome) =>
        this.#metrics.get('trellis_node_transactions_received_total').inc({ source, outcome }),
    })
    const peering = new Peering({
      self: stack.id,
      stack,
      metrics: this.#metrics,
      now: steadyNow,
      rng: Math.random,
      limits: config.network.limits,
      bootstrap: config.network.bootstrap.map(({ peerId, addresses }) => ({ id: peerId, addresses })),
      static: config.network.static.map(({ peerId, addresses }) => ({ id: peerId, addresses })),
      kept: parseJson(await store.slot('address-book')),
      onBanned: (peer, offence) => {
        this.#metrics.get('trellis_node_bans_total').inc({ reason: offence })
        this.#log.warn('peer banned', { peer, name: this.#names.of(peer), offence })
      },
    })
    const intake: Intake = new Intake({
      importer,
      mempool,
      ballots,
      observer: this.#observer,
      now: this.#now,
      sawBlock: (from, block) => syncer.sawBlock(from, block),
      offended: (peer, offence) => peering.offended(peer, offence),
      failed: (work, error) => this.#failed(work, error),
    })
    const syncer = new Syncer({
      stack,
      chain,
      readers: serveReaders(chain, store, pool),
      importBlock: (block, hash, from) => intake.importSynced(block, hash, from),
      verify: jobs => verifier.verify(jobs),
      addCertificate: bytes => ballots.addCertificate(bytes),
      name: config.name,
      capabilities: [],
      now: steadyNow,
      clock: this.#now,
      events: {
        onStatus: (peer, status) => {
          if (!this.#met.has(peer)) void mempool.pull(stack, peer)
          this.#met.add(peer)
          this.#names.learn(peer, status.name)
        },
        onWrongPeer: (peer, verdict) => {
          this.#log.info('wrong peer', { peer, reason: verdict.reason })
          if (verdict.code === 'wrong-network') peering.offended(peer, 'wrong-network')
        },
        onMisbehaviour: (peer, offence) => this.onMisbehaviour(peer, offence),
        onProgress: (state, height, target) => this.#observer.sync(state, height, target),
        onRequest: (method, outcome) => this.#metrics.get('trellis_node_sync_requests_total').inc({ method, outcome }),
        onError: error => this.#failed('sync', error),
      },
    })
    const validator = config.keys.validator === undefined ? undefined : signingKey(config.keys.validator)
    const voter = validator && (await Voter.open(chain, validator, store, vote => this.#castVote(ballots, stack, vote)))
    const producer =
      validator &&
      new Producer({
        chain,
        key: validator,
        candidates: () => pool.select(address => chain.account(address), config.genesis.maxBlockBytes),
        deliver: block => this.#deliver(importer, stack, block).catch(error => this.#failed('own block', error)),
        now: this.#now,
      })
    const load =
      config.load &&
      new LoadGenerator({
        rate: config.load.rate,
        payloadBytes: config.load.payloadBytes,
        seeds: config.load.accounts,
        nextNonce: address => pool.nextNonce(address, who => chain.account(who)),
        signingRoot: transaction => transactionRoot(transaction, chain.domain),
        submit: transaction => mempool.submit(transaction, 'load'),
        now: steadyNow,
      })
    const view = new View({
      config,
      version,
      chain,
      store,
      pool,
      mempool,
      stack,
      syncer,
      peering,
      startedAt: this.#startedAt,
      reorgs: () => this.#observer.reorgs,
      nameOf: peer => this.#names.of(peer),
      ready: () => this.#ready,
      now: this.#now,
    })
    this.#metrics.onScrape(() => measure(this.#metrics, { chain, pool, stack, importer, links, now: this.#now }))
    this.#metrics
      .get('trellis_node_info')
      .set({ version, stack: stack.name, role: config.role, region: config.region }, 1)
    const snapshots = new Snapshots(chain, store)
    return {
      store,
      chain,
      pool,
      importer,
      ballots,
      mempool,
      intake,
      peering,
      syncer,
      voter,
      producer,
      load,
      view,
      stack,
      links,
      snapshots,
    }
  }

  async #serve({ view, links, stack }: Parts): Promise<void> {
    const { host, http, admin } = this.#config.listen
    const onDefect = (error: unknown, path: string): void =>
      this.#log.error('http', { path, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    // First, because it may refuse its configuration: then nothing has listened.
    this.#servers.push(
      await startAdminServer({
        host,
        port: admin,
        ...(this.#config.adminToken !== undefined && { token: this.#config.adminToken }),
        control: {
          faults: links,
          disconnect: async peer => {
            if (!stack.peers().some(({ id }) => id === peer)) return false
            await stack.disconnect(peer, 'administration')
            return true
          },
        },
        onDefect,
      }),
    )
    this.#servers.push(
      await startPublicServer({
        host,
        port: http,
        view,
        metrics: this.#metrics,
        events: {
          events: this.#observer.events,
          startedAt: this.#startedAt,
          onClients: count => this.#metrics.get('trellis_node_event_clients').set(count),
        },
        onDefect,
      }),
    )
  }

  /** Production and load begin with the first peer whose chain we know and have, or alone when nobody answers. */
  #startProducing({ producer, load, syncer }: Parts): void {
    if (producer === undefined && load === undefined) return
    const since = steadyNow()
    const alone = this.#config.genesis.validators.length === 1 && producer !== undefined
    const timer = setInterval(() => {
      const met = this.#met.size > 0
      if (!alone && !met && steadyNow() - since < lonelyStartMs) return
      if (met && syncer.progress.state === 'syncing') return
      clearInterval(timer)
      producer?.start()
      load?.start()
    }, 100)
    this.#timers.push(timer)
  }

  async onMessage(topic: Topic, bytes: Uint8Array, from: PeerId): Promise<Verdict> {
    return this.#parts?.intake.onMessage(topic, bytes, from) ?? 'ignore'
  }

  onDuplicate(topic: Topic): void {
    this.#metrics.get('trellis_node_gossip_duplicates_total').inc({ topic })
  }

  async #deliver(importer: Importer, stack: Stack, block: Block): Promise<void> {
    const hash = blockHash(block.header.message)
    const outcome = await importer.import(block, hash, 'self', this.#now())
    if (outcome.kind === 'invalid')
      this.#log.error('own block refused', { hash, code: outcome.code, reason: outcome.message })
    if (outcome.kind === 'imported') await this.#publish(stack, 'block', encodeBlock(block))
  }

  async #castVote(ballots: Ballots, stack: Stack, vote: SignedVote): Promise<void> {
    await ballots.add(vote)
    await this.#publish(stack, 'vote', encodeVote(vote))
  }

  /** A stack that is stopping takes nothing more; that is no defect of whoever still had something to say. */
  async #publish(stack: Stack, topic: Topic, bytes: Uint8Array): Promise<void> {
    await stack.publish(topic, bytes).catch(error => this.#log.debug('not published', { topic, error: String(error) }))
  }

  #equivocated(store: Store, evidence: Equivocation): void {
    this.#observer.equivocation(evidence)
    keepEvidence(store, evidence).catch(error => this.#log.error('evidence', { error: String(error) }))
  }

  #headMoved(change: Reorg, reverted: readonly SignedTransaction[], applied: readonly SignedTransaction[]): void {
    const parts = this.#parts
    if (parts === undefined) return
    const { chain, pool, mempool, syncer, producer, voter } = parts
    const { returned, dropped } = pool.reorg(reverted, applied, address => chain.account(address))
    const previous = {
      hash: change.reverted[0] ?? change.ancestor.hash,
      height: change.ancestor.height + change.reverted.length,
    }
    this.#observer.head(chain.head, change, previous, returned.length, dropped.length)
    mempool.respread(returned)
    syncer.headMoved(change)
    producer?.headMoved()
    voter?.headMoved().catch(error => this.#failed('vote', error))
  }

  async *onRequest(method: Method, bytes: Uint8Array, from: PeerId): AsyncGenerator<Uint8Array> {
    const parts = this.#parts
    if (parts === undefined) return
    let outcome = 'abandoned'
    try {
      if (method === 'peers') yield* this.#exchange.answer(parts.stack.records(), from, steadyNow(), Math.random)
      else yield* parts.syncer.onRequest(method, bytes, from)
      outcome = 'answered'
    } catch (error) {
      outcome = error instanceof RequestRefused ? error.code : 'failed'
      throw error
    } finally {
      this.#metrics.get('trellis_node_served_requests_total').inc({ method, outcome })
      if (outcome === 'rate-limited') this.#metrics.get('trellis_node_rate_limited_total').inc({ method })
    }
  }

  onConnected(peer: PeerInfo): void {
    this.#parts?.peering.connected(peer)
    this.#parts?.syncer.onConnected(peer)
    this.#observer.peer('connected', peer, this.#names.of(peer.id), '')
  }

  onDisconnected(peer: PeerInfo, reason: string): void {
    this.#met.delete(peer.id)
    this.#parts?.syncer.onDisconnected(peer.id)
    this.#parts?.peering.disconnected(peer)
    this.#observer.peer('disconnected', peer, this.#names.of(peer.id), reason)
  }

  onDiscovered(...told: Parameters<StackEvents['onDiscovered']>): void {
    this.#parts?.peering.discovered(...told)
  }

  onMesh(topic: Topic, peers: readonly PeerId[]): void {
    this.#observer.mesh(
      topic,
      peers.map(peer => this.#names.of(peer) || peer),
    )
  }

  onMisbehaviour(peer: PeerId, offence: string): void {
    this.#log.debug('misbehaviour', { peer, name: this.#names.of(peer), offence })
    this.#parts?.peering.offended(peer, offence)
  }

  /** A defect in one piece of work is logged; without its disk the node could only pretend to go on. */
  #failed(work: string, error: unknown): void {
    if (error instanceof StoreError) this.#fatal(error)
    else this.#log.error(work, { error: String(error) })
  }

  async #keepHouse({ importer, snapshots, store, peering }: Parts): Promise<void> {
    try {
      importer.expireOrphans()
      await importer.exclusive(() => snapshots.save())
      await store.setSlots({ 'address-book': new TextEncoder().encode(JSON.stringify(peering.keeper.book)) })
      this.#metrics.get('trellis_node_store_bytes').set(await directoryBytes(this.#config.dataDir))
    } catch (error) {
      this.#failed('housekeeping', error)
    }
  }
}

interface Parts {
  readonly store: Store
  readonly chain: Chain
  readonly pool: Pool
  readonly importer: Importer
  readonly ballots: Ballots
  readonly mempool: Mempool
  readonly intake: Intake
  readonly peering: Peering
  readonly syncer: Syncer
  readonly voter: Voter | undefined
  readonly producer: Producer | undefined
  readonly load: LoadGenerator | undefined
  readonly view: View
  readonly stack: Stack
  readonly links: Links
  readonly snapshots: Snapshots
}

function parseJson(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined) return undefined
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}
