// Exit codes of the command, and the error that carries one.

/** interrupted: ended by Ctrl-C before there was a result (128 + SIGINT, as shells count). */
export const exitCode = { ok: 0, failed: 1, inconclusive: 2, usage: 3, interrupted: 130 } as const
export type ExitCode = (typeof exitCode)[keyof typeof exitCode]

/** What they mean, for help and the reference. */
export const exitCodeTexts: readonly (readonly [ExitCode, string])[] = [
  [exitCode.ok, 'passed or done'],
  [exitCode.failed, 'failed'],
  [exitCode.inconclusive, 'inconclusive'],
  [exitCode.usage, 'usage or environment'],
  [exitCode.interrupted, 'interrupted before there was a result'],
]

/** A command sets the exit code that its result asks for; 0 when it does not. */
export type SetExit = (code: ExitCode) => void

/** A usage error: what was wrong, and the mend. */
export class UsageError extends Error {
  readonly mend: string
  constructor(message: string, mend: string) {
    super(message)
    this.name = 'UsageError'
    this.mend = mend
  }
}

/** Ctrl-C or a signal before there was a result. `mend` says what goes on without the command, and how to end it. */
export class InterruptedError extends UsageError {
  override readonly name = 'InterruptedError'
}
