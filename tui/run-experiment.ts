// Runs an experiment on a testnet of this machine and shows how it goes: shared by `chaos run` and `demo`.

import { type Fault, InputError } from '../api/errors.ts'
import type { ChaosExperiment } from '../api/experiment.ts'
import { resolveExperiment } from '../api/experiment.ts'
import type { Parsed } from '../api/parse.ts'
import { checkAgainst, checkForMachine } from '../chaos/check.ts'
import { compile } from '../chaos/matrix.ts'
import { runLength } from '../chaos/run-length.ts'
import { type RunResult, runExperiment } from '../chaos/runner/run.ts'
import { chaosTarget } from '../operator/local/chaos-target.ts'
import { type Claim, claimTestnet, queueForTestnet } from '../operator/local/experiment-claim.ts'
import { ProgressWriter } from '../operator/local/experiment-progress.ts'
import type { LocalTestnet } from '../operator/local/testnets.ts'
import { UsageError } from './exit-codes.ts'
import type { Progress } from './progress.ts'
import { RunDisplay } from './run-display.ts'
import type { Terminal } from './terminal.ts'

/** Throws InputError when no machine can run the experiment without a cluster: looked at before any testnet is. */
export function checkWithoutCluster(document: Parsed<ChaosExperiment>): void {
  refuse(document, checkForMachine(document.value))
}

/** Throws InputError when the experiment does not fit the testnet, UsageError when that does not run. */
export function checkRunnable(
  document: Parsed<ChaosExperiment>,
  { name, folder, record, standing }: LocalTestnet,
): void {
  if (standing === 'dead') {
    throw new UsageError(
      `the supervisor of testnet ${name} is gone`,
      `clear up with \`trellis down ${name}\`, then start it again with \`trellis up ${record?.file ?? 'FILE'}\``,
    )
  }
  if (record === undefined || standing !== 'running') {
    throw new UsageError(`testnet ${name} does not run`, `start it with \`trellis up ${record?.file ?? 'FILE'}\``)
  }
  refuse(document, checkAgainst(document.value, name, chaosTarget(folder, record).testnet.nodes))
}

function refuse(document: Parsed<ChaosExperiment>, faults: readonly Fault[]): void {
  if (faults.length > 0) throw new InputError(faults.map(fault => document.problem(fault)))
}

/**
 * The way to give the testnet back once the experiment on it is over. Where another runs already it waits for its turn or
 * throws UsageError, as the experiment says; undefined when the signal aborts the wait.
 */
export async function takeTurn(
  { name, folder }: LocalTestnet,
  { metadata, spec }: ChaosExperiment,
  progress: Progress,
  signal: AbortSignal,
): Promise<(() => void) | undefined> {
  if (spec.abort)
    throw new UsageError(`${metadata.name} says \`abort: true\`: it is over before it begins`, 'take that line out')
  if (spec.whenBusy === 'queue') {
    const onWait = ({ experiment, pid }: Claim): void =>
      progress.line(`waiting for ${experiment} (process ${pid}), which runs on ${name} already`)
    return await queueForTestnet(folder, metadata.name, onWait, signal)
  }
  const got = claimTestnet(folder, metadata.name)
  if ('release' in got) return got.release
  const { experiment, pid } = got.heldBy
  throw new UsageError(
    `${experiment} (process ${pid}) runs on testnet ${name} already, and two experiments at once prove nothing`,
    `wait for it, end it with \`trellis chaos abort ${name}\`, or write \`whenBusy: queue\` into spec`,
  )
}

/** The run with its verdict; aborting heals and judges what there is. Throws PreflightFailed. */
export async function runOn(
  { folder, record }: LocalTestnet,
  experiment: ChaosExperiment,
  progress: Progress,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<RunResult> {
  if (record === undefined) throw new UsageError('the testnet does not run', 'start it with `trellis up FILE`')
  const display = new RunDisplay(progress, terminal)
  const target = chaosTarget(folder, record)
  const values = resolveExperiment(experiment)
  const { nodes, blockIntervalMs } = target.testnet
  const length = runLength(values, compile(values, nodes), blockIntervalMs)
  const told = new ProgressWriter(folder, experiment.metadata.name, length)
  let result: RunResult | undefined
  try {
    result = await runExperiment({
      target,
      experiment: values,
      signal,
      onProgress: now => {
        told.tell(now)
        display.tell(now)
      },
    })
    return result
  } finally {
    told.close(result?.verdict, signal.aborted)
    display.close()
  }
}
