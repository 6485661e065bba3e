// What the nodes said in the last two poll rounds, put in order. A single question may be lost: a node is silent when it
// missed both. Heads are compared within one round only.
import type { NodeStatus } from '../../../api/observation.ts'
import { MAX_LAG_BLOCKS } from '../../../chaos/convergence.ts'
import type { NodeAnswer, Rounds } from './world.ts'

export interface Answers {
  /** False before the first round of this process, which then knows nothing of nodes that are up. */
  readonly asked: boolean
  /** Of the nodes that answered in the latest round. */
  readonly latest: readonly NodeStatus[]
  readonly earlier: readonly NodeStatus[]
  /** The newest word of each node that is not silent. */
  readonly present: readonly NodeStatus[]
  /** Names, in the order given. */
  readonly silent: readonly string[]
  /** When the first answer of the earlier round came, milliseconds since the epoch. */
  readonly earlierAt: number | undefined
  /** Blocks that heads of one round may be apart: nodes were not all asked at one moment. */
  readonly maxLag: number
  /** Milliseconds since the newest head was made, by the clocks of the nodes; infinite when they do not tell. */
  readonly headAgeMs: number
}

/** Clocks of a healthy cluster differ by less; of a head from further ahead nothing is concluded. */
const CLOCK_TOLERANCE_MS = 5_000

/** Of the nodes of those names. `now`: milliseconds since the epoch. */
export function answersOf(names: readonly string[], rounds: Rounds, blockIntervalMs: number, now: number): Answers {
  const read = (round: ReadonlyMap<string, NodeAnswer>) =>
    names.flatMap(name => {
      const { status, at } = round.get(name) ?? {}
      return status && at !== undefined ? [{ status, at }] : []
    })
  const [latest, earlier] = [read(rounds.latest), read(rounds.earlier)]
  const newest = (name: string) => rounds.latest.get(name)?.status ?? rounds.earlier.get(name)?.status
  const times = latest.map(({ at }) => at)
  const spreadMs = times.length === 0 ? 0 : times.reduce(max) - times.reduce(min)
  const ages = latest.map(({ status, at }) => {
    const age = status.now - status.head.timestamp + (now - at)
    return Number.isFinite(age) && age > -CLOCK_TOLERANCE_MS ? age : Number.POSITIVE_INFINITY
  })
  return {
    asked: rounds.latest.size > 0,
    latest: latest.map(({ status }) => status),
    earlier: earlier.map(({ status }) => status),
    present: names.flatMap(name => newest(name) ?? []),
    silent: names.filter(name => !newest(name)),
    earlierAt: earlier.length === 0 ? undefined : earlier.map(({ at }) => at).reduce(min),
    maxLag: MAX_LAG_BLOCKS + Math.ceil((2 * spreadMs) / blockIntervalMs),
    headAgeMs: ages.reduce(min, Number.POSITIVE_INFINITY),
  }
}

const max = (a: number, b: number): number => Math.max(a, b)
const min = (a: number, b: number): number => Math.min(a, b)
