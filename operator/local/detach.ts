// A supervisor in a process of its own that survives the shell, and the words the two exchange until it is ready.
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { LocalError, type LocalErrorCode } from './errors.ts'
import { tailLog } from './log-file.ts'
import type { TestnetRecord } from './record.ts'
import { supervisorLog } from './state-folder.ts'

/** From the supervisor to the one that started it. */
export type DetachedReport =
  | { readonly kind: 'change'; readonly record: TestnetRecord }
  | { readonly kind: 'ready'; readonly record: TestnetRecord }
  | {
      readonly kind: 'failed'
      readonly code: LocalErrorCode
      readonly message: string
      readonly mend: string
      readonly detail: readonly string[]
    }

/**
 * Starts `command` detached with its output in supervisor.log; resolves with the record once it reports ready.
 * On abort it is told to end, and waited for. Throws LocalError with its reason when it does not get ready.
 */
export function superviseDetached(
  command: readonly string[],
  folder: string,
  stop: AbortSignal,
  onChange: (record: TestnetRecord) => void,
): Promise<TestnetRecord> {
  const log = openSync(supervisorLog(folder), 'a', 0o600)
  const [program = '', ...args] = command
  const child = spawn(program, args, { detached: true, cwd: folder, stdio: ['ignore', log, log, 'ipc'] })
  closeSync(log)
  return new Promise((resolve, reject) => {
    const abort = (): void => void child.kill('SIGTERM')
    const settle = (done: () => void): void => {
      stop.removeEventListener('abort', abort)
      if (child.connected) child.disconnect()
      child.unref()
      done()
    }
    let failure: LocalError | undefined
    child.on('message', (report: DetachedReport) => {
      if (report.kind === 'change') onChange(report.record)
      else if (report.kind === 'ready') settle(() => resolve(report.record))
      else if (report.kind === 'failed')
        failure = new LocalError(report.code, report.message, report.mend, report.detail)
    })
    child.once('error', error => {
      settle(() =>
        reject(
          new LocalError('supervisor-gone', `the supervisor could not be started: ${error.message}`, 'run it again'),
        ),
      )
    })
    // With `exit` a message sent just before may still be on its way; `close` comes after the channel's end.
    child.once('close', code => {
      const detail = tailLog(supervisorLog(folder), 10)
      const gone = stop.aborted
        ? new LocalError('interrupted', 'interrupted', 'nothing is left of it')
        : new LocalError('supervisor-gone', `the supervisor ended with exit code ${code}`, 'run it again', detail)
      settle(() => reject(failure ?? gone))
    })
    stop.addEventListener('abort', abort, { once: true })
    if (stop.aborted) abort()
  })
}

/** In the detached supervisor: tells the one that started it, if it still listens. */
export function reportToStarter(report: DetachedReport): void {
  if (process.connected) process.send?.(report, undefined, undefined, () => {})
}
