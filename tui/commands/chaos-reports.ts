// What `chaos run` and `chaos judge` leave behind: the verdict on stdout, reports in files, and the exit code.
import { readFileSync, writeFileSync } from 'node:fs'
import { parseRunRecord, type RunRecord } from '../../api/run.ts'
import { exitCodes, type Verdict } from '../../api/verdict.ts'
import { verdictHtml } from '../../chaos/report/html/page.ts'
import { verdictJson } from '../../chaos/report/json.ts'
import { verdictJunit } from '../../chaos/report/junit.ts'
import { verdictText } from '../../chaos/report/text.ts'
import type { RunResult } from '../../chaos/runner/run.ts'
import { fromSystemError } from '../../operator/local/errors.ts'
import { type ExitCode, type SetExit, UsageError } from '../exit-codes.ts'
import { encode, type Format } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { plain } from '../theme.ts'

export interface ReportOptions {
  readonly output?: Format
  readonly reportJson?: string
  readonly report?: string
  readonly junit?: string
  readonly record?: string
  readonly verbose?: boolean
}

export function report(
  { record, verdict }: RunResult,
  options: ReportOptions,
  terminal: Terminal,
  setExit: SetExit,
): void {
  if (options.report) writeReport(options.report, verdictHtml(record, verdict))
  reportVerdict(verdict, secondsOf(record.phases), options, terminal, setExit)
}

/** What needs no recorded run. */
export function reportVerdict(
  verdict: Verdict,
  seconds: number,
  options: ReportOptions,
  terminal: Terminal,
  setExit: SetExit,
): void {
  if (options.reportJson) writeReport(options.reportJson, verdictJson(verdict))
  if (options.junit) writeReport(options.junit, verdictJunit(verdict, seconds))
  terminal.out(verdictFor(verdict, options, terminal))
  setExit(exitCodes[verdict.result] as ExitCode)
}

export function verdictFor(
  verdict: Verdict,
  { output, verbose }: Pick<ReportOptions, 'output' | 'verbose'>,
  terminal: Terminal,
): string {
  if (output === 'json' || output === 'yaml') return encode(verdict, output)
  const width = Number.isFinite(terminal.columns) ? { width: terminal.columns } : {}
  return verdictText(verdict, { color: terminal.paint !== plain, verbose: verbose === true, ...width })
}

export function writeReport(file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch (error) {
    const known = fromSystemError(error, file)
    if (known !== error) throw known
    throw new UsageError(
      `${file} cannot be written: ${(error as Error).message}`,
      'name a file in a folder that exists',
    )
  }
}

/** The recorded run in a file. @throws UsageError */
export function readRun(file: string): RunRecord {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT')
      throw new UsageError(`${file} does not exist`, '`trellis chaos run --record RUN.json` writes one')
    throw new UsageError(`${file} cannot be read: ${message}`, 'check the path and its permissions')
  }
  try {
    return parseRunRecord(text)
  } catch (error) {
    throw new UsageError(`${file}: ${(error as Error).message}`, 'name a file that `trellis chaos run --record` wrote')
  }
}

function secondsOf(phases: readonly { readonly at: number }[]): number {
  const [first, last] = [phases[0], phases.at(-1)]
  return first && last ? (last.at - first.at) / 1_000 : 0
}
