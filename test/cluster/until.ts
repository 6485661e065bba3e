// Waiting for a condition with a deadline; nothing here sleeps for a fixed time and hopes.
import { setTimeout as delay } from 'node:timers/promises'

export interface Wait {
  readonly withinMs: number
  readonly everyMs?: number
  /** What to show when the deadline passes: the end of a log, the last state. */
  readonly describe?: () => Promise<string> | string
}

/**
 * The condition's first value that is neither false, null nor undefined.
 * @throws Error with `what` and the state when the deadline passes; whatever the condition throws passes through.
 */
export async function until<T>(
  what: string,
  { withinMs, everyMs = 50, describe = () => '' }: Wait,
  condition: () => Promise<T> | T,
): Promise<NonNullable<Exclude<T, false>>> {
  const end = performance.now() + withinMs
  for (;;) {
    const value = await condition()
    if (value !== false && value !== null && value !== undefined) return value as NonNullable<Exclude<T, false>>
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}\n${await describe()}`.trimEnd())
    await delay(everyMs)
  }
}
