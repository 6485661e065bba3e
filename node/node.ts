// One node: opens its store, makes the ledger and the network, serves HTTP, and ends them in order.
import type { NodeConfig, Roster } from '../api/node-config.ts'
import { genesisBlock } from './chain/index.ts'
import { ChainClock, steadyNow } from './clock.ts'
import { Links } from './faults/links.ts'
import { standingLinks } from './faults/standing.ts'
import { linkTransport } from './faults/transport.ts'
import { startAdminServer } from './http/admin.ts'
import { startPublicServer } from './http/public.ts'
import type { RunningServer } from './http/server.ts'
import { Ledger } from './ledger.ts'
import { ownProcess } from './lifecycle/own-process.ts'
import { Network } from './network.ts'
import type { Log } from './observe/log.ts'
import { measure } from './observe/measure.ts'
import { createMetrics } from './observe/metrics.ts'
import { Observer } from './observe/observer.ts'
import { PartitionWatch } from './observe/partition-watch.ts'
import { measureStore } from './observe/store-sizes.ts'
import { View } from './observe/view.ts'
import { createGossipsubStack } from './stacks/gossipsub/index.ts'
import { restoreChain } from './store/restore.ts'
import { Store, StoreError } from './store/store.ts'
import type { Surroundings } from './surroundings.ts'

export const version = '0.1.0'

/** Snapshots, the address book and the size of the store are looked after this often. */
const housekeepingMs = 5_000

interface Parts {
  readonly ledger: Ledger
  readonly network: Network
  readonly links: Links
  readonly partition: PartitionWatch
}

export class Node {
  readonly #around: Surroundings
  readonly #startedAt = Date.now()
  readonly #clock: ChainClock
  readonly #servers: RunningServer[] = []
  #parts: Parts | undefined
  #housekeeping: NodeJS.Timeout | undefined
  #ready = false

  /** `fatal` is told of what the node cannot live with while it runs, such as a full disk; it ends the process. */
  constructor(config: NodeConfig, log: Log, fatal: (error: unknown) => void) {
    const metrics = createMetrics({ testnet: config.testnet, node: config.name, group: config.group })
    // What is told keeps the true time: a record with one node's wrong clock in it could not be put in order.
    const observer = new Observer({ log, metrics, now: Date.now })
    this.#clock = new ChainClock((id, change) => {
      observer.events.emit({ kind: 'faults', id, change })
      this.#parts?.ledger.clockMoved()
    })
    this.#around = {
      config,
      log,
      metrics,
      now: Date.now,
      clock: this.#clock.now,
      observer,
      // Without its disk the node could only pretend to go on.
      failed: (work, error) => (error instanceof StoreError ? fatal(error) : log.error(work, { error: String(error) })),
    }
  }

  /** Throws StoreError, ConfigError, GenesisError or what the system says of an address; the process then ends. */
  async start(): Promise<void> {
    const { log, now } = this.#around
    const parts = await this.#assemble()
    this.#parts = parts
    const { chain } = parts.ledger
    const { stack } = parts.network
    log.info('starting', {
      height: chain.head.height,
      finalized: chain.finalized.height,
      genesis: chain.genesisHash,
      peerId: stack.id,
    })
    await this.#serve(parts)
    await parts.network.start()
    this.#housekeeping = setInterval(() => void this.#keepHouse(parts), housekeepingMs)
    this.#ready = true
    log.info('ready', { addresses: stack.addresses(), sinceMs: now() - this.#startedAt })
  }

  /** The testnet has other nodes, or other latency between its regions: what is sent is delayed accordingly from now on. */
  regard(roster: Roster): void {
    const { config, log } = this.#around
    this.#parts?.links.stand(standingLinks(config, roster))
    log.info('roster changed', { nodes: roster.roster.length, latencies: roster.latency.length })
  }

  async stop(): Promise<void> {
    this.#ready = false
    clearInterval(this.#housekeeping)
    this.#clock.stop()
    await Promise.all(this.#servers.map(server => server.close()))
    if (this.#parts === undefined) return
    const { ledger, network, links } = this.#parts
    ledger.end()
    await network.stop()
    links.stop()
    await ledger.importer.settled()
    await this.#keepHouse(this.#parts)
    this.#around.metrics.stop()
    await ledger.store.close()
  }

  async #assemble(): Promise<Parts> {
    const { config, metrics, observer, now, clock } = this.#around
    const store = await Store.open(config.dataDir, genesisBlock(config.genesis).record.hash)
    const chain = await restoreChain(config.genesis, store)
    const ledger = await Ledger.open(this.#around, chain, store)
    const links = new Links({
      ownHost: config.announce ?? config.listen.host,
      standing: standingLinks(config, config),
      onRow: (id, change) => observer.events.emit({ kind: 'faults', id, change }),
    })
    const transports = linkTransport(links)
    const stack = await createGossipsubStack({
      config,
      genesisHash: chain.genesisHash,
      wrapTransport: factory => transports.wrap(factory),
      onIdentified: (connection, peer) => transports.identify(connection, peer),
      deny: peer => this.#parts?.network.peering.denies(peer) ?? false,
      now: steadyNow,
    })
    const network = new Network(this.#around, ledger, stack, parseJson(await store.slot('address-book')))
    ledger.attach(network)
    const partition = new PartitionWatch({
      chain,
      stack,
      keeper: network.peering.keeper,
      syncing: () => network.syncer.progress.state === 'syncing',
      clock,
      now: steadyNow,
    })
    observer.events.subscribe(({ event }) => {
      if (event.kind === 'head') partition.headMoved()
    })
    const { clockOffset } = observer
    metrics.onScrape(() => measure(metrics, { ledger, network, links, partition, clockOffset, now }))
    metrics.get('trellis_node_mesh_low').set(config.network.gossipsub.dLow)
    metrics.get('trellis_node_info').set({ version, stack: stack.name, role: config.role, region: config.region }, 1)
    metrics.get('trellis_node_block_interval_seconds').set(config.genesis.blockIntervalMs / 1_000)
    metrics.get('trellis_node_checkpoint_interval').set(config.genesis.checkpointInterval)
    return { ledger, network, links, partition }
  }

  async #serve({ ledger, network, links, partition }: Parts): Promise<void> {
    const { config, log, metrics, observer, clock } = this.#around
    const { host, http, admin } = config.listen
    const onDefect = (error: unknown, path: string): void =>
      log.error('http', { path, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    // First, because it may refuse its configuration: then nothing has listened.
    this.#servers.push(
      await startAdminServer({
        host,
        port: admin,
        ...(config.adminToken !== undefined && { token: config.adminToken }),
        control: {
          faults: links,
          clock: this.#clock,
          lifecycle: ownProcess({
            dataDir: config.dataDir,
            adminToken: config.adminToken,
            servers: () => {
              const [admin, open] = this.#servers
              return { admin: admin!.listening, public: open!.listening }
            },
          }),
          disconnect: peer => network.disconnect(peer, 'administration'),
        },
        onDefect,
      }),
    )
    const view = new View({
      config,
      version,
      ledger,
      network,
      startedAt: this.#startedAt,
      reorgs: () => observer.reorgs,
      partitionSuspected: () => partition.read().suspected,
      ready: () => this.#ready,
      now: clock,
    })
    const onClients = (count: number): void => metrics.get('trellis_node_event_clients').set(count)
    const events = { events: observer.events, startedAt: this.#startedAt, onClients }
    this.#servers.push(await startPublicServer({ host, port: http, view, metrics, events, onDefect }))
  }

  async #keepHouse({ ledger, network }: Parts): Promise<void> {
    const { config, metrics, failed } = this.#around
    try {
      await ledger.keepHouse()
      const book = new TextEncoder().encode(JSON.stringify(network.peering.keeper.book))
      await ledger.store.setSlots({ 'address-book': book })
      await measureStore(metrics, ledger.store, config.dataDir)
    } catch (error) {
      failed('housekeeping', error)
    }
  }
}

function parseJson(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined) return undefined
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}
