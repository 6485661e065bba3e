// Errors as people see them: what was wrong, where, and the mend. One place for every command.
import { formatProblem, InputError } from '../api/errors.ts'
import { PreflightFailed } from '../chaos/runner/preflight.ts'
import { LocalError } from '../operator/local/errors.ts'
import { type ExitCode, exitCode, InterruptedError, UsageError } from './exit-codes.ts'
import { explainApiError } from './source/cluster/api-errors.ts'
import type { Paint } from './theme.ts'

export interface Explained {
  readonly text: string
  readonly code: ExitCode
}

/** Text for stderr and the exit code. A defect of ours keeps its stack: it is to be reported. */
export function explainError(error: unknown, paint: Paint): Explained {
  const line = (message: string): string => `${paint('bad', '✗')} ${message}`
  if (error instanceof InputError) {
    const lines = error.problems.map(problem => line(formatProblem(problem)))
    return { text: lines.join('\n'), code: exitCode.usage }
  }
  if (error instanceof LocalError) {
    const detail = error.detail.map(text => paint('dim', `    ${text}`))
    const text = [line(`${error.message}; ${error.mend}`), ...detail].join('\n')
    return { text, code: error.code === 'interrupted' ? exitCode.interrupted : exitCode.usage }
  }
  if (error instanceof PreflightFailed) return { text: error.problems.map(line).join('\n'), code: exitCode.usage }
  if (error instanceof InterruptedError)
    return { text: line(`${error.message}; ${error.mend}`), code: exitCode.interrupted }
  if (error instanceof UsageError) return { text: line(`${error.message}; ${error.mend}`), code: exitCode.usage }
  const refused = explainApiError(error)
  if (refused) return { text: refused.map(line).join('\n'), code: exitCode.usage }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { text: line(`this is a defect of trellis, please report it:\n${stack}`), code: exitCode.usage }
}
