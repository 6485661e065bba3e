// The load role: signed transfers at a steady rate from the accounts the testnet's seed funded for this node.

import type { SignedTransaction, Transaction } from '../chain/types.ts'
import { type SigningKey, signingKey } from '../intake/verifier.ts'

/** How often the generator wakes; each time it sends what is due since the last. */
const tickMs = 50
/** After a stall the generator catches up at most this long's worth, it does not burst. */
const maxCatchUpMs = 1_000

export interface LoadParts {
  readonly rate: number
  readonly payloadBytes: number
  readonly seeds: readonly string[]
  /** The next nonce of an account, pooled transactions counted. */
  readonly nextNonce: (address: Uint8Array) => number
  readonly signingRoot: (transaction: Transaction) => Uint8Array
  readonly submit: (transaction: SignedTransaction) => Promise<unknown>
  readonly now: () => number
}

export class LoadGenerator {
  readonly #parts: LoadParts
  readonly #accounts: readonly SigningKey[]
  #timer: NodeJS.Timeout | undefined
  #last = 0
  #due = 0
  #count = 0

  constructor(parts: LoadParts) {
    this.#parts = parts
    this.#accounts = parts.seeds.map(signingKey)
  }

  get submitted(): number {
    return this.#count
  }

  start(): void {
    if (this.#timer !== undefined) return
    this.#last = this.#parts.now()
    this.#timer = setInterval(() => void this.#tick(), tickMs)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async #tick(): Promise<void> {
    const now = this.#parts.now()
    this.#due += (Math.min(now - this.#last, maxCatchUpMs) * this.#parts.rate) / 1_000
    this.#last = now
    const count = Math.floor(this.#due)
    this.#due -= count
    const batch: Promise<unknown>[] = []
    for (let i = 0; i < count; i++) {
      // One transaction per account and tick keeps nonces in order without waiting for the previous one.
      if (i > 0 && i % this.#accounts.length === 0) await Promise.all(batch.splice(0))
      batch.push(this.#parts.submit(this.#next()))
    }
    await Promise.all(batch)
  }

  #next(): SignedTransaction {
    const index = this.#count++
    const sender = this.#accounts[index % this.#accounts.length]!
    const recipient = this.#accounts[(index + 1) % this.#accounts.length]!
    const message: Transaction = {
      sender: sender.publicKey,
      recipient: recipient.publicKey,
      amount: 1,
      // Different fees give the pool an order to keep.
      fee: 1 + (index % 10),
      nonce: this.#parts.nextNonce(sender.publicKey),
      payload: new Uint8Array(this.#parts.payloadBytes).fill(index % 256),
    }
    return { message, signature: sender.sign(this.#parts.signingRoot(message)) }
  }
}
