// Transactions between the outside and the pool: verified once, pooled, and spread in batches.
import {
  decodeBody,
  decodeTransaction,
  encodeBody,
  type Hash,
  type SignedTransaction,
  transactionId,
  transactionJob,
} from './chain/index.ts'
import type { AccountView, Pool, Refusal } from './chain/pool.ts'
import type { PeerId, Stack, Verdict } from './stacks/port.ts'
import { encodePoolRequest } from './sync/messages.ts'
import type { Verifier } from './verifier.ts'

/** Transactions of one gossip message; the first of a batch waits at most `batchDelayMs` for company. */
export const maxBatch = 256
const batchDelayMs = 100
const pullTimeoutMs = 5_000

export type SubmitResult =
  | { readonly kind: 'accepted' | 'known'; readonly id: Hash }
  | { readonly kind: 'refused'; readonly id: Hash; readonly code: Refusal | 'bad-signature' }

export class Mempool {
  readonly #pool: Pool
  readonly #verifier: Verifier
  readonly #domain: Uint8Array
  readonly #account: AccountView
  readonly #publish: Stack['publish']
  #batch: SignedTransaction[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(parts: {
    readonly pool: Pool
    readonly verifier: Verifier
    /** Genesis hash as bytes. */
    readonly domain: Uint8Array
    readonly account: AccountView
    readonly publish: Stack['publish']
  }) {
    this.#pool = parts.pool
    this.#verifier = parts.verifier
    this.#domain = parts.domain
    this.#account = parts.account
    this.#publish = parts.publish
  }

  /** Takes a transaction of our own or of a client. */
  async submit(transaction: SignedTransaction): Promise<SubmitResult> {
    const id = transactionId(transaction, this.#domain)
    if (this.#pool.has(id)) return { kind: 'known', id }
    if (!(await this.#verifier.verify([transactionJob(transaction, this.#domain)])))
      return { kind: 'refused', id, code: 'bad-signature' }
    const added = this.#pool.add(transaction, this.#account)
    if (added.kind !== 'added') return added
    this.#spread(transaction)
    return { kind: 'accepted', id }
  }

  /** A gossip message of transactions: forwarded when at least one was new, never when one of them is forged. */
  async onGossip(bytes: Uint8Array): Promise<Verdict> {
    let transactions: readonly SignedTransaction[]
    try {
      transactions = decodeBody(bytes)
    } catch {
      return 'reject'
    }
    if (transactions.length === 0 || transactions.length > maxBatch) return 'reject'
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
    const fresh = transactions.filter(transaction => !this.#pool.has(transactionId(transaction, this.#domain)))
    // A transaction that was included meanwhile costs no verification and is nobody's fault.
    const wanted = fresh.filter(({ message }) => message.nonce >= this.#account(message.sender).nonce)
    if (wanted.length === 0) return 'ignore'
    if (!(await this.#verifier.verify(wanted.map(transaction => transactionJob(transaction, this.#domain)))))
      return 'reject'
    for (const transaction of wanted) this.#pool.add(transaction, this.#account)
    return 'accept'
  }

  /**
   * A reorg returned these to the pool: the winning side never saw them. Every node of the losing side sends the same
   * messages, so gossip carries each once.
   */
  respread(ids: readonly Hash[]): void {
    for (let i = 0; i < ids.length; i += maxBatch) {
      const batch = ids.slice(i, i + maxBatch).flatMap(id => this.#pool.get(id) ?? [])
      if (batch.length > 0) void this.#publish('transaction', encodeBody(batch)).catch(() => undefined)
    }
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
    const batch = this.#batch
    this.#batch = []
    if (batch.length > 0) void this.#publish('transaction', encodeBody(batch)).catch(() => undefined)
  }
}
