// Follows an experiment of a cluster to its end; on request it is aborted, and followed until it has healed.
import { setTimeout as delay } from 'node:timers/promises'
import type { ChaosExperiment } from '../../../api/experiment.ts'
import { milliseconds } from '../../../api/units.ts'
import type { Progress } from '../../../chaos/runner/progress.ts'
import type { SelectableNode } from '../../../chaos/select.ts'
import type { StoredExperiment } from '../../../operator/kubernetes/chaos/stored-experiment.ts'
import { ApiError, ConnectionError } from '../../../operator/kubernetes/runtime/api-error.ts'
import { InterruptedError, UsageError } from '../../exit-codes.ts'
import { findExperiment, isOver, setAbort } from './chaos-experiments.ts'
import { aimsOf, type FaultAims, progressOf, type Sight } from './chaos-progress.ts'
import type { Cluster } from './connect.ts'
import { OperatorSilent, ReadApiClient } from './read-api.ts'

const LOOK_EVERY_MS = 1_000
/** The status is not kept waiting for longer by what else is shown. */
const SIGHT_WITHIN_MS = 2_000
/** Without a word of the operator for so long there is none. */
const OPERATOR_WITHIN_MS = 120_000
/** After its absolute end the operator says what became of a run; later than this it never will. */
const LATE_MS = 180_000
/** A server that is away for longer than this is not waited for: who watches shall hear of it. */
const UNREACHABLE_MS = 300_000
/** A runner that is told to end has half a minute to heal; the operator waits a little longer for it. */
const ABORTED_WITHIN_MS = 90_000

export interface Followed {
  readonly cluster: Cluster
  readonly env: NodeJS.ProcessEnv
  readonly experiment: ChaosExperiment
  /** As it was applied. */
  readonly stored: StoredExperiment
  /** Of its testnet, as they are placed. */
  readonly nodes: readonly SelectableNode[]
  readonly onProgress: (progress: Progress) => void
  /** While no runner tells. */
  readonly onWait: (text: string) => void
  /** Said once. */
  readonly onNote: (text: string) => void
  /** Aborting heals the network and ends the run. */
  readonly stop: AbortSignal
  /** Aborting ends the waiting for that. */
  readonly force: AbortSignal
}

/** Resolves with the experiment once it is over. @throws UsageError, InterruptedError, ApiError */
export async function followExperiment(followed: Followed): Promise<StoredExperiment> {
  const { cluster, experiment, nodes, onProgress, onWait, stop, force } = followed
  const { name, uid } = followed.stored.metadata
  const operator = sightOf(followed)
  const started = performance.now()
  let last = followed.stored
  let heardAt = started
  let aims: FaultAims | undefined
  let aborted = false
  for (;;) {
    try {
      if (stop.aborted && !aborted) aborted = await setAbort(cluster, last, force)
      const [found, sight] = await Promise.all([findExperiment(cluster, name, force), operator(force)])
      if (!found || found.metadata.uid !== uid)
        throw new UsageError(`experiment ${name} was deleted meanwhile`, 'what it injected is lifted; run it again')
      last = found
      heardAt = performance.now()
      if (isOver(last)) return last
      const { status = {} } = last
      if (status.plan) aims ??= aimsOf(experiment, status.plan.seed, nodes)
      const healWithinMs = milliseconds(experiment.spec.heal.within)
      const progress = aims && progressOf(status, aims, sight, healWithinMs, Date.now())
      if (progress) onProgress(progress)
      else
        onWait(status.phase ? `${status.phase}: ${status.message ?? status.reason ?? ''}` : 'waiting for the operator')
      assertTold(cluster, last, performance.now() - started)
    } catch (error) {
      if (!isPassing(error) && !force.aborted) throw error
      const why = `the API server does not answer: ${(error as Error).message}`
      if (performance.now() - heardAt > UNREACHABLE_MS)
        throw new UsageError(`${name} is out of sight: ${why}`, `it goes on; run the same command again to follow it`)
      onWait(why)
    }
    if (force.aborted)
      throw new InterruptedError(
        aborted ? `${name} is being aborted` : `${name} goes on`,
        `${cluster.command('chaos list')} shows it${aborted ? '' : `, ${cluster.command(`chaos abort ${name}`)} ends it`}`,
      )
    await delay(LOOK_EVERY_MS, undefined, { signal: stop.aborted ? force : stop }).catch(() => {})
  }
}

/** Sets its `abort` and resolves with it once it is over. @throws UsageError, InterruptedError, ApiError */
export async function awaitAborted(
  cluster: Cluster,
  experiment: StoredExperiment,
  onProgress: (text: string) => void,
  signal: AbortSignal,
): Promise<StoredExperiment> {
  const { name, uid } = experiment.metadata
  const wait = `it goes on without this command; ${cluster.command('chaos list')} shows it`
  await setAbort(cluster, experiment, signal)
  const deadline = performance.now() + ABORTED_WITHIN_MS
  for (;;) {
    const found = await findExperiment(cluster, name, signal)
    if (!found || found.metadata.uid !== uid)
      throw new UsageError(`experiment ${name} was deleted meanwhile`, 'its faults are lifted')
    if (isOver(found)) return found
    onProgress(
      `lifting the faults of ${name}: ${found.status?.message ?? found.status?.phase ?? 'the operator says nothing'}`,
    )
    if (performance.now() > deadline)
      throw new UsageError(`${name} is not over ${ABORTED_WITHIN_MS / 1_000} s after it was aborted`, wait)
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => {})
    if (signal.aborted) throw new InterruptedError(`${name} is being aborted`, wait)
  }
}

/** A server that restarts does not end the wait. */
const isPassing = (error: unknown): boolean =>
  error instanceof ConnectionError || (error instanceof ApiError && error.status >= 500)

function assertTold(cluster: Cluster, { metadata: { name }, status }: StoredExperiment, ms: number): void {
  const see = `${cluster.command('chaos list')} shows how it is, ${cluster.command(`chaos abort ${name}`)} ends it`
  if (status?.phase === undefined && ms > OPERATOR_WITHIN_MS)
    throw new UsageError(
      `the operator has said nothing about ${name} for ${Math.round(ms / 1_000)} s; does it run in the cluster of context ${cluster.context}, watch this namespace, and run experiments?`,
      see,
    )
  const endsBy = Date.parse(status?.plan?.endsBy ?? '')
  if (Date.now() > endsBy + LATE_MS)
    throw new UsageError(`${name} was to be over by ${status?.plan?.endsBy}, and nobody says how it ended`, see)
}

/** What the operator sees of the nodes; undefined when it does not tell, which is said once. */
function sightOf({ cluster, env, experiment, onNote }: Followed): (signal: AbortSignal) => Promise<Sight | undefined> {
  const client = new ReadApiClient(cluster, env)
  const testnet = { namespace: cluster.namespace, name: experiment.spec.testnet }
  let noted = false
  return async signal => {
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(SIGHT_WITHIN_MS)])
      const [nodes, heads] = await Promise.all([client.nodes(testnet, limit), client.heads(testnet, limit)])
      return { nodes, heads }
    } catch (error) {
      // What it tells is for the eye alone.
      if (error instanceof OperatorSilent && !noted) {
        noted = true
        onNote(`heads are not shown: the operator ${error.message}`)
      }
      return undefined
    }
  }
}
