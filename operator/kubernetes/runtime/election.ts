// Leader election on a Lease, as a machine without I/O and without a clock. The scheme is client-go's: whoever holds the
// lease renews it; others take it when they have seen no renewal for the lease's duration, by their own clock. Clocks of
// different machines are never compared. Times are monotonic milliseconds of this process.

export interface ElectionTimes {
  /** Others wait that long after the last renewal they saw. */
  readonly leaseMs: number
  /** A leader that could not renew for that long stops writing; less than the lease, so that writes end before. */
  readonly renewMs: number
  readonly retryMs: number
}
export const electionTimes: ElectionTimes = { leaseMs: 15_000, renewMs: 10_000, retryMs: 2_000 }

/** Of a Lease's spec; times are RFC 3339 with microseconds. */
export interface LeaseRecord {
  readonly holderIdentity: string
  readonly leaseDurationSeconds: number
  readonly acquireTime: string
  readonly renewTime: string
  readonly leaseTransitions: number
}

export interface SeenLease {
  readonly record: LeaseRecord
  readonly resourceVersion: string
}

export interface Election {
  readonly identity: string
  readonly times: ElectionTimes
  /** The lease as last read, undefined when there is none. */
  readonly seen: SeenLease | undefined
  /** When it was first read as it is. */
  readonly seenAt: number
  /** When the request for the last renewal of ours was sent; undefined while we do not hold the lease. */
  readonly heldSince: number | undefined
}

export const newElection = (identity: string, times: ElectionTimes = electionTimes): Election => ({
  identity,
  times,
  seen: undefined,
  seenAt: Number.NEGATIVE_INFINITY,
  heldSince: undefined,
})

/** The lease was read. */
export function observed(state: Election, seen: SeenLease | undefined, now: number): Election {
  if (seen?.resourceVersion === state.seen?.resourceVersion) return state
  const held = seen?.record.holderIdentity === state.identity ? state.heldSince : undefined
  return { ...state, seen, seenAt: now, heldSince: held }
}

/** Our write was accepted. `sentAt` is when it was sent: the lease may be that old already. */
export const written = (state: Election, seen: SeenLease, sentAt: number, now: number): Election => ({
  ...state,
  seen,
  seenAt: now,
  heldSince: seen.record.holderIdentity === state.identity ? sentAt : undefined,
})

/** Until when this process may write; in the past, or -Infinity, when it may not. */
export const mayWriteUntil = ({ heldSince, times }: Election): number =>
  heldSince === undefined ? Number.NEGATIVE_INFINITY : heldSince + times.renewMs

export const mayWrite = (state: Election, now: number): boolean => now < mayWriteUntil(state)

export type Step =
  /** Write this record, only if the lease is still as seen (or still absent). */
  { readonly kind: 'write'; readonly record: LeaseRecord } | { readonly kind: 'wait'; readonly holder: string }

/** What to write after the lease was read. `wallClock` is for people who read the lease; nothing depends on it. */
export function decide(state: Election, now: number, wallClock: Date): Step {
  const { identity, seen, seenAt, times } = state
  const at = microTime(wallClock)
  const leaseDurationSeconds = Math.round(times.leaseMs / 1_000)
  const ours = { holderIdentity: identity, leaseDurationSeconds, renewTime: at }
  if (!seen) return { kind: 'write', record: { ...ours, acquireTime: at, leaseTransitions: 0 } }
  const { holderIdentity, acquireTime, leaseTransitions } = seen.record
  // Held by us before a restart under the same name, or after a pause: the same holder, but not the same right.
  if (holderIdentity === identity && mayWrite(state, now))
    return { kind: 'write', record: { ...ours, acquireTime, leaseTransitions } }
  const free =
    holderIdentity === '' || now >= seenAt + Math.max(times.leaseMs, seen.record.leaseDurationSeconds * 1_000)
  if (!free && holderIdentity !== identity) return { kind: 'wait', holder: holderIdentity }
  return { kind: 'write', record: { ...ours, acquireTime: at, leaseTransitions: leaseTransitions + 1 } }
}

/** The record that lets the next one in at once; undefined when the lease is not ours to give. */
export function released(state: Election, wallClock: Date): LeaseRecord | undefined {
  if (state.heldSince === undefined || state.seen?.record.holderIdentity !== state.identity) return undefined
  const at = microTime(wallClock)
  const { leaseTransitions } = state.seen.record
  return { holderIdentity: '', leaseDurationSeconds: 1, acquireTime: at, renewTime: at, leaseTransitions }
}

/** The API's MicroTime. */
const microTime = (date: Date): string => date.toISOString().replace('Z', '000Z')
