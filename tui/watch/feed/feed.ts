// Where the dashboard's pictures come from: this machine or a cluster. A feed tries again by itself and never throws:
// what goes wrong is told as `lost`.
import type { FeedEvent, Focus } from '../model/picture.ts'

export interface Feed {
  /** What is to be told from now on; told at once, and then again and again. */
  look(focus: Focus): void
  close(): void
}

export type OnFeed = (event: FeedEvent) => void

/** Calls `round` again and again until the signal, at most so often, and never twice at a time. */
export async function repeat(
  everyMs: number,
  signal: AbortSignal,
  round: () => Promise<void>,
  onError: (error: Error) => void,
): Promise<void> {
  while (!signal.aborted) {
    const began = performance.now()
    const before = process.cpuUsage()
    try {
      await round()
    } catch (error) {
      if (!signal.aborted) onError(error as Error)
    }
    const took = performance.now() - began
    const { user, system } = process.cpuUsage(before)
    // A round of a thousand nodes costs: nine tenths of a core are left to others.
    await pause(Math.max(everyMs - took, (9 * (user + system)) / 1_000, MIN_PAUSE_MS), signal)
  }
}
const MIN_PAUSE_MS = 50

export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>(resolve => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
}
