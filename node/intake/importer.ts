// The one way a block enters the chain, whoever brought it: gossip, sync or our own producer.
// Cheap checks come first, signatures are verified in parallel, execution is in order, and a block is on disk before
// anything tells others about it.
import {
  type Block,
  type BlockRecord,
  type Chain,
  type Checkpoint,
  decodeBody,
  type Equivocation,
  encodeBody,
  encodeHeader,
  type Hash,
  type InvalidCode,
  type Reorg,
  type SignedTransaction,
  toHex,
  transactionId,
} from '../chain/index.ts'
import { type Orphan, Orphans } from '../chain/orphans.ts'
import { replayTo } from '../store/restore.ts'
import type { Store } from '../store/store.ts'
import type { Verifier } from './verifier.ts'

/** Hashes of refused blocks remembered, so that a new signature over one does not make us execute it again. */
const MAX_REFUSED = 1_024

export type ImportOutcome =
  | { readonly kind: 'imported' | 'known' }
  | { readonly kind: 'orphan'; readonly parent: Hash }
  | { readonly kind: 'early'; readonly at: number }
  | { readonly kind: 'invalid'; readonly code: InvalidCode; readonly message: string }

export interface ImportEvents {
  /** The block is stored and part of the tree. */
  onBlock(record: BlockRecord, block: Block, from: string, receivedAt: number): void
  /** The main chain changed; `returned` and `applied` are the transactions of the blocks given up and taken up. */
  onHead(change: Reorg, reverted: readonly SignedTransaction[], applied: readonly SignedTransaction[]): void
  onEquivocation(evidence: Equivocation): void
  /** The peer brought a block that builds on one we do not have. */
  onUnknownParent(orphan: Checkpoint, from: string): void
  /** A block that arrived before its parent breaks a rule; `visible` when the peer must have seen it. */
  onBadOrphan(outcome: Extract<ImportOutcome, { kind: 'invalid' }>, from: string, visible: boolean): void
  /** A defect or a failing disk, where nobody waits for an answer. */
  onFailure(error: unknown): void
}

export interface ImporterParts {
  readonly chain: Chain
  readonly store: Store
  readonly verifier: Verifier
  readonly events: ImportEvents
  readonly now: () => number
  /** What header timestamps are compared with; `now` when absent. */
  readonly clock?: () => number
  /** True when this very transaction, signature included, was verified before (it is in the pool). */
  readonly alreadyVerified: (id: Hash, signature: Uint8Array) => boolean
}

/**
 * Blocks one producer may have on one parent before gossip brings no more: the second proves an equivocation, further
 * ones would only be work for everybody. A chain that grows on one of them comes by synchronisation.
 */
const MAX_SIBLINGS = 2

const parentOf = (block: Block): Hash => toHex(block.header.message.parents[0] ?? new Uint8Array(32))

export class Importer {
  readonly #parts: ImporterParts
  readonly #orphans = new Orphans()
  /** Blocks whose body is the one their header names, until they are executed. */
  readonly #inFlight = new Map<Hash, { readonly block: Block; readonly outcome: Promise<ImportOutcome> }>()
  /** The block being executed: its transactions are at hand, decoding them again would cost as much as executing. */
  #executing: { readonly hash: Hash; readonly block: Block } | undefined
  readonly #refused = new Set<Hash>()
  #tail: Promise<unknown> = Promise.resolve()

  constructor(parts: ImporterParts) {
    this.#parts = parts
  }

  /**
   * Checks a block before its transactions: the header and its signatures, and that the body is the one it names.
   * `ok` means the block may travel on and must be given to `import`. Whoever forwards it has checked as much, so what
   * is wrong beyond that is the producer's doing alone.
   */
  async check(block: Block, hash: Hash): Promise<ImportOutcome | { readonly kind: 'ok' }> {
    const parent = this.#inFlight.get(parentOf(block))
    if (parent !== undefined) await parent.outcome
    const { chain, now, clock = now, verifier } = this.#parts
    const verdict = chain.checkHeader(block.header, clock())
    switch (verdict.kind) {
      case 'known':
        return { kind: 'known' }
      case 'unknown-parent':
        return { kind: 'orphan', parent: verdict.parent }
      case 'early':
        return { kind: 'early', at: verdict.at }
      case 'invalid':
        return verdict
    }
    // Before the hash is looked up: anyone can pair a good header with another body.
    const fault = chain.checkBody(block)
    if (fault) return fault
    if (this.#inFlight.has(hash) || this.#refused.has(hash)) return { kind: 'known' }
    if (this.#siblings(block) >= MAX_SIBLINGS) return { kind: 'known' }
    if (!(await verifier.verify(verdict.jobs)))
      return { kind: 'invalid', code: 'bad-signature', message: 'header or ticket signature does not hold' }
    // Again: others that came with it may have passed meanwhile.
    return this.#siblings(block) >= MAX_SIBLINGS ? { kind: 'known' } : { kind: 'ok' }
  }

  /** Keeps a block whose parent is unknown until the parent arrives or the pool's bounds push it out. */
  keepOrphan(block: Block, hash: Hash, bytes: number, from: string): void {
    const parent = parentOf(block)
    if (this.#orphans.add({ block, hash, parent, bytes, from, at: this.#parts.now() }))
      this.#parts.events.onUnknownParent({ hash, height: block.header.message.height }, from)
  }

  get orphans(): number {
    return this.#orphans.count
  }

  /** Drops orphans that have waited too long or that finality has passed; called from time to time. */
  expireOrphans(): void {
    this.#orphans.expire(this.#parts.now(), this.#parts.chain.finalized.height)
  }

  /** Imports a block whose header was checked. Calls may overlap; execution follows the order of the calls. */
  import(block: Block, hash: Hash, from: string, receivedAt: number): Promise<ImportOutcome> {
    const running = this.#inFlight.get(hash)
    if (running !== undefined) return running.outcome
    // A body that belongs to another header must not hold this hash while the right one arrives.
    const fault = this.#parts.chain.checkBody(block)
    if (fault) return Promise.resolve(fault)
    const ready = this.#verifyBody(block).then(async bad => {
      if (bad === undefined) await this.#keep(block, hash)
      return bad
    })
    ready.catch(() => undefined)
    const turn = this.#tail.then(async () => {
      const result = (await ready) ?? (await this.#execute(block, hash, from, receivedAt))
      if (result.kind === 'invalid') this.#refuse(hash)
      return result
    })
    this.#tail = turn.catch(() => undefined)
    const outcome = turn.finally(() => this.#inFlight.delete(hash))
    this.#inFlight.set(hash, { block, outcome })
    return outcome
  }

  /** Runs a change of the chain (a vote, a certificate) in turn with the blocks. */
  exclusive<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(change)
    this.#tail = turn.catch(() => undefined)
    return turn
  }

  /** Resolves when everything given so far is executed. */
  async settled(): Promise<void> {
    await this.#tail
  }

  async #verifyBody(block: Block): Promise<Extract<ImportOutcome, { kind: 'invalid' }> | undefined> {
    const checked = this.#parts.chain.bodySignatureJobs(block, this.#parts.alreadyVerified)
    if (checked.kind === 'invalid') return checked
    if (await this.#parts.verifier.verify(checked.jobs)) return undefined
    return { kind: 'invalid', code: 'bad-signature', message: 'a transaction signature does not hold' }
  }

  /** Stores before the chain shows the block to anybody; a restart takes up what was stored and executes it again. */
  async #keep(block: Block, hash: Hash): Promise<void> {
    await this.#parts.store.putBlock({
      hash,
      height: block.header.message.height,
      header: encodeHeader(block.header),
      body: encodeBody(block.transactions),
    })
  }

  async #execute(block: Block, hash: Hash, from: string, receivedAt: number): Promise<ImportOutcome> {
    const { chain, store, events } = this.#parts
    let result = chain.insert(block)
    if (result.kind === 'missing-state') {
      await replayTo(chain, store, toHex(block.header.message.parents[0]!))
      result = chain.insert(block)
    }
    switch (result.kind) {
      case 'known':
        return { kind: 'known' }
      case 'unknown-parent':
        return { kind: 'orphan', parent: result.parent }
      case 'missing-state':
        throw new Error(`state of ${chain.head.hash} cannot be rebuilt from the store`)
      case 'invalid':
        await store.removeBlock(hash, block.header.message.height)
        return { kind: 'invalid', code: result.code, message: result.message }
    }
    events.onBlock(result.record, block, from, receivedAt)
    if (result.equivocation) events.onEquivocation(result.equivocation)
    if (result.head) {
      this.#executing = { hash, block }
      await this.headMoved(result.head)
      this.#executing = undefined
    }
    this.#adopt(hash)
    return { kind: 'imported' }
  }

  /** Also called when a vote moved the head; only from inside `exclusive` or an import. */
  async headMoved(change: Reorg): Promise<void> {
    const { chain, store, events } = this.#parts
    // A vote may lead to a branch whose states have left the memory.
    const broken = await replayTo(chain, store, chain.head.hash)
    if (broken !== undefined) throw new Error(`state of head ${chain.head.hash} cannot be rebuilt: ${broken}`)
    const reverted = (await Promise.all(change.reverted.map(hash => this.transactions(hash)))).flat()
    const applied = await Promise.all(change.applied.map(hash => this.transactions(hash)))
    const blocks = change.applied.map((hash, index) => ({
      hash,
      transactions: applied[index]!.map(transaction => transactionId(transaction, chain.domain)),
    }))
    await store.setMain(change.ancestor.height + 1, blocks, change.ancestor.height + change.reverted.length)
    events.onHead(change, reverted, applied.flat())
  }

  /** Transactions of a stored block. */
  async transactions(hash: Hash): Promise<readonly SignedTransaction[]> {
    const fresh = this.#executing
    if (fresh?.hash === hash) return fresh.block.transactions
    const body = await this.#parts.store.body(hash)
    return body === undefined ? [] : decodeBody(body)
  }

  /** Other blocks of the same producer on the same parent. */
  #siblings(block: Block): number {
    const parent = parentOf(block)
    const producer = toHex(block.header.message.producer)
    const { chain } = this.#parts
    let count = chain.children(parent).filter(hash => chain.get(hash)?.producer === producer).length
    for (const { block: other } of this.#inFlight.values()) {
      if (parentOf(other) === parent && toHex(other.header.message.producer) === producer) count++
    }
    return count
  }

  #refuse(hash: Hash): void {
    this.#refused.add(hash)
    if (this.#refused.size <= MAX_REFUSED) return
    const oldest = this.#refused.values().next().value
    if (oldest !== undefined) this.#refused.delete(oldest)
  }

  async #importOrphan({ block, hash, from, at }: Orphan): Promise<void> {
    const { events } = this.#parts
    const checked = await this.check(block, hash)
    if (checked.kind === 'invalid') events.onBadOrphan(checked, from, true)
    if (checked.kind !== 'ok') return
    const outcome = await this.import(block, hash, from, at)
    if (outcome.kind === 'invalid') events.onBadOrphan(outcome, from, false)
  }

  #adopt(parent: Hash): void {
    for (const orphan of this.#orphans.children(parent)) {
      this.#orphans.take(orphan.hash)
      this.#importOrphan(orphan).catch(error => this.#parts.events.onFailure(error))
    }
  }
}
