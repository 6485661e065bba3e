// Transactions between the outside and the pool: verified once, pooled, and spread in batches.

import { bytesInBody } from '../chain/body.ts'
import {
  decodeBody,
  decodeTransaction,
  encodeBody,
  type Hash,
  type SignedTransaction,
  transactionId,
  transactionJob,
} from '../chain/index.ts'
import type { AccountView, AddResult, Pool, Refusal } from '../chain/pool.ts'
import { MAX_TRANSACTION_MESSAGE_BYTES, type PeerId, type Stack, type Verdict } from '../stacks/port.ts'
import { encodePoolRequest } from '../sync/messages.ts'
import type { Verifier } from './verifier.ts'

/** Transactions of one gossip message; the first of a batch waits at most `batchDelayMs` for company. */
export const maxBatch = 256
const batchDelayMs = 100
const pullTimeoutMs = 5_000
/** Signatures verified at once: the first bad one of a message spares the node the rest of it. */
const verifyAtOnce = 16

export type Source = 'gossip' | 'http' | 'load'
/** What became of a transaction that was offered to the pool. */
export type Outcome = 'accepted' | 'known' | 'bad-signature' | 'malformed' | Refusal

export type SubmitResult =
  | { readonly kind: 'accepted' | 'known'; readonly id: Hash }
  | { readonly kind: 'refused'; readonly id: Hash; readonly code: Refusal | 'bad-signature' }

export class Mempool {
  readonly #pool: Pool
  readonly #verifier: Verifier
  readonly #domain: Uint8Array
  readonly #account: AccountView
  readonly #publish: (topic: 'transaction', bytes: Uint8Array) => Promise<unknown>
  readonly #offered: (source: Source, outcome: Outcome) => void
  readonly #batch: SignedTransaction[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(parts: {
    readonly pool: Pool
    readonly verifier: Verifier
    /** Genesis hash as bytes. */
    readonly domain: Uint8Array
    readonly account: AccountView
    readonly publish: (topic: 'transaction', bytes: Uint8Array) => Promise<unknown>
    /** Told of every transaction, for the metrics. */
    readonly offered: (source: Source, outcome: Outcome) => void
  }) {
    this.#pool = parts.pool
    this.#verifier = parts.verifier
    this.#domain = parts.domain
    this.#account = parts.account
    this.#publish = parts.publish
    this.#offered = parts.offered
  }

  /** Takes a transaction of our own or of a client. */
  async submit(transaction: SignedTransaction, source: 'http' | 'load'): Promise<SubmitResult> {
    const result = await this.#submit(transaction)
    this.#offered(source, result.kind === 'refused' ? result.code : result.kind)
    return result
  }

  async #submit(transaction: SignedTransaction): Promise<SubmitResult> {
    const id = transactionId(transaction, this.#domain)
    if (this.#pool.has(id)) return { kind: 'known', id }
    const code = this.#pool.refusal(transaction, this.#account)
    if (code) return { kind: 'refused', id, code }
    if (!(await this.#verifier.verify([transactionJob(transaction, this.#domain)])))
      return { kind: 'refused', id, code: 'bad-signature' }
    const added = this.#pool.add(transaction, this.#account)
    if (added.kind !== 'added') return added
    this.#spread(transaction)
    return { kind: 'accepted', id }
  }

  /** A gossip message of transactions: forwarded when the pool took at least one, never when one it would take is forged. */
  async onGossip(bytes: Uint8Array): Promise<Verdict> {
    let transactions: readonly SignedTransaction[]
    try {
      transactions = decodeBody(bytes)
    } catch {
      transactions = []
    }
    if (transactions.length === 0 || transactions.length > maxBatch) {
      this.#offered('gossip', 'malformed')
      return 'reject'
    }
    return this.#take(transactions)
  }

  /** Asks a new peer for the best of its pool: what was sent while we were apart reaches nobody by gossip any more. */
  async pull(stack: Pick<Stack, 'request'>, peer: PeerId): Promise<void> {
    const found: SignedTransaction[] = []
    try {
      for await (const frame of stack.request(peer, 'pool', encodePoolRequest([]), { timeoutMs: pullTimeoutMs })) {
        found.push(decodeTransaction(frame))
        if (found.length >= maxBatch) break
      }
    } catch {
      // What arrived before the end is as good as any; the peer's requests are judged elsewhere.
    }
    await this.#take(found)
  }

  async #take(transactions: readonly SignedTransaction[]): Promise<Verdict> {
    // What the pool has or its account cannot pay costs no verification, is nobody's fault and goes no further: else
    // empty accounts, which anybody can make, could flood everyone.
    const wanted: SignedTransaction[] = []
    for (const transaction of transactions) {
      const known = this.#pool.has(transactionId(transaction, this.#domain))
      const refusal = known ? 'known' : this.#pool.refusal(transaction, this.#account)
      if (refusal) this.#offered('gossip', refusal)
      else wanted.push(transaction)
    }
    for (let i = 0; i < wanted.length; i += verifyAtOnce) {
      const jobs = wanted.slice(i, i + verifyAtOnce).map(transaction => transactionJob(transaction, this.#domain))
      if (await this.#verifier.verify(jobs)) continue
      this.#offered('gossip', 'bad-signature')
      return 'reject'
    }
    let took = false
    for (const transaction of wanted) {
      const result = this.#pool.add(transaction, this.#account)
      took ||= result.kind === 'added'
      this.#offered('gossip', outcomeOf(result))
    }
    return took ? 'accept' : 'ignore'
  }

  /**
   * A reorg returned these to the pool: the winning side never saw them. Every node of the losing side sends the same
   * messages, so gossip carries each once.
   */
  respread(ids: readonly Hash[]): void {
    this.#publishAll(ids.flatMap(id => this.#pool.get(id) ?? []))
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #spread(transaction: SignedTransaction): void {
    this.#batch.push(transaction)
    if (this.#batch.length >= maxBatch) this.#flush()
    else this.#timer ??= setTimeout(() => this.#flush(), batchDelayMs)
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#publishAll(this.#batch.splice(0))
  }

  #publishAll(transactions: readonly SignedTransaction[]): void {
    for (const batch of messagesOf(transactions))
      void this.#publish('transaction', encodeBody(batch)).catch(() => undefined)
  }
}

const outcomeOf = (result: AddResult): Outcome =>
  result.kind === 'refused' ? result.code : result.kind === 'added' ? 'accepted' : 'known'

/** The transactions in messages that peers take: a longer or larger one would be held against us. */
export function* messagesOf(transactions: readonly SignedTransaction[]): Generator<readonly SignedTransaction[]> {
  let batch: SignedTransaction[] = []
  let bytes = 0
  for (const transaction of transactions) {
    const size = bytesInBody(transaction)
    if (batch.length > 0 && (batch.length >= maxBatch || bytes + size > MAX_TRANSACTION_MESSAGE_BYTES)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(transaction)
    bytes += size
  }
  if (batch.length > 0) yield batch
}
