// Rate limits of served requests, one per peer and method, costed by items.
// Source: Lodestar's per-peer, per-method limiter is the precedent in this field.
import type { Millis } from '../chain/types.ts'
import { type Rate, RateLimiter } from '../peers/rate.ts'
import type { Method, PeerId } from '../stacks/port.ts'

/** Peer exchange has its own, in node/peers/exchange.ts. */
export type ServedMethod = Exclude<Method, 'peers'>

/** `bytes` is charged after an answer is sent; a peer in debt waits whatever it asks for. */
export type Charge = ServedMethod | 'bytes'

/** Generous to a peer that synchronises at full speed, far below what would hurt the others. Items by method: requests, headers, blocks, certificates, transactions. */
export const defaultQuotas: Readonly<Record<Charge, Rate>> = {
  status: { perSecond: 20, burst: 40 },
  headers: { perSecond: 16_384, burst: 32_768 },
  bodies: { perSecond: 4_096, burst: 8_192 },
  finality: { perSecond: 128, burst: 640 },
  pool: { perSecond: 1_024, burst: 4_096 },
  bytes: { perSecond: 64 * 1024 * 1024, burst: 256 * 1024 * 1024 },
}

/** Peers remembered per method: more than the connections a node may have. */
export const MAX_LIMITED_PEERS = 2_048
/** Refusals within REFUSAL_WINDOW_MS from which on the peer is not merely eager. */
export const MAX_REFUSALS = 5
export const REFUSAL_WINDOW_MS = 10_000

export type LimitVerdict =
  | { readonly kind: 'allowed' }
  /** `punish`: it went on asking although it was refused before. */
  | { readonly kind: 'limited'; readonly retryAfterMs: number; readonly punish: boolean }

export class RequestLimits {
  readonly #limiters: Readonly<Record<Charge, RateLimiter<PeerId>>>
  readonly #refusals = new Map<PeerId, { count: number; since: Millis }>()

  constructor(quotas: Readonly<Record<Charge, Rate>> = defaultQuotas) {
    const limiter = (charge: Charge) => new RateLimiter<PeerId>(quotas[charge], MAX_LIMITED_PEERS)
    this.#limiters = {
      status: limiter('status'),
      headers: limiter('headers'),
      bodies: limiter('bodies'),
      finality: limiter('finality'),
      pool: limiter('pool'),
      bytes: limiter('bytes'),
    }
  }

  /** Entries in all tables, for assertions. */
  get size(): number {
    return Object.values(this.#limiters).reduce((sum, { size }) => sum + size, this.#refusals.size)
  }

  /** Decides about `cost` items (at least 1) and books them when allowed. A cost above the burst is never allowed. */
  charge(peer: PeerId, method: ServedMethod, cost: number, now: Millis): LimitVerdict {
    const items = Math.max(1, cost)
    const debt = this.#limiters.bytes.waitMs(peer, now, 0)
    const wait = Math.max(debt, this.#limiters[method].waitMs(peer, now, items))
    if (wait > 0) return { kind: 'limited', retryAfterMs: Math.ceil(wait), punish: this.#refused(peer, now) }
    this.#limiters[method].book(peer, now, items)
    return { kind: 'allowed' }
  }

  /** Books bytes that were sent. */
  chargeBytes(peer: PeerId, bytes: number, now: Millis): void {
    this.#limiters.bytes.book(peer, now, bytes)
  }

  #refused(peer: PeerId, now: Millis): boolean {
    const past = this.#refusals.get(peer)
    if (past && now - past.since < REFUSAL_WINDOW_MS) {
      past.count++
      return past.count > MAX_REFUSALS
    }
    this.#refusals.delete(peer)
    this.#refusals.set(peer, { count: 1, since: now })
    for (const oldest of this.#refusals.keys()) {
      if (this.#refusals.size <= MAX_LIMITED_PEERS) break
      this.#refusals.delete(oldest)
    }
    return false
  }
}
