// Totals over counters of the kernel that come and go with the rules they count for. Pure.

/** Packets dropped by direction, and packets that were delayed or limited. */
export type Metered = 'in' | 'out' | 'shaped'

export interface Meter {
  readonly metered: Metered
  /** Since the counter was made. */
  readonly packets: number
}

export class Tally {
  readonly #over: Record<Metered, number> = { in: 0, out: 0, shaped: 0 }
  #last: ReadonlyMap<string, Meter> = new Map()

  /** What all counters say now, by their names. One that is gone, or was made anew, keeps what it was last seen to say. */
  see(meters: ReadonlyMap<string, Meter>): void {
    for (const [name, { metered, packets }] of this.#last) {
      const now = meters.get(name)
      if (!now || now.packets < packets) this.#over[metered] += packets
    }
    this.#last = meters
  }

  /** Never falls. */
  total(metered: Metered): number {
    return [...this.#last.values()].reduce(
      (sum, meter) => (meter.metered === metered ? sum + meter.packets : sum),
      this.#over[metered],
    )
  }
}
