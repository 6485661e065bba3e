// Whether and when a crashed node is started again. Pure: time and randomness are arguments.

/** First delay; doubles with every crash in the window. */
export const RESTART_BASE_MS = 250
export const RESTART_CAP_MS = 10_000
/** More crashes than this within the window and the node is given up. */
export const MAX_CRASHES = 5
export const CRASH_WINDOW_MS = 60_000
/** Exit code of a node that cannot run as configured: starting it again changes nothing. */
export const EXIT_UNUSABLE = 3

export type RestartDecision =
  | { readonly kind: 'restart'; readonly delayMs: number }
  | { readonly kind: 'give-up'; readonly reason: string }

/**
 * `crashes` are the times of earlier crashes (milliseconds), `now` is the time of this one.
 * Equal jitter: half of the delay is fixed, half random, so that nodes that died together do not come back together.
 */
export function decideRestart(
  crashes: readonly number[],
  now: number,
  exitCode: number | null,
  random: () => number,
): RestartDecision {
  if (exitCode === EXIT_UNUSABLE) return { kind: 'give-up', reason: 'cannot run as configured (exit code 3)' }
  const recent = crashes.filter(at => now - at < CRASH_WINDOW_MS).length + 1
  if (recent > MAX_CRASHES) {
    return { kind: 'give-up', reason: `crashed ${recent} times within ${CRASH_WINDOW_MS / 1000} s` }
  }
  const full = Math.min(RESTART_CAP_MS, RESTART_BASE_MS * 2 ** (recent - 1))
  return { kind: 'restart', delayMs: full / 2 + (full / 2) * random() }
}
