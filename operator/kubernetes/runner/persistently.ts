// Requests that are made again while the API server cannot be reached, or says that it cannot now.
import { pause } from '../../../chaos/runner/node-client.ts'
import { ApiError, ConnectionError } from '../runtime/api-error.ts'

const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 3_000

/** What `work` gives. @throws what it threw last, when another attempt cannot help or the time is over */
export async function persistently<T>(withinMs: number, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + withinMs
  for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
    try {
      return await work()
    } catch (error) {
      const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0
      if (!mayPass(error) || signal.aborted || performance.now() + Math.max(wait, asked) > deadline) throw error
      await pause(Math.max(wait, asked), signal)
    }
  }
}

/** The API server cannot be reached, or says that it cannot now. */
export const mayPass = (error: unknown): boolean =>
  error instanceof ConnectionError || (error instanceof ApiError && (error.status >= 500 || error.status === 429))
