// The clocks of a node. Dates (block timestamps, what people read) come from the wall clock, which may be set at any
// moment; waiting times, rates and scores come from `steadyNow`, which only runs forward. What the chain takes for the
// time is `ChainClock`: the wall clock, which a fault may put wrong. Events, logs and the ends of faults keep the true one.
import type { ClockSkew } from '../api/node-config.ts'

/** Milliseconds since the epoch as of the start of the process, counted by a clock nobody sets. */
export const steadyNow = (): number => performance.timeOrigin + performance.now()

/** Skews at one time. */
export const MAX_SKEWS = 16
/** As for link rows: nobody may forget one for longer. */
export const MAX_SKEW_DURATION_MS = 24 * 3_600_000

export class SkewRefused extends Error {
  readonly field: 'id' | 'endsAt'
  constructor(field: SkewRefused['field'], message: string) {
    super(message)
    this.name = 'SkewRefused'
    this.field = field
  }
}

export class ChainClock {
  readonly #skews = new Map<string, ClockSkew>()
  readonly #trueNow: () => number
  readonly #onChange: (id: string, change: 'applied' | 'replaced' | 'ended') => void
  #timer: NodeJS.Timeout | undefined

  /** `onChange` is told of every skew that begins, changes or ends, after the clock went over. */
  constructor(
    onChange: (id: string, change: 'applied' | 'replaced' | 'ended') => void = () => {},
    trueNow: () => number = Date.now,
  ) {
    this.#onChange = onChange
    this.#trueNow = trueNow
  }

  /** Milliseconds since the epoch, as this node has them. */
  readonly now = (): number => {
    const now = this.#trueNow()
    if (this.#skews.size === 0) return now
    let offset = 0
    // By the end itself: the timer that clears up may be late.
    for (const { offsetMs, endsAt } of this.#skews.values()) if (endsAt > now) offset += offsetMs
    return Math.round(now + offset)
  }

  get skews(): readonly ClockSkew[] {
    const now = this.#trueNow()
    return [...this.#skews.values()].filter(({ endsAt }) => endsAt > now)
  }

  /** Puts the clock wrong until the skew's end. @throws SkewRefused when that is past, too far away, or one too many */
  skew(skew: ClockSkew): 'applied' | 'replaced' {
    const now = this.#trueNow()
    if (skew.endsAt <= now)
      throw new SkewRefused('endsAt', `skew "${skew.id}" ended ${now - skew.endsAt} ms ago (endsAt ${skew.endsAt})`)
    if (skew.endsAt - now > MAX_SKEW_DURATION_MS)
      throw new SkewRefused(
        'endsAt',
        `skew "${skew.id}" ends in ${skew.endsAt - now} ms; at most ${MAX_SKEW_DURATION_MS} ms (24 h) are allowed`,
      )
    const known = this.#skews.has(skew.id)
    if (!known && this.#skews.size >= MAX_SKEWS)
      throw new SkewRefused('id', `${MAX_SKEWS} skews are in force; end one first`)
    this.#skews.set(skew.id, skew)
    this.#schedule()
    const change = known ? 'replaced' : 'applied'
    this.#onChange(skew.id, change)
    return change
  }

  /** Ends a skew now; false when there is none of that id. */
  end(id: string): boolean {
    if (!this.#skews.delete(id)) return false
    this.#schedule()
    this.#onChange(id, 'ended')
    return true
  }

  /** Stops the timer. */
  stop(): void {
    clearTimeout(this.#timer)
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    const ends = [...this.#skews.values()].map(({ endsAt }) => endsAt)
    if (ends.length === 0) return
    this.#timer = setTimeout(() => this.#expire(), Math.max(0, Math.min(...ends) - this.#trueNow()))
    this.#timer.unref()
  }

  #expire(): void {
    const now = this.#trueNow()
    const due = [...this.#skews.values()].filter(({ endsAt }) => endsAt <= now).map(({ id }) => id)
    for (const id of due) this.#skews.delete(id)
    this.#schedule()
    for (const id of due) this.#onChange(id, 'ended')
  }
}
