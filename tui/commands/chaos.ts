// trellis chaos run FILE: breaks a testnet, heals it, judges it. trellis chaos judge RUN.json: judges a recorded run again.
import { readFileSync, writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { parseRunRecord } from '../../api/run.ts'
import { exitCodes, type Verdict } from '../../api/verdict.ts'
import { verdictHtml } from '../../chaos/report/html/page.ts'
import { runJson, verdictJson } from '../../chaos/report/json.ts'
import { verdictJunit } from '../../chaos/report/junit.ts'
import { verdictText } from '../../chaos/report/text.ts'
import { LEASE_MS } from '../../chaos/runner/fault.ts'
import type { RunResult } from '../../chaos/runner/run.ts'
import { judge } from '../../chaos/verdict/judge.ts'
import { fromSystemError } from '../../operator/local/errors.ts'
import { abortExperiment, claimed } from '../../operator/local/experiment-claim.ts'
import { stateRoot } from '../../operator/local/state-folder.ts'
import { chooseTestnet } from '../../operator/local/testnets.ts'
import { readExperiment } from '../documents.ts'
import type { SetExit } from '../exit-codes.ts'
import { type ExitCode, exitCode, UsageError } from '../exit-codes.ts'
import { listenForInterrupts } from '../interrupts.ts'
import { encode, type Format, outputOption } from '../output.ts'
import { stderrProgress } from '../progress.ts'
import { checkRunnable, runOn, takeTurn } from '../run-experiment.ts'
import type { Terminal } from '../terminal.ts'
import { plain } from '../theme.ts'

/** Lifting waits for nodes that do not answer until what they hold has lapsed. */
const ABORT_TIMEOUT_MS = 30_000

interface ReportOptions {
  readonly output?: Format
  readonly reportJson?: string
  readonly report?: string
  readonly junit?: string
  readonly record?: string
  readonly verbose?: boolean
}

export function addChaos(program: Command, terminal: Terminal, setExit: SetExit): void {
  const chaos = program.command('chaos').description('break a testnet on purpose, and judge whether it healed')
  chaos
    .command('run <file>')
    .description('run a ChaosExperiment on the testnet it names')
    .option('--report <file>', 'write a report as one HTML file')
    .option('--report-json <file>', 'write the verdict as JSON')
    .option('--junit <file>', 'write the verdict as JUnit XML')
    .option('--record <file>', 'write the whole recorded run; `trellis chaos judge` reads it')
    .option('-v, --verbose', 'evidence of what passed as well')
    .addOption(outputOption(['table', 'json', 'yaml']))
    .action((file: string, options: ReportOptions) => run(file, options, terminal, setExit))
  chaos
    .command('judge <run>')
    .description('judge a recorded run again')
    .option('--report <file>', 'write a report as one HTML file')
    .option('--report-json <file>', 'write the verdict as JSON')
    .option('--junit <file>', 'write the verdict as JUnit XML')
    .option('-v, --verbose', 'evidence of what passed as well')
    .addOption(outputOption(['table', 'json', 'yaml']))
    .action((file: string, options: ReportOptions) => {
      const record = readRun(file)
      report({ record, verdict: judge(record) }, options, terminal, setExit)
    })
  chaos
    .command('abort [testnet]')
    .description('end the experiment that runs on a testnet: its faults are lifted at once')
    .action((name: string | undefined) => abort(name, terminal))
}

async function run(file: string, options: ReportOptions, terminal: Terminal, setExit: SetExit): Promise<void> {
  const document = readExperiment(file)
  const testnet = chooseTestnet(stateRoot(terminal.env), document.value.spec.testnet)
  checkRunnable(document, testnet)
  const progress = stderrProgress(terminal.live)
  const interrupts = listenForInterrupts(() =>
    progress.line('lifting the faults; the run is judged by what was recorded'),
  )
  let release: (() => void) | undefined
  try {
    release = await takeTurn(testnet, document.value, progress, interrupts.stop)
    if (release === undefined) return setExit(exitCode.interrupted)
    const result = await runOn(testnet, document.value, progress, terminal, interrupts.stop)
    if (options.record) writeReport(options.record, runJson(result.record))
    report(result, options, terminal, setExit)
  } finally {
    release?.()
    interrupts.release()
  }
}

async function abort(name: string | undefined, terminal: Terminal): Promise<void> {
  const { name: testnet, folder } = chooseTestnet(stateRoot(terminal.env), name)
  const running = claimed(folder)
  if (running === undefined)
    throw new UsageError(`no experiment runs on testnet ${testnet}`, 'start one with `trellis chaos run FILE`')
  if (!(await abortExperiment(folder, running, ABORT_TIMEOUT_MS))) {
    throw new UsageError(
      `${running.experiment} (process ${running.pid}) still runs ${ABORT_TIMEOUT_MS / 1_000} s after it was asked to end`,
      `its faults end by themselves within ${LEASE_MS / 1_000} s once that process is gone: end it with \`kill -9 ${running.pid}\``,
    )
  }
  terminal.out(`${running.experiment} on ${testnet} is aborted; its faults are lifted`)
}

function report({ record, verdict }: RunResult, options: ReportOptions, terminal: Terminal, setExit: SetExit): void {
  if (options.report) writeReport(options.report, verdictHtml(record, verdict))
  if (options.reportJson) writeReport(options.reportJson, verdictJson(verdict))
  if (options.junit) writeReport(options.junit, verdictJunit(verdict, secondsOf(record.phases)))
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

function readRun(file: string): ReturnType<typeof parseRunRecord> {
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
