// Which events are written: repeated ones become a series, and one noisy object cannot fill the cluster. Pure but for
// its own bounded table.

export interface Happening {
  /** What it is about; its uid tells objects of one name apart. */
  readonly uid: string
  readonly type: 'Normal' | 'Warning'
  /** CamelCase. */
  readonly reason: string
  /** For people; 1,024 bytes are kept. */
  readonly note: string
}

/** Event series that are remembered. */
export const MAX_SERIES = 1_024
/** A series ends when nothing was added for that long; client-go's time. */
export const SERIES_MS = 6 * 60_000
/** Events about one object: a burst, then one in a while. As client-go has it. */
export const BURST = 25
export const REFILL_MS = 300_000
/** A series is written again when it grew by that factor, so that its writes are few. */
const GROWTH = 2

export type Verdict =
  | { readonly kind: 'create'; readonly id: number; readonly at: number }
  | { readonly kind: 'update'; readonly id: number; readonly at: number; readonly count: number }
  | { readonly kind: 'hold' }
  | { readonly kind: 'drop' }

interface Series {
  readonly id: number
  readonly at: number
  lastAt: number
  count: number
  writtenCount: number
}

export class EventSeries {
  readonly #series = new Map<string, Series>()
  readonly #tokens = new Map<string, { left: number; at: number }>()
  #next = 0

  get size(): number {
    return this.#series.size
  }

  /** What to do about it now; milliseconds. */
  take({ uid, type, reason, note }: Happening, now: number): Verdict {
    const key = JSON.stringify([uid, type, reason, note])
    const known = this.#series.get(key)
    if (known && now - known.lastAt < SERIES_MS) {
      known.count++
      known.lastAt = now
      remember(this.#series, key, known)
      if (known.count < known.writtenCount * GROWTH) return { kind: 'hold' }
      if (!this.#spend(uid, now)) return { kind: 'drop' }
      known.writtenCount = known.count
      return { kind: 'update', id: known.id, at: known.at, count: known.count }
    }
    if (!this.#spend(uid, now)) return { kind: 'drop' }
    const series: Series = { id: this.#next++, at: now, lastAt: now, count: 1, writtenCount: 1 }
    remember(this.#series, key, series)
    return { kind: 'create', id: series.id, at: series.at }
  }

  #spend(uid: string, now: number): boolean {
    const before = this.#tokens.get(uid) ?? { left: BURST, at: now }
    const left = Math.min(BURST, before.left + (now - before.at) / REFILL_MS)
    const spent = left >= 1
    remember(this.#tokens, uid, { left: spent ? left - 1 : left, at: now })
    return spent
  }
}

/** Sets it as the newest; the oldest goes when there are too many. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > MAX_SERIES) for (const oldest of map.keys()) return void map.delete(oldest)
}
