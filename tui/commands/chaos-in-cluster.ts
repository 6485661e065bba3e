// trellis chaos run|abort in a cluster: the operator runs the experiment, and we follow it and judge its record again.
import { InputError } from '../../api/errors.ts'
import { isSeries } from '../../api/experiment.ts'
import { apiVersion } from '../../api/metadata.ts'
import { checkAgainst } from '../../chaos/check.ts'
import type { SelectableNode } from '../../chaos/select.ts'
import { checkStored } from '../../operator/kubernetes/testnet/stored-testnet.ts'
import { placements } from '../../operator/testnet/expand.ts'
import { type ExperimentFile, readExperimentFile } from '../documents.ts'
import { type SetExit, UsageError } from '../exit-codes.ts'
import { listenForInterrupts } from '../interrupts.ts'
import { stderrProgress } from '../progress.ts'
import { RunDisplay } from '../run-display.ts'
import { applyExperiment, chooseExperiment, isOver } from '../source/cluster/chaos-experiments.ts'
import { awaitAborted, followExperiment } from '../source/cluster/chaos-follow.ts'
import type { Cluster } from '../source/cluster/connect.ts'
import { chooseTestnet } from '../source/cluster/testnet-objects.ts'
import type { Terminal } from '../terminal.ts'
import { tellOutcome } from './chaos-outcome.ts'
import type { ReportOptions } from './chaos-reports.ts'

export interface RunInClusterOptions extends ReportOptions {
  readonly detach?: boolean
  readonly replace?: boolean
}

export async function runInCluster(
  file: string,
  options: RunInClusterOptions,
  cluster: Cluster,
  terminal: Terminal,
  setExit: SetExit,
): Promise<void> {
  const document = readExperimentFile(file)
  const { value: experiment } = document.parsed
  const { name } = experiment.metadata
  const progress = stderrProgress(terminal.live)
  const interrupts = listenForInterrupts(() =>
    progress.line('aborting: its faults are lifted, and it is judged by what was recorded; once more does not wait'),
  )
  const display = new RunDisplay(progress, terminal)
  try {
    assertFollowable(document, options)
    const nodes = await nodesFor(document, cluster, interrupts.stop)
    const { experiment: stored, fresh } = await applyExperiment(
      cluster,
      document.written,
      options.replace === true,
      // Who interrupts now shall not leave one that nobody follows.
      interrupts.force,
    )
    progress.line(`${name} ${fresh ? 'created' : 'is under way already; following it'} ${cluster.place}`)
    if (options.detach)
      return terminal.err(
        `${cluster.command('chaos list')} shows how it is, ${cluster.command(`chaos abort ${name}`)} ends it`,
      )
    const over = await followExperiment({
      cluster,
      env: terminal.env,
      experiment,
      stored,
      nodes,
      onProgress: now => display.tell(now),
      onWait: text => progress.update(text),
      onNote: text => progress.line(text),
      stop: interrupts.stop,
      force: interrupts.force,
    })
    display.close()
    await tellOutcome(over, document, { cluster, options, terminal, setExit, signal: interrupts.force })
  } finally {
    display.close()
    interrupts.release()
  }
}

/** A schedule without a number of runs has no end to wait for. */
function assertFollowable(
  { parsed: { value } }: ExperimentFile,
  { detach, report, record }: RunInClusterOptions,
): void {
  const { name } = value.metadata
  if (value.spec.abort)
    throw new UsageError(`${name} says \`abort: true\`: it is over before it begins`, 'take that line out')
  if (!isSeries(value) || detach) return
  if (value.spec.repeat === undefined)
    throw new UsageError(`${name} has a schedule, and so no end to wait for`, 'add --detach')
  if (report !== undefined || record !== undefined)
    throw new UsageError(
      `${name} makes ${value.spec.repeat} runs, and --report and --record are about one`,
      'leave them out; each run is an experiment of its own, with a record of its own',
    )
}

/** The nodes of its testnet. @throws UsageError when there is none, InputError when the experiment does not fit it */
async function nodesFor(
  { parsed }: ExperimentFile,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<readonly SelectableNode[]> {
  const { testnet } = parsed.value.spec
  const checked = checkStored(await chooseTestnet(cluster, testnet, signal))
  if (!checked.valid)
    throw new UsageError(`testnet ${testnet} is not right: ${checked.problems.join('; ')}`, 'mend it first')
  const { metadata, spec } = checked.valid
  const nodes = placements({ apiVersion, kind: 'Testnet', metadata: { name: metadata.name }, spec })
  const faults = checkAgainst(parsed.value, testnet, nodes)
  if (faults.length > 0) throw new InputError(faults.map(fault => parsed.problem(fault)))
  return nodes
}

/** Ends a run and waits until what it did is lifted. */
export async function abortInCluster(name: string | undefined, cluster: Cluster, terminal: Terminal): Promise<void> {
  const progress = stderrProgress(terminal.live)
  const interrupts = listenForInterrupts()
  try {
    const experiment = await chooseExperiment(cluster, name, interrupts.stop)
    const its = experiment.metadata.name
    if (isOver(experiment))
      throw new UsageError(
        `${its} is over already: ${experiment.status?.phase}`,
        `${cluster.command('chaos list')} lists those that run`,
      )
    const over = await awaitAborted(cluster, experiment, text => progress.update(text), interrupts.stop)
    progress.clear()
    const { phase, message } = over.status ?? {}
    terminal.out(
      phase === 'Aborted' ? `${its} is aborted; its faults are lifted` : `${its} ended by itself: ${phase}: ${message}`,
    )
  } finally {
    progress.clear()
    interrupts.release()
  }
}
