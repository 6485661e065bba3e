// What the server refused of a testnet's objects: shown in the status, and tried again by and by, because a quota or a
// policy may change without anything of ours being touched.
import type { Rng } from '../../../api/random.ts'
import type { Wanted } from '../build/testnet-objects.ts'
import { type Backoff, backoffMs } from '../runtime/backoff.ts'
import { INTENT_ANNOTATION } from '../runtime/drift.ts'
import type { Outcome } from './execute.ts'
import type { Refusal } from './world.ts'

/** Between two tries of an object that was refused. */
export const refusalBackoff: Backoff = { baseMs: 4_000, maxMs: 60_000 }

interface Entry {
  readonly refusal: Refusal
  /** What was refused: another version of the object is tried at once. */
  readonly mark: string
  readonly times: number
  readonly dueAt: number
}

/** Of one testnet. Times are monotonic milliseconds. */
export class Refusals {
  readonly #entries = new Map<string, Entry>()

  list(): Refusal[] {
    return [...this.#entries.values()].map(({ refusal }) => refusal)
  }

  /** True when it was not refused, is another object now, or its pause is over. */
  due(wanted: Wanted, now: number): boolean {
    const entry = this.#entries.get(keyOf(wanted))
    return entry === undefined || entry.mark !== markOf(wanted) || now >= entry.dueAt
  }

  /** When the next one is due. */
  get nextDue(): number | undefined {
    return this.#entries.size === 0 ? undefined : Math.min(...[...this.#entries.values()].map(({ dueAt }) => dueAt))
  }

  /** Takes in what came of a plan. True when the list says something else now. */
  learn(
    { refused, taken }: Pick<Outcome, 'refused' | 'taken'>,
    asked: readonly Wanted[],
    now: number,
    rng: Rng,
  ): boolean {
    const before = JSON.stringify(this.list())
    const wanted = new Set(asked.map(keyOf))
    // What no plan asks for any more is nobody's concern.
    for (const key of this.#entries.keys()) if (!wanted.has(key)) this.#entries.delete(key)
    for (const each of taken) this.#entries.delete(keyOf(each))
    for (const { wanted: each, error } of refused) {
      const key = keyOf(each)
      const times = (this.#entries.get(key)?.times ?? 0) + 1
      const { kind, metadata } = each.object
      this.#entries.set(key, {
        refusal: { kind, name: metadata.name, status: error.status, message: error.message },
        mark: markOf(each),
        times,
        dueAt: now + backoffMs(refusalBackoff, times, rng),
      })
    }
    return JSON.stringify(this.list()) !== before
  }
}

const keyOf = ({ resource, object }: Wanted): string => `${resource.plural}/${object.metadata.name}`
const markOf = ({ object }: Wanted): string => object.metadata.annotations?.[INTENT_ANNOTATION] ?? ''
