// Transactions waiting for a block. Bounded by count, bytes and per sender; one transaction a sender and nonce, so two in
// the pool never exclude each other. Signatures are verified before `add`.
import type { Account } from './accounts.ts'
import { transactionBytes } from './body.ts'
import { Heap } from './heap.ts'
import { equalBytes, toHex } from './hex.ts'
import { transactionId } from './roots.ts'
import type { Address, Hash, SignedTransaction } from './types.ts'

export interface PoolBounds {
  readonly maxCount: number
  readonly maxBytes: number
  readonly maxPerSender: number
  /** How far a nonce may run ahead of the account's. */
  readonly maxNonceAhead: number
}

/** 50,000 is what CometBFT needed for 4,000 tx/s at one-second blocks (docs/benchmarks.md). */
export const defaultPoolBounds: PoolBounds = {
  maxCount: 50_000,
  maxBytes: 67_108_864,
  maxPerSender: 8_192,
  maxNonceAhead: 8_192,
}

/** A transaction takes another's place only when it pays at least 110 % of its fee. */
const REPLACE_PERCENT = 110

export type Refusal =
  | 'stale-nonce'
  | 'nonce-too-far'
  | 'insufficient-balance'
  | 'replacement-underpriced'
  | 'sender-limit'
  | 'pool-full'

export type AddResult =
  | { readonly kind: 'added'; readonly id: Hash; readonly replaced?: Hash; readonly evicted: readonly Hash[] }
  | { readonly kind: 'known'; readonly id: Hash }
  | { readonly kind: 'refused'; readonly id: Hash; readonly code: Refusal }

/** The account at the head. */
export type AccountView = (address: Uint8Array) => Account

interface Entry {
  readonly id: Hash
  readonly sender: Address
  readonly signed: SignedTransaction
  readonly fee: number
  readonly nonce: number
  readonly bytes: number
}

/** What the pool holds of one sender. */
interface Queue {
  readonly address: Uint8Array
  readonly entries: Map<number, Entry>
  highest: number
}

const cheaper = (a: Entry, b: Entry): boolean => (a.fee === b.fee ? a.id > b.id : a.fee < b.fee)
const dearer = (a: Entry, b: Entry): boolean => cheaper(b, a)

export class Pool {
  readonly #domain: Uint8Array
  readonly #bounds: PoolBounds
  readonly #byId = new Map<Hash, Entry>()
  readonly #queues = new Map<Address, Queue>()
  /** Candidates for eviction: every sender's last entry, and outdated ones that are skipped when they come up. */
  #tails = new Heap<Entry>(cheaper)
  #bytes = 0

  /** `domain` is Chain.domain. */
  constructor(domain: Uint8Array, bounds: Partial<PoolBounds> = {}) {
    this.#domain = domain
    this.#bounds = { ...defaultPoolBounds, ...bounds }
  }

  get count(): number {
    return this.#byId.size
  }
  get bytes(): number {
    return this.#bytes
  }
  has(id: Hash): boolean {
    return this.#byId.has(id)
  }
  get(id: Hash): SignedTransaction | undefined {
    return this.#byId.get(id)?.signed
  }
  /** Is this very signature of the transaction in the pool, and so verified? Fits Chain.bodySignatureJobs. */
  readonly holds = (id: Hash, signature: Uint8Array): boolean => {
    const entry = this.#byId.get(id)
    return entry !== undefined && equalBytes(entry.signed.signature, signature)
  }
  ids(): IterableIterator<Hash> {
    return this.#byId.keys()
  }

  /** The nonce a sender's next transaction should have, after those waiting here without a gap. */
  nextNonce(address: Uint8Array, view: AccountView): number {
    let { nonce } = view(address)
    const entries = this.#queues.get(toHex(address))?.entries
    while (entries?.has(nonce)) nonce++
    return nonce
  }

  /** Why the account cannot send this now, whatever else is in the pool; undefined when it can. Needs no signature. */
  refusal({ message }: SignedTransaction, view: AccountView): Refusal | undefined {
    const { balance, nonce } = view(message.sender)
    if (message.nonce < nonce) return 'stale-nonce'
    if (message.nonce > nonce + this.#bounds.maxNonceAhead) return 'nonce-too-far'
    // Only what this one costs: what waits before it may still be replaced, and `select` counts exactly.
    return message.amount + message.fee > balance ? 'insufficient-balance' : undefined
  }

  /** Takes a transaction whose signature was verified, or says why not. */
  add(signed: SignedTransaction, view: AccountView): AddResult {
    const entry = this.#entryOf(signed)
    const { id } = entry
    if (this.#byId.has(id)) return { kind: 'known', id }
    const code = this.refusal(signed, view)
    return code ? { kind: 'refused', id, code } : this.#place(entry)
  }

  #entryOf(signed: SignedTransaction): Entry {
    const { sender, fee, nonce } = signed.message
    const id = transactionId(signed, this.#domain)
    return { id, sender: toHex(sender), signed, fee, nonce, bytes: transactionBytes(signed) }
  }

  #place(entry: Entry): AddResult {
    const { id, sender, nonce } = entry
    const queue = this.#queues.get(sender)
    const rival = queue?.entries.get(nonce)
    if (rival) {
      if (entry.fee * 100 < rival.fee * REPLACE_PERCENT || entry.fee <= rival.fee) {
        return { kind: 'refused', id, code: 'replacement-underpriced' }
      }
      this.#remove(rival)
    } else if (queue && queue.entries.size >= this.#bounds.maxPerSender) {
      return { kind: 'refused', id, code: 'sender-limit' }
    }
    this.#insert(entry)
    const evicted = this.#evict()
    if (!this.#byId.has(id)) {
      // It was the cheapest itself: what had to go before it comes back, a refusal changes nothing.
      for (const other of rival ? [rival, ...evicted] : evicted) if (other !== entry) this.#insert(other)
      return { kind: 'refused', id, code: 'pool-full' }
    }
    return { kind: 'added', id, ...(rival && { replaced: rival.id }), evicted: evicted.map(one => one.id) }
  }

  #insert(entry: Entry): void {
    const { id, sender, nonce, bytes } = entry
    let queue = this.#queues.get(sender)
    if (!queue) {
      queue = { address: entry.signed.message.sender, entries: new Map(), highest: nonce }
      this.#queues.set(sender, queue)
    }
    queue.entries.set(nonce, entry)
    queue.highest = Math.max(queue.highest, nonce)
    this.#byId.set(id, entry)
    this.#bytes += bytes
    if (queue.highest === nonce) this.#pushTail(entry)
  }

  #remove({ id, sender, nonce, bytes }: Entry): void {
    const queue = this.#queues.get(sender)!
    queue.entries.delete(nonce)
    this.#byId.delete(id)
    this.#bytes -= bytes
    if (queue.entries.size === 0) {
      this.#queues.delete(sender)
    } else if (nonce === queue.highest) {
      while (!queue.entries.has(queue.highest)) queue.highest--
      this.#pushTail(queue.entries.get(queue.highest)!)
    }
  }

  #isTail({ id, sender, nonce }: Entry): boolean {
    return this.#byId.has(id) && this.#queues.get(sender)!.highest === nonce
  }

  #pushTail(entry: Entry): void {
    this.#tails.push(entry)
    // Outdated entries pile up while nothing is evicted: start over with the senders' present tails.
    if (this.#tails.size <= 2 * this.#byId.size + 64) return
    const tails = [...this.#queues.values()].map(({ entries, highest }) => entries.get(highest)!)
    this.#tails = new Heap(cheaper, tails)
  }

  /** Drops the cheapest last entries of senders until the bounds hold: what is left can still be included. */
  #evict(): Entry[] {
    const evicted: Entry[] = []
    while (this.#byId.size > this.#bounds.maxCount || this.#bytes > this.#bounds.maxBytes) {
      const entry = this.#tails.pop()
      if (!entry) break
      if (!this.#isTail(entry)) continue
      this.#remove(entry)
      evicted.push(entry)
    }
    return evicted
  }

  /** What a block on the head can hold: nonce order per sender, highest fee first across them, at most `maxBytes`. */
  *select(view: AccountView, maxBytes: number): Generator<SignedTransaction> {
    const balances = new Map<Address, number>()
    const ready: Entry[] = []
    for (const [sender, { address, entries }] of this.#queues) {
      const { nonce, balance } = view(address)
      const first = entries.get(nonce)
      if (!first) continue
      balances.set(sender, balance)
      ready.push(first)
    }
    const heap = new Heap(dearer, ready)
    let bytes = 0
    for (let entry = heap.pop(); entry; entry = heap.pop()) {
      const { message } = entry.signed
      const balance = balances.get(entry.sender)! - message.amount - message.fee
      // What does not fit or cannot be paid keeps the sender's later ones out too.
      if (balance < 0 || bytes + entry.bytes > maxBytes) continue
      bytes += entry.bytes
      balances.set(entry.sender, balance)
      yield entry.signed
      const next = this.#queues.get(entry.sender)?.entries.get(entry.nonce + 1)
      if (next) heap.push(next)
    }
  }

  /**
   * The head moved. Takes out what was applied or became stale, takes back what was reverted and can still be included.
   * Balances do not decide here: what pays a returned transaction may itself have been reverted.
   */
  reorg(
    reverted: readonly SignedTransaction[],
    applied: readonly SignedTransaction[],
    view: AccountView,
  ): { readonly returned: readonly Hash[]; readonly dropped: readonly Hash[] } {
    const included = new Set<Hash>()
    const senders = new Map<Address, Uint8Array>()
    for (const signed of applied) {
      included.add(transactionId(signed, this.#domain))
      senders.set(toHex(signed.message.sender), signed.message.sender)
    }
    const returned: Hash[] = []
    const dropped: Hash[] = []
    for (const [sender, address] of senders) this.#dropStale(sender, view(address).nonce)
    for (const signed of reverted) {
      const entry = this.#entryOf(signed)
      if (included.has(entry.id)) continue
      // Gossip may have brought it back before the reorg did.
      const back =
        this.has(entry.id) ||
        (entry.nonce >= view(signed.message.sender).nonce && this.#place(entry).kind !== 'refused')
      ;(back ? returned : dropped).push(entry.id)
    }
    // A later return may have pushed out an earlier one when the pool is full.
    return {
      returned: returned.filter(id => this.has(id)),
      dropped: [...dropped, ...returned.filter(id => !this.has(id))],
    }
  }

  #dropStale(sender: Address, nonce: number): void {
    const queue = this.#queues.get(sender)
    if (!queue) return
    for (const entry of [...queue.entries.values()]) if (entry.nonce < nonce) this.#remove(entry)
  }
}
