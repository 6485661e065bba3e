// What to do about the experiments of a testnet: pure, the same world gives the same plan.
import { isSeries } from '../../../api/experiment.ts'
import type { OperatorConfig } from '../config.ts'
import type { Pod } from '../runtime/resource.ts'
import { GONE_WITHIN_MS } from './deadlines.ts'
import { noticesOf, statusOf } from './experiment-status.ts'
import { EXPERIMENT_LABEL } from './names.ts'
import { afterwards, type Decision, decideRun, ended, isOver, isRunning, saidBefore } from './run.ts'
import { decideSeries } from './series.ts'
import { checkStoredExperiment, type StoredExperiment, type ValidExperiment } from './stored-experiment.ts'
import type { ChaosPlan, ChaosWorld, ExperimentPlan } from './world.ts'

type Settings = Required<Pick<OperatorConfig, 'runner'>>

/** `now`: milliseconds since the epoch. */
export function planChaos(world: ChaosWorld, { runner }: Settings, now: number): ChaosPlan {
  const inOrder = [...world.experiments].sort(byAge)
  const seriesByUid = new Map<string, { series: StoredExperiment; runs: StoredExperiment[] }>()
  for (const series of inOrder) seriesByUid.set(series.metadata.uid ?? '', { series, runs: [] })
  const seriesOf = (run: StoredExperiment) =>
    seriesByUid.get(run.metadata.ownerReferences?.find(({ controller }) => controller)?.uid ?? '')
  for (const run of inOrder) seriesOf(run)?.runs.push(run)

  // Who holds the testnet: a run that had its turn, or the first that waits for it.
  let holder = inOrder.find(isRunning)?.metadata.name
  const leaving = leftover(world, now)
  const plans: ExperimentPlan[] = []
  const times: number[] = []
  for (const experiment of inOrder) {
    const decision = decide(experiment)
    if (decision.lookAgainMs !== undefined) times.push(decision.lookAgainMs)
    const status = statusOf(experiment, decision.said, now)
    plans.push({
      experiment,
      status,
      create: decision.create,
      remove: decision.remove,
      notices: [...(decision.notices ?? []), ...noticesOf(experiment, status)],
    })
  }
  return { experiments: plans, requeueAfterMs: times.length > 0 ? Math.min(...times) : undefined }

  function decide(experiment: StoredExperiment): Decision {
    const { uid = '', name } = experiment.metadata
    // Most are over, and need not be understood.
    if (isOver(experiment)) return afterwards(experiment, world, now)
    const checked = checkStoredExperiment(experiment)
    if (!checked.valid) return invalid(experiment, checked.problems, now)
    const { valid } = checked
    if (isSeries(valid)) return decideSeries(valid, seriesByUid.get(uid)?.runs ?? [], world.refusals.get(uid), now)
    const waits = !valid.metadata.deletionTimestamp
    const aborted = isAborted(seriesOf(valid)?.series)
    const decision = decideRun(valid, { world, runner, now, aborted, busy: waits ? busy(valid) : undefined })
    if (waits && !isOver({ status: decision.said })) holder ??= name
    return decision
  }

  function busy({ metadata, spec }: ValidExperiment): { message: string; refuse: boolean } | undefined {
    if (holder !== undefined && holder !== metadata.name) {
      const refuse = spec.whenBusy === 'refuse'
      const mend = refuse ? ': make it again when that is over, or write `whenBusy: queue`' : ''
      return { refuse, message: `${holder} has testnet ${world.testnet}, and one experiment at a time does${mend}` }
    }
    // It heals what it did and is gone in a moment.
    return leaving === undefined
      ? undefined
      : { refuse: false, message: `the runner of ${leaving}, which was deleted, still heals` }
  }
}

/** Of another experiment that is gone: its runner may still put things right. */
function leftover({ experiments, jobs, pods }: ChaosWorld, now: number): string | undefined {
  const uids = new Set(experiments.map(({ metadata }) => metadata.uid))
  const known = new Set(
    jobs
      .filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uids.has(uid)))
      .map(({ metadata }) => metadata.uid),
  )
  const stranger = pods.find(
    pod => isAlive(pod, now) && !pod.metadata.ownerReferences?.some(({ uid }) => known.has(uid)),
  )
  return stranger && (stranger.metadata.labels?.[EXPERIMENT_LABEL] ?? stranger.metadata.name)
}

/** One that was told to end long ago is on a machine that is lost. */
function isAlive({ metadata, status }: Pod, now: number): boolean {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return false
  return metadata.deletionTimestamp === undefined || now - Date.parse(metadata.deletionTimestamp) < GONE_WITHIN_MS
}

function invalid(experiment: StoredExperiment, problems: readonly string[], now: number): Decision {
  const said = saidBefore(experiment)
  // What runs already was understood by whoever started it.
  if (isOver(experiment) || isRunning(experiment) || experiment.metadata.deletionTimestamp)
    return { said, create: [], remove: [] }
  const message = `this operator does not understand the spec: ${problems.join('; ')}`
  return { said: ended(said, 'Inconclusive', 'Invalid', message, now), create: [], remove: [] }
}

const isAborted = (series: StoredExperiment | undefined): boolean =>
  (series?.spec as { abort?: unknown } | undefined)?.abort === true

function byAge({ metadata: a }: StoredExperiment, { metadata: b }: StoredExperiment): number {
  const [born, other] = [a.creationTimestamp ?? '', b.creationTimestamp ?? '']
  if (born !== other) return born < other ? -1 : 1
  return a.name < b.name ? -1 : 1
}
