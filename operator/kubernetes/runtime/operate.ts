// The life of an operator process: follow, wait to be elected, work, and end in an order in which nothing is written
// after the lease is given away.
import type { Controller } from './controller.ts'
import type { EventRecorder } from './events.ts'
import type { Check } from './health.ts'
import { DEAF_AFTER_MS, type Informer } from './informer.ts'
import type { Leader } from './leader.ts'
import type { KubeObject } from './resource.ts'

/** Reconciliations that have not ended by then are left behind: every write of theirs is refused after it. */
export const DRAIN_MS = 20_000
/** Deaf for so long a process is not worth keeping: something is wrong with it, not with the server. */
export const RESTART_AFTER_MS = 5 * 60_000

// biome-ignore lint/suspicious/noExplicitAny: informers of different resources stand together
type Informers = readonly Informer<any>[]

export interface OperatorParts {
  /** Those that the server refuses are not waited for: whoever reconciles looks whether what it reads was listed. */
  readonly informers: Informers
  /** Run as well, but nothing waits for their first list: what they tell is good to know. */
  readonly optionalInformers?: Informers
  readonly controllers: readonly Controller[]
  readonly leader: Leader
  readonly recorder: EventRecorder
}

/**
 * Runs until the signal, or until another process leads. Resolves with which it was; a process that lost should exit.
 * Followers keep their stores filled, so that a new leader begins at once.
 */
export async function operate(parts: OperatorParts, stop: AbortSignal) {
  const { informers, optionalInformers = [], controllers, leader, recorder } = parts
  const following = new AbortController()
  const leading = new AbortController()
  const streams = [...informers, ...optionalInformers].map(informer => informer.run(following.signal))
  const election = leader.run(leading.signal)
  const ended = AbortSignal.any([stop, leader.term])
  await unless(ended, Promise.all([leader.elected, ...informers.map(({ settled }) => settled)]))
  // 1. no more keys are taken, and those that were are finished
  const work = Promise.all(controllers.map(controller => controller.run(ended)))
  await unless(ended, work)
  await within(DRAIN_MS, work)
  // 2. what is still to be told is told
  await within(DRAIN_MS, recorder.flush())
  // 3. nobody reads the stores any more
  following.abort()
  await Promise.all(streams)
  // 4. the lease goes last
  leading.abort()
  await election
  const lost = leader.term.aborted
  // Whoever cannot give it away lets it run out.
  await leader.release().catch(() => {})
  return lost ? ('lost' as const) : ('stopped' as const)
}

/**
 * Readiness and liveness of informers: told as deaf before anybody has to wonder. Each place is what is followed for one
 * namespace, or for all. Of several places one must be followed: what is wrong with another is no reason to leave this one.
 */
export function informerChecks(...places: readonly Informers[]): {
  ready: Record<string, Check>
  live: Record<string, Check>
} {
  const named = (informers: Informers, check: (informer: Informer<KubeObject>) => string | undefined) =>
    Object.fromEntries(informers.map(informer => [`informer-${informer.name}`, () => check(informer)]))
  const silent = (limitMs: number) => (informer: Informer<KubeObject>) =>
    informer.silentMs > limitMs
      ? `the API server was not heard for ${Math.round(informer.silentMs / 1_000)} s`
      : undefined
  const unready = (informer: Informer<KubeObject>): string | undefined =>
    informer.problem ?? (informer.hasSynced ? silent(DEAF_AFTER_MS)(informer) : 'has no list yet')
  const live = named(places.flat(), silent(RESTART_AFTER_MS))
  const [only] = places
  if (only && places.length === 1) return { ready: named(only, unready), live }
  const problem = (informers: Informers): string | undefined => {
    const found = informers.find(informer => unready(informer) !== undefined)
    return found && `${found.name}: ${unready(found)}`
  }
  const informers = (): string | undefined => {
    const problems = places.map(problem)
    return problems.every(found => found !== undefined) ? problems.join('; ') : undefined
  }
  return { ready: { informers }, live }
}

/** Resolves with the promise or the signal, whichever comes first. */
async function unless(signal: AbortSignal, promise: Promise<unknown>): Promise<void> {
  if (signal.aborted) return
  const { promise: aborted, resolve } = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => resolve(), { once: true })
  await Promise.race([promise, aborted])
}

async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>(resolve => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
