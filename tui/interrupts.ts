// Ctrl-C, SIGTERM and a closed terminal as abort signals: the first asks to end in order, a second does not wait.

import { InterruptedError } from './exit-codes.ts'

export interface Interrupts {
  readonly stop: AbortSignal
  readonly force: AbortSignal
  release(): void
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** One Ctrl-C may come twice: to the group of processes, and passed on by who started us. */
const SAME_MS = 500

export function listenForInterrupts(onFirst: () => void = () => {}): Interrupts {
  const stop = new AbortController()
  const force = new AbortController()
  let firstAt = 0
  const listener = (): void => {
    if (stop.signal.aborted) {
      if (performance.now() - firstAt > SAME_MS) force.abort()
      return
    }
    firstAt = performance.now()
    // The reason stands in the verdict of a run that is cut short, and ends a request wherever it is.
    stop.abort(new InterruptedError('interrupted by Ctrl-C or a signal', 'run it again'))
    onFirst()
  }
  for (const signal of signals) process.on(signal, listener)
  return {
    stop: stop.signal,
    force: force.signal,
    release: () => {
      for (const signal of signals) process.off(signal, listener)
    },
  }
}
