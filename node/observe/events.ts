// The node's recent events, numbered. GET /v1/events and the log read them here; nobody waits for a reader.
import type { NodeEvent, NodeEventKind } from '../../api/observation.ts'

/** Events kept for readers that come back. At ten a second this is about seven minutes. */
export const MAX_EVENTS = 4_096

export interface NumberedEvent {
  /** Counts from 1 since the process started. */
  readonly number: number
  readonly event: NodeEvent
}

/** An event without its time, which the ring adds. */
export type NewEvent = NodeEvent extends infer E ? (E extends NodeEvent ? Omit<E, 'at'> : never) : never

export class Events {
  readonly #ring: NumberedEvent[] = []
  readonly #max: number
  readonly #now: () => number
  readonly #listeners = new Set<(event: NumberedEvent) => void>()
  #last = 0

  /** `now` gives milliseconds since the epoch. */
  constructor(options: { readonly max?: number; readonly now?: () => number } = {}) {
    this.#max = options.max ?? MAX_EVENTS
    this.#now = options.now ?? Date.now
  }

  /** Number of the latest event, 0 before the first. */
  get last(): number {
    return this.#last
  }

  /** Number of the oldest event that can still be read; `last + 1` when there is none. */
  get oldest(): number {
    return Math.max(1, this.#last - this.#max + 1)
  }

  emit(event: NewEvent): void {
    const numbered = { number: ++this.#last, event: { at: this.#now(), ...event } as NodeEvent }
    this.#ring[(numbered.number - 1) % this.#max] = numbered
    for (const listener of [...this.#listeners]) listener(numbered)
  }

  /** The event of a number, undefined when it is no longer kept or has not happened. */
  at(number: number): NumberedEvent | undefined {
    if (number < this.oldest || number > this.#last) return undefined
    return this.#ring[(number - 1) % this.#max]
  }

  /** Events after `number` that are still kept, oldest first, only of `kinds` when given. */
  after(number: number, kinds?: ReadonlySet<NodeEventKind>): NumberedEvent[] {
    const events: NumberedEvent[] = []
    for (let next = Math.max(number + 1, this.oldest); next <= this.#last; next++) {
      const event = this.at(next)
      if (event && (!kinds || kinds.has(event.event.kind))) events.push(event)
    }
    return events
  }

  /** `listener` gets every later event at once and must not throw. Returns the way to stop it. */
  subscribe(listener: (event: NumberedEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
