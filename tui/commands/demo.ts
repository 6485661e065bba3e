// trellis demo: starts the quickstart testnet, cuts it in half, heals it, prints the verdict, takes everything down.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { exitCodes } from '../../api/verdict.ts'
import { verdictHtml } from '../../chaos/report/html/page.ts'
import { runJson, verdictJson } from '../../chaos/report/json.ts'
import type { RunResult } from '../../chaos/runner/run.ts'
import { fromSystemError } from '../../operator/local/errors.ts'
import { nodeProgram, packageFolder } from '../../operator/local/program.ts'
import { provision } from '../../operator/local/provision.ts'
import { supervise } from '../../operator/local/supervise.ts'
import { findTestnet, type LocalTestnet } from '../../operator/local/testnets.ts'
import { conditions, finalityLag, isConverged, type Observation } from '../../operator/testnet/convergence.ts'
import { readExperiment, readTestnet } from '../documents.ts'
import type { SetExit } from '../exit-codes.ts'
import { type ExitCode, exitCode, UsageError } from '../exit-codes.ts'
import { type Interrupts, listenForInterrupts } from '../interrupts.ts'
import { startLine } from '../model/start-line.ts'
import { type Progress, stderrProgress } from '../progress.ts'
import { checkRunnable, checkWithoutCluster, runOn } from '../run-experiment.ts'
import { observe } from '../source/node-status.ts'
import type { Terminal } from '../terminal.ts'
import { conditionLines } from '../views/status.ts'
import { verdictFor, writeReport } from './chaos-reports.ts'

const READY_TIMEOUT_MS = 60_000
const CONVERGE_TIMEOUT_MS = 90_000
const OBSERVE_EVERY_MS = 500

interface DemoOptions {
  readonly testnet: string
  readonly experiment: string
  readonly report: string
}

export function addDemo(program: Command, terminal: Terminal, setExit: SetExit): void {
  const given = (flags: string, what: string, name: string): Option =>
    new Option(flags, what).default(join(packageFolder(), 'examples', name), `examples/${name}`)
  program
    .command('demo')
    .summary('start a testnet, cut it, heal it, print the verdict: three minutes')
    .description('start a testnet, cut it in half, heal it, print the verdict, take it down: three minutes')
    .addOption(given('--testnet <file>', 'a Testnet', 'quickstart.yaml'))
    .addOption(given('--experiment <file>', 'a ChaosExperiment on it', 'partition-halves.yaml'))
    .option('--report <folder>', 'where report.html, verdict.json and run.json are written', join('.trellis', 'demo'))
    .action((options: DemoOptions) => demo(options, terminal, setExit))
}

async function demo(options: DemoOptions, terminal: Terminal, setExit: SetExit): Promise<void> {
  const testnet = readTestnet(options.testnet, undefined)
  const document = readExperiment(options.experiment)
  checkWithoutCluster(document)
  const { name } = testnet.metadata
  if (document.value.spec.testnet !== name) {
    throw new UsageError(
      `${options.experiment} is for testnet ${document.value.spec.testnet}, ${options.testnet} is ${name}`,
      'name two files that belong together',
    )
  }
  makeFolder(options.report)
  const progress = stderrProgress(terminal.live)
  const interrupts = listenForInterrupts(() => progress.line('stopping; Ctrl-C again does not wait for the nodes'))
  // A state root of its own: a quickstart that runs already is not in the way.
  const root = mkdtempSync(join(tmpdir(), 'trellis-demo-'))
  const over = new AbortController()
  const size = testnet.spec.groups.reduce((sum, group) => sum + group.count, 0)
  progress.line(
    `demo: ${size} nodes, the experiment ${document.value.metadata.name}, the verdict; Ctrl-C takes everything down`,
  )
  try {
    await provision({ root, testnet, file: resolve(options.testnet), program: nodeProgram(terminal.env) })
    const running = Promise.withResolvers<void>()
    let ready = false
    const supervised = supervise({
      root,
      name,
      readyTimeoutMs: READY_TIMEOUT_MS,
      stop: AbortSignal.any([interrupts.stop, over.signal]),
      force: interrupts.force,
      onChange: record => {
        if (!ready && !interrupts.stop.aborted) progress.update(startLine(record))
      },
      onReady: () => {
        ready = true
        running.resolve()
      },
      warn: message => progress.line(message),
    })
    // It ends early only when it failed or was interrupted.
    supervised.then(() => running.resolve(), running.reject)
    await running.promise
    let result: RunResult | undefined
    try {
      if (!interrupts.stop.aborted) {
        progress.line(`${name}: ${size} nodes ready`)
        const local = findTestnet(root, name)
        if (local === undefined) throw new UsageError(`${name} is gone`, 'something removed its folder; run it again')
        await converge(local, progress, terminal, interrupts)
        if (!interrupts.stop.aborted) {
          checkRunnable(document, local)
          result = await runOn(local, document.value, progress, terminal, interrupts.stop)
        }
      }
    } finally {
      over.abort()
      progress.update('taking everything down')
      await supervised
      progress.clear()
    }
    if (result === undefined) return setExit(exitCode.interrupted)
    const [verdictFile, runFile, pageFile] = ['verdict.json', 'run.json', 'report.html'].map(file =>
      join(options.report, file),
    ) as [string, string, string]
    writeReport(verdictFile, verdictJson(result.verdict))
    writeReport(runFile, runJson(result.record))
    writeReport(pageFile, verdictHtml(result.record, result.verdict))
    terminal.out(verdictFor(result.verdict, {}, terminal))
    terminal.out(
      `report: ${shown(pageFile)} (one file, for a browser)\nverdict: ${shown(verdictFile)}\nrecorded run: ${shown(runFile)} (\`bin/trellis chaos judge ${shown(runFile)} -v\` judges it again, with the evidence)\nnext: \`bin/trellis up ${shown(options.testnet)} --detach\` starts a testnet that stays`,
    )
    setExit(interrupts.stop.aborted ? exitCode.interrupted : (exitCodes[result.verdict.result] as ExitCode))
  } finally {
    progress.clear()
    interrupts.release()
    rmSync(root, { recursive: true, force: true })
  }
}

/** Waits until all conditions hold; a network that does not get there is judged by the run's own steady state. */
async function converge(
  local: LocalTestnet,
  progress: Progress,
  terminal: Terminal,
  interrupts: Interrupts,
): Promise<void> {
  const record = local.record
  if (record === undefined) return
  const lag = finalityLag(record.chain.checkpointInterval)
  const deadline = Date.now() + CONVERGE_TIMEOUT_MS
  let earlier: Observation | undefined
  while (!interrupts.stop.aborted && Date.now() < deadline) {
    // The record was read when all were ready; their addresses do not change.
    const now = await observe(record.nodes.map(node => ({ ...node, state: 'ready' as const })))
    const list = conditions(now, earlier, lag)
    if (isConverged(list)) {
      progress.line(`converged: ${list.map(({ reason }) => reason).join(', ')}`)
      return
    }
    const missing = list.find(condition => !condition.holds)
    progress.update(
      terminal.live
        ? conditionLines(list, [], terminal.errorPaint)
        : `waiting for ${missing?.name}: ${missing?.reason}`,
    )
    earlier = now
    await new Promise(done => setTimeout(done, OBSERVE_EVERY_MS))
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw fromSystemError(error, folder)
  }
}

/** Relative to where the reader is, unless it lies elsewhere. */
function shown(file: string): string {
  const path = relative('', file)
  return path.startsWith('..') ? resolve(file) : path
}
