// Runs an experiment: preflight, steady state, faults, heal, verdict. All I/O of the run is in this folder; what it means
// is judged by the pure part from the record. A runner that died is replaced by one that is given its last checkpoint:
// faults end when they were to end, nothing is killed twice, and what lapsed meanwhile is put on again.
import type { Experiment } from '../../api/experiment.ts'
import type { RunRecord } from '../../api/run.ts'
import type { Verdict } from '../../api/verdict.ts'
import { judge } from '../verdict/judge.ts'
import type { Checkpoint } from './checkpoint.ts'
import { collectEvents } from './event-collector.ts'
import { injectFaults } from './injection.ts'
import { reasonOf } from './node-client.ts'
import { PreflightFailed, preflight } from './preflight.ts'
import type { Progress } from './progress.ts'
import { recover } from './recovery.ts'
import { Session } from './session.ts'
import { reachSteadyState } from './steady-state.ts'
import type { Target } from './target.ts'

/** Event history of larger testnets would not fit into the record. */
const MAX_NODES_WITH_HISTORY = 100
/** Rounds without any answer after which the target is asked whether there is a testnet at all. */
const SILENT_ROUNDS = 4

export interface RunOptions {
  readonly experiment: Experiment
  readonly target: Target
  /** Aborting lifts every fault at once and ends the run with what was recorded. */
  readonly signal?: AbortSignal | undefined
  /** Called on every round and change; must not throw. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
  /** The last checkpoint of a runner that died: the run goes on from there. */
  readonly checkpoint?: Checkpoint | undefined
  /** Called before whatever a successor must know; the run waits until it resolves. Its failure aborts the run. */
  readonly onCheckpoint?: ((checkpoint: Checkpoint) => Promise<void>) | undefined
  /** Called every few seconds while faults last, for a successor to know what was seen of them; must not throw. */
  readonly onNote?: ((checkpoint: Checkpoint) => void) | undefined
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

export interface RunResult {
  readonly record: RunRecord
  readonly verdict: Verdict
}

/** Resolves with the record and its verdict, also when aborted. Rejects with PreflightFailed before anything was disturbed. */
export async function runExperiment(options: RunOptions): Promise<RunResult> {
  const { experiment, target, checkpoint, onCheckpoint = async () => {}, now = Date.now } = options
  if (experiment.injector !== 'auto' && experiment.injector !== target.fidelity)
    throw new PreflightFailed([
      `the ${experiment.injector} injector is not available here: write \`injector: auto\` or \`${target.fidelity}\``,
    ])
  const ended = new AbortController()
  const session = new Session({
    experiment,
    target,
    checkpoint,
    now,
    signal: options.signal ? AbortSignal.any([options.signal, ended.signal]) : ended.signal,
    onProgress: options.onProgress ?? (() => {}),
    note: options.onNote ?? (() => {}),
    save: async state => {
      try {
        await onCheckpoint(state)
      } catch (error) {
        ended.abort(new Error(`the state of the run could not be kept: ${reasonOf(error)}`))
      }
    },
  })
  session.enter('preflight', 'every node to answer', null)
  if (!checkpoint) await preflight(session)
  await record(
    session,
    async () => {
      const { record } = session
      record.steady ||= await reachSteadyState(session)
      if (!record.steady || (session.signal.aborted && record.windows.length === 0)) return
      await injectFaults(session)
      if (!session.signal.aborted) await recover(session)
    },
    reason => ended.abort(new Error(reason)),
  )
  return { record: session.record, verdict: judge(session.record) }
}

/** Samples every node and follows its events while the work goes on. */
async function record(session: Session, work: () => Promise<void>, vanished: (reason: string) => void): Promise<void> {
  const { recorder, sampler, clients, signal, testnet, now } = session
  const collecting = new AbortController()
  const history = testnet.nodes.length <= MAX_NODES_WITH_HISTORY
  const collectors = [...clients.values()].map(client =>
    collectEvents(client, recorder, { signal: collecting.signal, history, now }),
  )
  let silentRounds = 0
  sampler.start(round => {
    session.sampled(round)
    silentRounds = round.views.length === 0 ? silentRounds + 1 : 0
    if (silentRounds > 0 && silentRounds % SILENT_ROUNDS === 0) void askIfGone(session, vanished)
  })
  try {
    await work()
  } finally {
    await sampler.stop()
    collecting.abort()
    await Promise.all(collectors)
    if (signal.aborted) recorder.record.aborted = reasonOf(signal.reason)
    session.enter('done', '', null)
  }
}

async function askIfGone(session: Session, vanished: (reason: string) => void): Promise<void> {
  const reason = await session.target.gone?.().catch(() => undefined)
  if (reason === undefined) return
  session.gone = true
  vanished(reason)
}
