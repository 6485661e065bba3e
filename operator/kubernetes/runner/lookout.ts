// Looks out for another runner in this one's place, all the time that this one runs.
import { pause } from '../../../chaos/runner/node-client.ts'
import { Superseded } from './claim.ts'
import type { Kept } from './kept.ts'

const LOOK_MS = 2_000
/** One that is to end is replaced at any moment. */
const LOOK_WHEN_LEAVING_MS = 500
const ASK_WITHIN_MS = 5_000
/**
 * Who hears nothing of the API server for so long can neither be told to stop nor know whether it was replaced: it lets go,
 * and what it holds lapses. Longer than the API server takes to start again.
 */
export const UNHEARD_MS = 30_000
/** One that is told to end goes on for so long, so that nothing lapses before its successor is there: less than its grace. */
export const HAND_OVER_MS = 25_000

/** Resolves with the reason once this runner is to leave everything as it is and end; never after the signal aborts. */
export async function letGoReason(
  kept: Pick<Kept, 'check'>,
  leaving: AbortSignal,
  signal: AbortSignal,
  now: () => number = () => performance.now(),
): Promise<string> {
  let heard = now()
  let left: number | undefined
  while (!signal.aborted) {
    if (leaving.aborted) left ??= now()
    if (left !== undefined && now() - left >= HAND_OVER_MS) return 'another runner is to go on'
    const asked = now()
    try {
      await kept.check(AbortSignal.any([signal, AbortSignal.timeout(ASK_WITHIN_MS)]))
      heard = asked
    } catch (error) {
      if (error instanceof Superseded) return error.message
      const unheardMs = now() - heard
      if (unheardMs >= UNHEARD_MS)
        return `nothing was heard of the API server for ${Math.round(unheardMs / 1_000)} s: ${(error as Error).message}`
    }
    if (leaving.aborted) await pause(LOOK_WHEN_LEAVING_MS, signal)
    else await pause(LOOK_MS, AbortSignal.any([signal, leaving]))
  }
  return await new Promise<never>(() => {})
}
