// When a peer may be dialled again, and how long a dial may take.
import type { BookEntry } from './address-book.ts'

export const BACKOFF_BASE_MS = 250
export const BACKOFF_CAP_MS = 60_000
/** Peers that once worked, while we have too few: a healed network finds back within this, however long it was cut. */
export const URGENT_CAP_MS = 500

/** Enough for TCP, Noise, Yamux and the gater over an unknown path. */
export const DIAL_TIMEOUT_MS = 5_000
/** A lost SYN is repeated only after a second, then two: a fresh dial is sooner through a link that has just healed. */
export const REDIAL_TIMEOUT_MIN_MS = 1_000
/** Round trips of a handshake, with room for slow answers. */
const HANDSHAKE_ROUND_TRIPS = 8

/** Milliseconds to wait after the last of `failures` failed dials: exponential, and spread over its upper half by `jitter`. */
export function backoffMs(failures: number, jitter: number, urgent: boolean): number {
  if (failures === 0) return 0
  const cap = urgent ? URGENT_CAP_MS : BACKOFF_CAP_MS
  return Math.min(cap, BACKOFF_BASE_MS * 2 ** Math.min(failures - 1, 30)) * (0.5 + 0.5 * jitter)
}

/** The entry may be dialled now. */
export function isDue(entry: BookEntry, now: number, urgent: boolean): boolean {
  return entry.lastAttempt === null || now - entry.lastAttempt >= backoffMs(entry.failures, entry.jitter, urgent)
}

/** Redials that get the whole time-out: every fourth, for a peer or a machine that has become slow. */
const PATIENT_EVERY = 4

/** Milliseconds a dial of this peer may take. */
export function dialTimeoutMs(entry: BookEntry): number {
  if (entry.latencyMs === null || entry.failures % PATIENT_EVERY === PATIENT_EVERY - 1) return DIAL_TIMEOUT_MS
  return Math.min(DIAL_TIMEOUT_MS, REDIAL_TIMEOUT_MIN_MS + HANDSHAKE_ROUND_TRIPS * entry.latencyMs)
}
