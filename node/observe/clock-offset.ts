// How wrong the own clock may be, by the only clocks that others show us: the timestamps of their blocks.
import { quantiles } from './quantiles.ts'

/** Producers whose latest block is remembered. */
export const MAX_CLOCKS = 256
/** A block says nothing of the clock any more after this. */
export const CLOCK_MEMORY_MS = 120_000

export class ClockOffset {
  /** By producer: own clock at receipt minus the block's timestamp, and when that was. */
  readonly #latest = new Map<string, { readonly offsetMs: number; readonly at: number }>()

  /** A block arrived by gossip, just made: one that was fetched would count its age. `now` runs forward. */
  saw(producer: string, offsetMs: number, now: number): void {
    this.#latest.delete(producer)
    this.#latest.set(producer, { offsetMs, at: now })
    if (this.#latest.size > MAX_CLOCKS) this.#latest.delete(this.#latest.keys().next().value!)
  }

  /**
   * Own clock minus the others', milliseconds; undefined when nobody was heard for a while. The median, so that one
   * producer with a wrong clock among three does not count. Blocks take time to arrive, so the truth is a little lower.
   */
  estimate(now: number): number | undefined {
    for (const [producer, { at }] of this.#latest) if (now - at > CLOCK_MEMORY_MS) this.#latest.delete(producer)
    return quantiles(
      [...this.#latest.values()].map(({ offsetMs }) => offsetMs),
      [0.5],
    )[0]
  }
}
