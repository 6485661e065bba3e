// What an informer does next after each list or watch. Pure.
import type { Rng } from '../../../api/random.ts'
import { backoffMs, informerBackoff } from './backoff.ts'

export type Outcome =
  | { readonly kind: 'listed' }
  /** The list is older than what we know: some server lags behind, or etcd was restored from a backup. */
  | { readonly kind: 'stale list' }
  /** The server ended the stream, as it should. */
  | { readonly kind: 'ended'; readonly lastedMs: number }
  /** An event went back in time: something in between reorders, repeats or answers from the past. */
  | { readonly kind: 'disordered' }
  | {
      readonly kind: 'failed'
      /** HTTP status, or 0 when no answer came. */
      readonly status: number
      readonly reason: string
      readonly retryAfterMs?: number | undefined
      /** Whether an event or a bookmark had arrived, or the stream had been open for a while. */
      readonly progressed: boolean
    }

export interface Standing {
  /** Since the last list or watch that did its work. */
  readonly failures: number
  readonly staleLists: number
}
export const initialStanding: Standing = { failures: 0, staleLists: 0 }

export interface Next {
  readonly standing: Standing
  readonly action: 'list' | 'watch'
  readonly delayMs: number
  /** True when the next list is to be taken even if it is older than what we know. */
  readonly acceptOlder: boolean
}

/** A stream that ends sooner than this did no work: without a pause we would ask in a loop. */
export const SHORT_WATCH_MS = 1_000
/** Lists from the past in a row, with growing pauses of 15 s in sum, until the past is believed: a restored etcd. */
export const MAX_STALE_LISTS = 6

/** Nothing can be resumed after these: the version is gone, refused, unknown, or the resource is. */
const needsList = new Set([400, 403, 404, 410])

export function plan(standing: Standing, outcome: Outcome, watching: boolean, rng: Rng): Next {
  const failures = standing.failures + 1
  const failed = { failures, staleLists: 0 }
  const pause = backoffMs(informerBackoff, failures, rng)
  switch (outcome.kind) {
    case 'listed':
      return { standing: initialStanding, action: 'watch', delayMs: 0, acceptOlder: false }
    case 'stale list': {
      const staleLists = standing.staleLists + 1
      const acceptOlder = staleLists >= MAX_STALE_LISTS
      return { standing: { failures, staleLists }, action: 'list', delayMs: pause, acceptOlder }
    }
    case 'ended':
      return outcome.lastedMs >= SHORT_WATCH_MS
        ? { standing: initialStanding, action: 'watch', delayMs: 0, acceptOlder: false }
        : { standing: failed, action: 'watch', delayMs: pause, acceptOlder: false }
    case 'disordered':
      return { standing: failed, action: 'list', delayMs: pause, acceptOlder: false }
    case 'failed': {
      const { status, reason, retryAfterMs = 0, progressed } = outcome
      const expired = status === 410 || reason === 'Expired'
      // What had done its work starts counting anew. Histories expire in the normal course of things: no pause the first time.
      const base = progressed ? { failures: 1, staleLists: 0 } : failed
      const wait = expired && failures === 1 ? 0 : backoffMs(informerBackoff, base.failures, rng)
      const list = !watching || expired || needsList.has(status)
      return {
        standing: base,
        action: list ? 'list' : 'watch',
        delayMs: Math.max(wait, retryAfterMs),
        acceptOlder: false,
      }
    }
  }
}
