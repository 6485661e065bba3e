// Generic cell rate algorithm (ITU-T I.371): one number per key remembers when the next item would conform.

export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** Rate limits by key; at most `maxKeys` are remembered, the longest unused are forgotten first. */
export class RateLimiter<Key> {
  readonly #intervalMs: number
  readonly #toleranceMs: number
  readonly #maxKeys: number
  /** Theoretical arrival time of the next item, in order of last use. */
  readonly #arrivals = new Map<Key, number>()

  constructor(rate: Rate, maxKeys: number) {
    this.#intervalMs = 1_000 / rate.perSecond
    this.#toleranceMs = this.#intervalMs * rate.burst
    this.#maxKeys = maxKeys
  }

  /** Takes `cost` items; false leaves the state as it was. `now` in milliseconds. */
  take(key: Key, now: number, cost = 1): boolean {
    const arrival = Math.max(this.#arrivals.get(key) ?? now, now) + cost * this.#intervalMs
    if (arrival - now > this.#toleranceMs) return false
    this.#arrivals.delete(key)
    this.#arrivals.set(key, arrival)
    if (this.#arrivals.size > this.#maxKeys) {
      for (const oldest of this.#arrivals.keys()) {
        this.#arrivals.delete(oldest)
        break
      }
    }
    return true
  }

  forget(key: Key): void {
    this.#arrivals.delete(key)
  }
}
