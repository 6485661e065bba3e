// Everything that happens to the chain: import, votes, the pool, production and load. It knows no peer, only what it
// has to tell the network.

import { toHex } from './chain/hex.ts'
import {
  type Block,
  blockHash,
  type Chain,
  type Checkpoint,
  type Equivocation,
  encodeBlock,
  encodeVote,
  type Hash,
  type Reorg,
  type SignedTransaction,
  type SignedVote,
  transactionRoot,
} from './chain/index.ts'
import { Pool } from './chain/pool.ts'
import { steadyNow } from './clock.ts'
import { Ballots } from './intake/ballots.ts'
import { type ImportEvents, Importer } from './intake/importer.ts'
import { Mempool } from './intake/mempool.ts'
import { type SigningKey, signingKey, Verifier } from './intake/verifier.ts'
import { keepEvidence } from './observe/evidence.ts'
import { LoadGenerator } from './production/load.ts'
import { Producer } from './production/producer.ts'
import { Voter } from './production/voter.ts'
import type { PeerId, Topic } from './stacks/port.ts'
import { Snapshots } from './store/restore.ts'
import type { Store } from './store/store.ts'
import type { Surroundings } from './surroundings.ts'

/** What the ledger tells the network. */
export interface Outlet extends Pick<ImportEvents, 'onBadOrphan'> {
  publish(topic: Topic, bytes: Uint8Array): Promise<void>
  blockImported(hash: Hash): void
  orphanArrived(orphan: Checkpoint, from: PeerId): void
  headMoved(change: Reorg): void
}

export class Ledger {
  readonly chain: Chain
  readonly store: Store
  readonly verifier = new Verifier()
  readonly pool: Pool
  readonly importer: Importer
  readonly ballots: Ballots
  readonly mempool: Mempool
  readonly #around: Surroundings
  readonly #snapshots: Snapshots
  readonly #load: LoadGenerator | undefined
  #producer: Producer | undefined
  #voter: Voter | undefined
  #outlet: Outlet | undefined

  private constructor(around: Surroundings, chain: Chain, store: Store) {
    const { metrics, observer, now, clock } = around
    this.#around = around
    this.chain = chain
    this.store = store
    this.#snapshots = new Snapshots(chain, store)
    this.pool = new Pool(chain.domain)
    const verifier = this.verifier
    const onEquivocation = (evidence: Equivocation): void => this.#equivocated(evidence)
    this.importer = new Importer({
      chain,
      store,
      verifier,
      now,
      clock,
      alreadyVerified: this.pool.holds,
      events: {
        onBlock: (record, block, from, receivedAt) => {
          observer.block(record, block.transactions.length, from, receivedAt)
          this.#outlet?.blockImported(record.hash)
          this.ballots.onBlock(record.hash).catch(error => around.failed('early votes', error))
        },
        onHead: (change, reverted, applied) => this.#headMoved(change, reverted, applied),
        onEquivocation,
        onUnknownParent: (orphan, from) => this.#outlet?.orphanArrived(orphan, from),
        onBadOrphan: (...refused) => this.#outlet?.onBadOrphan(...refused),
        onFailure: error => around.failed('import', error),
      },
    })
    this.ballots = new Ballots({
      chain,
      store,
      importer: this.importer,
      verifier,
      events: {
        onJustified: checkpoint => observer.justified(checkpoint),
        onFinalized: checkpoint => observer.finalized(checkpoint),
        onEquivocation,
        onRejected: reason => observer.voteRejected(reason),
      },
    })
    this.mempool = new Mempool({
      pool: this.pool,
      verifier,
      domain: chain.domain,
      account: address => chain.account(address),
      publish: (topic, bytes) => this.#publish(topic, bytes),
      offered: (source, outcome) => metrics.get('trellis_node_transactions_received_total').inc({ source, outcome }),
    })
    this.#load = this.#createLoad()
  }

  /** Takes over an open store and its chain. */
  static async open(around: Surroundings, chain: Chain, store: Store): Promise<Ledger> {
    const ledger = new Ledger(around, chain, store)
    const seed = around.config.keys.validator
    const key = seed === undefined ? undefined : signingKey(seed)
    // A miner that came after the genesis has no weight: it follows.
    if (key && chain.weightOf(toHex(key.publicKey)) !== undefined) await ledger.#validate(key)
    return ledger
  }

  /** From here on the network hears of what happens. */
  attach(outlet: Outlet): void {
    this.#outlet = outlet
  }

  /** Has something to begin once the network is met: production or load. */
  get active(): boolean {
    return this.#producer !== undefined || this.#load !== undefined
  }

  /** The only validator of its chain needs nobody to go on. */
  get alone(): boolean {
    return this.chain.genesis.validators.length === 1 && this.#producer !== undefined
  }

  begin(): void {
    this.#producer?.start()
    this.#load?.start()
  }

  end(): void {
    this.#producer?.stop()
    this.#load?.stop()
    this.mempool.stop()
  }

  async keepHouse(): Promise<void> {
    this.importer.expireOrphans()
    await this.importer.exclusive(() => this.#snapshots.save())
  }

  async #validate(key: SigningKey): Promise<void> {
    const { config, clock, failed } = this.#around
    const { chain, pool } = this
    this.#voter = await Voter.open(chain, key, this.store, vote => this.#castVote(vote))
    this.#producer = new Producer({
      chain,
      key,
      candidates: () => pool.select(address => chain.account(address), config.genesis.maxBlockBytes),
      deliver: block => this.#deliver(block).catch(error => failed('own block', error)),
      now: clock,
    })
  }

  #createLoad(): LoadGenerator | undefined {
    const { load } = this.#around.config
    if (load === undefined) return undefined
    const { chain, pool, mempool } = this
    return new LoadGenerator({
      rate: load.rate,
      payloadBytes: load.payloadBytes,
      seeds: load.accounts,
      nextNonce: address => pool.nextNonce(address, who => chain.account(who)),
      signingRoot: transaction => transactionRoot(transaction, chain.domain),
      submit: transaction => mempool.submit(transaction, 'load'),
      now: steadyNow,
    })
  }

  async #deliver(block: Block): Promise<void> {
    const hash = blockHash(block.header.message)
    const outcome = await this.importer.import(block, hash, 'self', this.#around.now())
    if (outcome.kind === 'invalid')
      this.#around.log.error('own block refused', { hash, code: outcome.code, reason: outcome.message })
    if (outcome.kind === 'imported') await this.#publish('block', encodeBlock(block))
  }

  async #castVote(vote: SignedVote): Promise<void> {
    await this.ballots.add(vote)
    await this.#publish('vote', encodeVote(vote))
  }

  async #publish(topic: Topic, bytes: Uint8Array): Promise<void> {
    await this.#outlet?.publish(topic, bytes)
  }

  #equivocated(evidence: Equivocation): void {
    this.#around.observer.equivocation(evidence)
    keepEvidence(this.store, evidence).catch(error => this.#around.failed('evidence', error))
  }

  /** The clock of the chain jumped: what waits for a time of day waits anew. */
  clockMoved(): void {
    this.#producer?.headMoved()
  }

  #headMoved(change: Reorg, reverted: readonly SignedTransaction[], applied: readonly SignedTransaction[]): void {
    const { chain } = this
    const { returned, dropped } = this.pool.reorg(reverted, applied, address => chain.account(address))
    const previous = {
      hash: change.reverted[0] ?? change.ancestor.hash,
      height: change.ancestor.height + change.reverted.length,
    }
    this.#around.observer.head(chain.head, change, previous, returned.length, dropped.length)
    this.mempool.respread(returned)
    this.#outlet?.headMoved(change)
    this.#producer?.headMoved()
    this.#voter?.headMoved().catch(error => this.#around.failed('vote', error))
  }
}
