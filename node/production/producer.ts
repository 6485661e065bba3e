// Block production: on every new head a validator draws its ticket, waits what the lottery says, and builds.
import { type Block, type Chain, type Hash, headerSigningRoot, type SignedTransaction, toHex } from '../chain/index.ts'
import type { SigningKey } from '../intake/verifier.ts'

export interface ProducerParts {
  readonly chain: Chain
  readonly key: SigningKey
  readonly candidates: () => Iterable<SignedTransaction>
  /** Stores, imports and spreads a finished block. */
  readonly deliver: (block: Block) => Promise<void>
  readonly now: () => number
}

/** Never waits longer than this in one timer; Node's timers end at 2^31-1 ms. */
const longestTimerMs = 3_600_000

export class Producer {
  readonly #parts: ProducerParts
  #since: number | undefined
  #timer: NodeJS.Timeout | undefined
  #ticket: { readonly parent: Hash; readonly bytes: Uint8Array } | undefined
  /** The block last built on. A second one there would be an equivocation, whatever became of the first. */
  #builtOn: Hash | undefined

  constructor(parts: ProducerParts) {
    this.#parts = parts
  }

  /**
   * Begins to produce. The wait on a head that is older than this moment counts from this moment, so that the nodes
   * of a testnet that was just started, or was stopped for an hour, do not all win at once.
   */
  start(): void {
    if (this.#since !== undefined) return
    this.#since = this.#parts.now()
    this.headMoved()
  }

  stop(): void {
    this.#since = undefined
    clearTimeout(this.#timer)
  }

  get active(): boolean {
    return this.#since !== undefined
  }

  /** The fork choice has a new head: what was waited for the old one is void. */
  headMoved(): void {
    if (this.#since === undefined) return
    clearTimeout(this.#timer)
    const { chain, key, now } = this.#parts
    const parent = chain.head.hash
    if (this.#ticket?.parent !== parent) this.#ticket = { parent, bytes: key.sign(chain.ticketRoot()) }
    const wait = chain.waitMs(toHex(key.publicKey), this.#ticket.bytes)
    const due = Math.max(chain.head.timestamp, this.#since) + wait
    this.#timer = setTimeout(() => this.#due(due), Math.min(Math.max(0, due - now()), longestTimerMs))
  }

  #due(at: number): void {
    const { chain, key, now, candidates, deliver } = this.#parts
    if (this.#ticket?.parent !== chain.head.hash || this.#builtOn === chain.head.hash) return
    if (now() < at) {
      this.headMoved()
      return
    }
    const draft = chain.build({
      producer: key.publicKey,
      ticket: this.#ticket.bytes,
      timestamp: now(),
      candidates: candidates(),
    })
    this.#builtOn = chain.head.hash
    const signature = key.sign(headerSigningRoot(draft.header, chain.domain))
    void deliver({ header: { message: draft.header, signature }, transactions: draft.transactions })
  }
}
