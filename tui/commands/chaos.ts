// trellis chaos run FILE: breaks a testnet, heals it, judges it. trellis chaos judge RUN.json: judges a recorded run again.
// trellis chaos list, abort: the experiments that there are.
import type { Command } from 'commander'
import { runJson } from '../../chaos/report/json.ts'
import { LEASE_MS } from '../../chaos/runner/fault.ts'
import { judge } from '../../chaos/verdict/judge.ts'
import { abortExperiment, type Claim, claimed } from '../../operator/local/experiment-claim.ts'
import { stateRoot } from '../../operator/local/state-folder.ts'
import { chooseTestnet, type LocalTestnet, listTestnets } from '../../operator/local/testnets.ts'
import { readExperiment } from '../documents.ts'
import { exitCode, type SetExit, UsageError } from '../exit-codes.ts'
import { listenForInterrupts } from '../interrupts.ts'
import { type ExperimentRow, inOrder, localRow } from '../model/experiment-rows.ts'
import { outputOption, rowFormats } from '../output.ts'
import { stderrProgress } from '../progress.ts'
import { addWatchOption, type RepeatOptions, show } from '../repeat.ts'
import { checkRunnable, checkWithoutCluster, runOn, takeTurn } from '../run-experiment.ts'
import type { Cluster } from '../source/cluster/connect.ts'
import type { Terminal } from '../terminal.ts'
import { experimentTable } from '../views/experiments.ts'
import type { RunInClusterOptions } from './chaos-in-cluster.ts'
import { type ReportOptions, readRun, report, writeReport } from './chaos-reports.ts'
import { addPlaceOptions, clusterOf, type PlaceOptions } from './place.ts'

/** Lifting waits for nodes that do not answer until what they hold has lapsed. */
const ABORT_TIMEOUT_MS = 30_000

export function addChaos(program: Command, terminal: Terminal, setExit: SetExit): void {
  const chaos = program.command('chaos').description('break a testnet on purpose, and judge whether it healed')
  const run = chaos.command('run <file>').description('run a ChaosExperiment on the testnet it names')
  addReportOptions(addPlaceOptions(run))
    .option('--record <file>', 'write the whole recorded run; `trellis chaos judge` reads it')
    .option('-d, --detach', 'do not wait for the verdict (in a cluster)')
    .option('--replace', 'delete an experiment of that name first, and its record (in a cluster)')
    .action((file: string, options: RunOptions) =>
      inPlace(options, terminal, async cluster => {
        if (!cluster) return await runHere(file, options, terminal, setExit)
        const { runInCluster } = await import('./chaos-in-cluster.ts')
        await runInCluster(file, options, cluster, terminal, setExit)
      }),
    )
  addReportOptions(chaos.command('judge <run>').description('judge a recorded run again')).action(
    (file: string, options: ReportOptions) => {
      const record = readRun(file)
      report({ record, verdict: judge(record) }, options, terminal, setExit)
    },
  )
  addWatchOption(
    addPlaceOptions(chaos.command('list').description('the experiments that run, and in a cluster those that are over'))
      .option('-A, --all-namespaces', 'in all namespaces of the cluster')
      .addOption(outputOption(rowFormats)),
  ).action((options: ListOptions) => inPlace(options, terminal, cluster => list(cluster, options, terminal)))
  addPlaceOptions(
    chaos
      .command('abort [name]')
      .description(
        'end an experiment: its faults are lifted at once. Name the experiment, or on this machine its testnet',
      ),
  ).action((name: string | undefined, options: PlaceOptions) =>
    inPlace(options, terminal, async cluster => {
      if (!cluster) return await abortHere(name, terminal)
      const { abortInCluster } = await import('./chaos-in-cluster.ts')
      await abortInCluster(name, cluster, terminal)
    }),
  )
}

type RunOptions = PlaceOptions & RunInClusterOptions

interface ListOptions extends PlaceOptions, RepeatOptions {
  readonly allNamespaces?: boolean
}

const addReportOptions = (command: Command): Command =>
  command
    .option('--report <file>', 'write a report as one HTML file')
    .option('--report-json <file>', 'write the verdict as JSON')
    .option('--junit <file>', 'write the verdict as JUnit XML')
    .option('-v, --verbose', 'evidence of what passed as well')
    .addOption(outputOption(['table', 'json', 'yaml']))

/** Calls `use` with the cluster that the flags mean, undefined for this machine, and closes it. */
async function inPlace(
  options: PlaceOptions & { readonly allNamespaces?: boolean },
  terminal: Terminal,
  use: (cluster: Cluster | undefined) => Promise<void>,
): Promise<void> {
  const cluster = await clusterOf(options, terminal)
  if (!cluster && options.allNamespaces)
    throw new UsageError('--all-namespaces is about a cluster', 'add --context, or leave it out')
  try {
    await use(cluster)
  } finally {
    cluster?.close()
  }
}

async function runHere(file: string, options: RunOptions, terminal: Terminal, setExit: SetExit): Promise<void> {
  for (const flag of ['detach', 'replace'] as const)
    if (options[flag]) throw new UsageError(`--${flag} is about a cluster`, 'add --context, or leave it out')
  const document = readExperiment(file)
  checkWithoutCluster(document)
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

const list = (cluster: Cluster | undefined, options: ListOptions, terminal: Terminal): Promise<void> =>
  show<ExperimentRow>(options, terminal, async signal => {
    const rows = inOrder(await rowsOf(cluster, options, terminal, signal))
    const place = cluster ? `is there ${cluster.place}` : 'runs on this machine'
    const none = `no experiment ${place}; start one with \`${terminal.program} chaos run FILE\``
    const namespaces = options.allNamespaces === true
    return {
      rows,
      name: row => (namespaces ? `${row.namespace}/${row.name}` : row.name),
      table: wide => experimentTable(rows, { wide, columns: terminal.columns, namespaces }),
      notes: rows.length === 0 && (options.output ?? 'table') !== 'json' && options.output !== 'yaml' ? [none] : [],
    }
  })

async function rowsOf(
  cluster: Cluster | undefined,
  { allNamespaces }: ListOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<ExperimentRow[]> {
  if (!cluster) return running(stateRoot(terminal.env)).map(({ name, claim }) => localRow(name, claim, Date.now()))
  const { experimentRows } = await import('../source/cluster/chaos-experiments.ts')
  return await experimentRows(cluster, allNamespaces ? undefined : cluster.namespace, signal)
}

/** Testnets of this machine on which an experiment runs. */
const running = (root: string): (LocalTestnet & { readonly claim: Claim })[] =>
  listTestnets(root).flatMap(testnet => {
    const claim = claimed(testnet.folder)
    return claim ? [{ ...testnet, claim }] : []
  })

async function abortHere(name: string | undefined, terminal: Terminal): Promise<void> {
  const root = stateRoot(terminal.env)
  const [byExperiment] = running(root).filter(({ claim }) => claim.experiment === name)
  const isTestnet = listTestnets(root).some(testnet => testnet.name === name)
  const { name: testnet, folder } = (!isTestnet && byExperiment) || chooseTestnet(root, name)
  const claim = claimed(folder)
  if (claim === undefined)
    throw new UsageError(`no experiment runs on testnet ${testnet}`, 'start one with `trellis chaos run FILE`')
  if (!(await abortExperiment(folder, claim, ABORT_TIMEOUT_MS))) {
    throw new UsageError(
      `${claim.experiment} (process ${claim.pid}) still runs ${ABORT_TIMEOUT_MS / 1_000} s after it was asked to end`,
      `its faults end by themselves within ${LEASE_MS / 1_000} s once that process is gone: end it with \`kill -9 ${claim.pid}\``,
    )
  }
  terminal.out(`${claim.experiment} on ${testnet} is aborted; its faults are lifted`)
}
