// How long to wait before the next try. Pure: randomness is an argument.
import type { Rng } from '../../../api/random.ts'

export interface Backoff {
  readonly baseMs: number
  readonly maxMs: number
}

/** As client-go's reflector has it: quick after the first break, never a storm from many at once. */
export const informerBackoff: Backoff = { baseMs: 500, maxMs: 30_000 }
/** As controller-runtime has it, but for the ceiling: 1,000 s is longer than anyone waits for a mended object. */
export const reconcileBackoff: Backoff = { baseMs: 5, maxMs: 120_000 }
/** A server may ask for a pause; more than this is not obeyed, because a wrong header must not make us deaf. */
export const MAX_RETRY_AFTER_MS = 60_000

/** 2^(failures-1) times the base, between half of it and all of it, at most the maximum. 0 for no failure. */
export function backoffMs({ baseMs, maxMs }: Backoff, failures: number, rng: Rng): number {
  if (failures <= 0) return 0
  const full = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 40))
  return full / 2 + (full / 2) * rng()
}

/** The pause a Retry-After header asks for (RFC 9110, 10.2.3), seconds or a date; undefined when it says nothing. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  const asked = /^\s*\d+\s*$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now
  return Number.isFinite(asked) ? Math.min(MAX_RETRY_AFTER_MS, Math.max(0, asked)) : undefined
}
