// Asks the nodes of testnets for their status, in rounds. Knows nothing of Kubernetes: whom to ask is told by `follow`.
import type { Rng } from '../../../api/random.ts'
import { askNode, type NodeAnswer, type PollTarget } from '../../ask-node.ts'
import type { Rounds } from './world.ts'

/** Questions under way for one testnet: another one's silence does not delay it. */
export const MAX_ASKED = 64
/** Questions under way in all. */
export const MAX_ASKED_IN_ALL = 512
export const ANSWER_WITHIN_MS = 2_000
/** Blocks kept of each node's recent ones; above so many nodes the fewer. */
export const RECENT_BLOCKS = { few: 64, many: 16, above: 100 } as const
/** Whom nobody wants to hear of any more is not asked: a reconciliation or a reader says so again before that. */
export const FOLLOW_MS = 180_000
/** Testnets that are followed. */
export const MAX_FOLLOWED = 4_096
/** Milliseconds a node adds to the time between two rounds: at most 500 questions a second for a testnet. */
const MS_A_NODE = 2

export const pollTimes = { minMs: 2_000, maxMs: 10_000, firstMs: 500 } as const
export type PollTimes = { readonly [K in keyof typeof pollTimes]: number }

/** Time between the beginnings of two rounds. `settled` is false while somebody waits for the network to come up. */
export function pollIntervalMs(
  { blockIntervalMs, nodes, settled }: { blockIntervalMs: number; nodes: number; settled: boolean },
  { minMs, maxMs, firstMs }: PollTimes = pollTimes,
): number {
  const calm = Math.max(minMs, Math.min(blockIntervalMs, maxMs))
  return Math.max(settled ? calm : Math.min(firstMs, calm), nodes * MS_A_NODE)
}

export interface Following {
  readonly testnet: string
  readonly targets: readonly PollTarget[]
  readonly intervalMs: number
  /** Growth is judged between rounds that lie so far apart, or further. */
  readonly apartMs: number
}

interface Round {
  /** When it ended, milliseconds since the epoch. */
  readonly endedAt: number
  /** When it began; monotonic. */
  readonly at: number
  readonly answers: ReadonlyMap<string, NodeAnswer>
}

interface Course {
  following: Following
  /** Oldest first. The first is the newest of those that lie far enough back, if any does. */
  history: Round[]
  wantedUntil: number
  timer: NodeJS.Timeout | undefined
  asking: boolean
}

export interface PollerOptions {
  /** A round ended: `rounds(key)` says something else. */
  readonly onRound: (key: string) => void
  readonly signal: AbortSignal
  /** Monotonic milliseconds. */
  readonly now?: () => number
  readonly rng?: Rng
}

/** Rounds kept of a testnet whose rounds follow each other faster than growth is judged. */
const MAX_ROUNDS = 8
/** A round that lies back by this share of the time counts as far enough back: rounds begin with a jitter. */
const NEARLY = 0.8

const none: ReadonlyMap<string, NodeAnswer> = new Map()

export class NodePoller {
  readonly #options: PollerOptions
  readonly #courses = new Map<string, Course>()
  readonly #now: () => number
  readonly #rng: Rng
  #asked = 0
  readonly #waiting: (() => void)[] = []

  constructor(options: PollerOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#rng = options.rng ?? Math.random
    options.signal.addEventListener('abort', () => {
      for (const key of [...this.#courses.keys()]) this.forget(key)
    })
  }

  /** From now on that testnet's nodes are asked, if it has any; says who they are by now when they are already. */
  follow(key: string, following: Following): void {
    if (this.#options.signal.aborted) return
    // Of nobody nothing is heard: rounds of no questions would only wake those who wait for answers.
    if (following.targets.length === 0) return void this.forget(key)
    const now = this.#now()
    const known = this.#courses.get(key)
    if (known) {
      const sooner = following.intervalMs < known.following.intervalMs
      known.following = following
      known.wantedUntil = now + FOLLOW_MS
      if (sooner || (!known.timer && !known.asking)) this.#arm(key, known)
      return
    }
    if (this.#courses.size >= MAX_FOLLOWED) return
    const course: Course = {
      following,
      history: [],
      wantedUntil: now + FOLLOW_MS,
      timer: undefined,
      asking: false,
    }
    this.#courses.set(key, course)
    this.#arm(key, course)
  }

  forget(key: string): void {
    clearTimeout(this.#courses.get(key)?.timer)
    this.#courses.delete(key)
  }

  rounds(key: string): Rounds {
    const history = this.#courses.get(key)?.history ?? []
    return {
      latest: history.at(-1)?.answers ?? none,
      earlier: (history.length > 1 ? history[0]?.answers : undefined) ?? none,
    }
  }

  /** When the last round ended, milliseconds since the epoch; undefined before the first. */
  observedAt(key: string): number | undefined {
    return this.#courses.get(key)?.history.at(-1)?.endedAt
  }

  #arm(key: string, course: Course): void {
    if (course.asking) return
    clearTimeout(course.timer)
    const { intervalMs } = course.following
    // Testnets that came together must not always be asked together.
    const jittered = intervalMs * (0.9 + 0.2 * this.#rng())
    const latest = course.history.at(-1)
    const inMs = latest ? latest.at + jittered - this.#now() : 0
    course.timer = setTimeout(
      () => {
        course.timer = undefined
        if (this.#now() > course.wantedUntil) this.forget(key)
        else void this.#round(key, course)
      },
      Math.max(0, inMs),
    )
    course.timer.unref()
  }

  async #round(key: string, course: Course): Promise<void> {
    const { following } = course
    const { targets } = following
    const answers = new Map<string, NodeAnswer>()
    const began = this.#now()
    course.asking = true
    const maxRecent = targets.length > RECENT_BLOCKS.above ? RECENT_BLOCKS.many : RECENT_BLOCKS.few
    const queue = targets[Symbol.iterator]()
    const ask = async () => {
      for (const target of queue) {
        if (this.#courses.get(key) !== course) return
        await this.#slot()
        try {
          answers.set(
            target.name,
            await askNode(target, { testnet: following.testnet, maxRecent, withinMs: ANSWER_WITHIN_MS }),
          )
        } finally {
          this.#asked--
          this.#waiting.shift()?.()
        }
      }
    }
    await Promise.all(Array.from({ length: Math.min(MAX_ASKED, targets.length) }, ask))
    course.asking = false
    if (this.#courses.get(key) !== course) return
    course.history.push({ at: began, endedAt: Date.now(), answers })
    const far = course.history.findLastIndex(({ at }) => at <= began - following.apartMs * NEARLY)
    course.history.splice(0, Math.max(far, course.history.length - MAX_ROUNDS, 0))
    this.#arm(key, course)
    this.#options.onRound(key)
  }

  /** Resolves when one more may be asked; takes the place. */
  async #slot(): Promise<void> {
    while (this.#asked >= MAX_ASKED_IN_ALL) await new Promise<void>(resolve => this.#waiting.push(resolve))
    this.#asked++
  }
}
