// What the server refused of a testnet's objects: shown in the status, and tried again by and by, because a quota or a
// policy may change without anything of ours being touched. And what it took and stored otherwise, because a webhook
// changes it: applying that again and again would be a fight.
import type { Rng } from '../../../api/random.ts'
import type { Wanted } from '../build/testnet-objects.ts'
import { type Backoff, backoffMs } from '../runtime/backoff.ts'
import { INTENT_ANNOTATION } from '../runtime/drift.ts'
import type { Outcome, Standing } from './execute.ts'
import type { Refusal } from './world.ts'

/** Between two tries of an object that was refused. */
export const refusalBackoff: Backoff = { baseMs: 4_000, maxMs: 60_000 }

interface Entry {
  /** Undefined when the object was taken, and altered. */
  readonly refusal: Refusal | undefined
  /** What was asked: another version of the object is tried at once. */
  readonly mark: string
  readonly times: number
  readonly dueAt: number
}

/** Of one testnet. Times are monotonic milliseconds. */
export class Refusals {
  readonly #entries = new Map<string, Entry>()

  list(): Refusal[] {
    return [...this.#entries.values()].flatMap(({ refusal }) => refusal ?? [])
  }

  /** Whether to apply it: not while what became of that very object the last time is not long ago. */
  standing(wanted: Wanted, now: number): Standing {
    const entry = this.#entries.get(keyOf(wanted))
    if (entry === undefined || entry.mark !== markOf(wanted) || now >= entry.dueAt) return 'due'
    return entry.refusal ? 'refused' : 'altered'
  }

  /** When the next one is due. */
  get nextDue(): number | undefined {
    return this.#entries.size === 0 ? undefined : Math.min(...[...this.#entries.values()].map(({ dueAt }) => dueAt))
  }

  /** Takes in what came of a plan. True when the list says something else now. */
  learn(
    { refused, taken, altered }: Pick<Outcome, 'refused' | 'taken' | 'altered'>,
    asked: readonly Wanted[],
    now: number,
    rng: Rng,
  ): boolean {
    const before = JSON.stringify(this.list())
    const wanted = new Set(asked.map(keyOf))
    // What no plan asks for any more is nobody's concern.
    for (const key of this.#entries.keys()) if (!wanted.has(key)) this.#entries.delete(key)
    for (const each of taken) this.#entries.delete(keyOf(each))
    const keep = (each: Wanted, refusal: Refusal | undefined) => {
      const times = (this.#entries.get(keyOf(each))?.times ?? 0) + 1
      const dueAt = now + backoffMs(refusalBackoff, times, rng)
      this.#entries.set(keyOf(each), { refusal, mark: markOf(each), times, dueAt })
    }
    for (const { wanted: each, error } of refused) {
      const { kind, metadata } = each.object
      keep(each, { kind, name: metadata.name, status: error.status, message: error.message })
    }
    for (const each of altered) keep(each, undefined)
    return JSON.stringify(this.list()) !== before
  }
}

const keyOf = ({ resource, object }: Wanted): string => `${resource.plural}/${object.metadata.name}`
const markOf = ({ object }: Wanted): string => object.metadata.annotations?.[INTENT_ANNOTATION] ?? ''
