// Generic cell rate algorithm (ITU-T I.371): one number per key, the theoretical arrival time, says when what was taken
// so far will have been paid off.

export interface Rate {
  /** Items per second in the long run. */
  readonly perSecond: number
  /** Items at once. */
  readonly burst: number
}

/** Rate limits by key; at most `maxKeys` are remembered, the longest unused are forgotten first and gain a burst. */
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

  get size(): number {
    return this.#arrivals.size
  }

  /** Takes `cost` items; false leaves the state as it was. `now` in milliseconds. */
  take(key: Key, now: number, cost = 1): boolean {
    if (this.waitMs(key, now, cost) > 0) return false
    this.book(key, now, cost)
    return true
  }

  /** Milliseconds until `cost` items could be taken; 0 when they can be now. More than the burst never can. */
  waitMs(key: Key, now: number, cost: number): number {
    return Math.max(0, this.#arrival(key, now, cost) - now - this.#toleranceMs)
  }

  /** Takes `cost` items whatever was taken before: for costs that are known only afterwards. */
  book(key: Key, now: number, cost: number): void {
    const arrival = this.#arrival(key, now, cost)
    this.#arrivals.delete(key)
    this.#arrivals.set(key, arrival)
    if (this.#arrivals.size <= this.#maxKeys) return
    for (const oldest of this.#arrivals.keys()) {
      this.#arrivals.delete(oldest)
      return
    }
  }

  #arrival(key: Key, now: number, cost: number): number {
    return Math.max(this.#arrivals.get(key) ?? now, now) + cost * this.#intervalMs
  }
}
