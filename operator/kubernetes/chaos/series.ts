// A schedule or repeats: makes runs, counts how they ended, and forgets the oldest. Pure.
import { lastTime, nextTime } from '../../../api/cron.ts'
import type { ExperimentStatus, Phase } from '../../../api/status.ts'
import type { Wanted } from '../build/testnet-objects.ts'
import { digest } from '../runtime/drift.ts'
import { controlledBy } from '../runtime/owner.ts'
import { runName, SERIES_LABEL } from './names.ts'
import { type Decision, ended, isOver, pending, removal, type Said, saidBefore } from './run.ts'
import { experiments, type StoredExperiment, type ValidExperiment } from './stored-experiment.ts'

type Runs = NonNullable<ExperimentStatus['runs']>

const none: Runs = { made: 0, passed: 0, failed: 0, inconclusive: 0, aborted: 0, counted: [] }
const countOf = { Passed: 'passed', Failed: 'failed', Inconclusive: 'inconclusive', Aborted: 'aborted' } as const
const MAX_SEED_CHARS = 128

/** `runs`: experiments that it owns. `refused`: why the last one could not be made. */
export function decideSeries(
  series: ValidExperiment,
  runs: readonly StoredExperiment[],
  refused: string | undefined,
  now: number,
): Decision {
  const said = saidBefore(series)
  const quiet = { create: [], remove: [] }
  if (isOver(series) || series.metadata.deletionTimestamp) return { said, ...quiet }
  const { spec } = series
  const newestFirst = [...runs].sort((a, b) => numberOf(series, b) - numberOf(series, a))
  const active = newestFirst.find(run => !isOver(run))
  const counts = counted(said.runs ?? none, series, newestFirst)
  const settled: Said = { ...said, runs: counts }
  // Only what the stored status has counted may go.
  const old = newestFirst.filter(run => isOver(run) && said.runs?.counted.includes(run.metadata.name)).slice(spec.keep)
  const remove = old.filter(({ metadata }) => !metadata.deletionTimestamp).map(run => removal(experiments, run))
  if (spec.abort) {
    return active
      ? { said: { ...settled, message: `waiting for ${active.metadata.name} to be aborted` }, create: [], remove }
      : { said: ended(settled, 'Aborted', 'Aborted', summary(counts), now), create: [], remove }
  }
  const isLast = spec.repeat !== undefined && counts.made >= spec.repeat
  // Not before the oldest are gone: nobody looks at it any more then.
  const tidy = newestFirst.filter(isOver).length <= spec.keep
  if (isLast && !active && tidy) return { said: sumUp(settled, counts, now), create: [], remove }
  const due = dueOf(series, counts, newestFirst[0], now)
  const next = spec.schedule && !isLast ? nextTime(spec.schedule.cron, spec.schedule.timeZone, now) : undefined
  const lookAgainMs = next === undefined ? undefined : next - now + 1
  // A time that comes while a run goes on is let go, or waited for.
  const skip = due !== undefined && active !== undefined && spec.whenBusy === 'refuse'
  const make = due !== undefined && !active && !isLast
  const progressed: Runs = {
    ...counts,
    ...(skip && { lastTime: stamp(due) }),
    nextTime: next === undefined ? undefined : stamp(next),
  }
  const progress = { ...settled, runs: progressed }
  if (active) {
    const phase: Phase = active.status?.phase ?? 'Pending'
    const message = `${active.metadata.name} is under way; ${summary(counts)}`
    return { said: { ...progress, phase, reason: 'RunUnderWay', message }, create: [], remove, lookAgainMs }
  }
  if (make) {
    const run = runOf(series, counts.made + 1)
    const wait = refused === undefined ? `${run.object.metadata.name} is about to begin` : refused
    return {
      // Counted when it is there: an operator that dies in between makes it then.
      said: pending(settled, refused === undefined ? 'RunUnderWay' : 'RunRefused', wait),
      create: [run],
      remove,
      lookAgainMs,
    }
  }
  const when = next === undefined ? '' : `next run at ${stamp(next)}; `
  return { said: pending(progress, 'Scheduled', `${when}${summary(counts)}`), create: [], remove, lookAgainMs }
}

/** Those that ended since they were counted last. */
function counted(before: Runs, series: StoredExperiment, newestFirst: readonly StoredExperiment[]): Runs {
  const over = newestFirst.filter(isOver)
  const counts = { ...before }
  for (const { metadata, status } of over)
    if (!before.counted.includes(metadata.name)) counts[countOf[status!.phase as keyof typeof countOf]]++
  const newest = newestFirst[0]
  const lastMade = Date.parse(newest?.metadata.creationTimestamp ?? '')
  const since = Math.max(Date.parse(before.lastTime ?? '') || 0, lastMade || 0)
  return {
    ...counts,
    made: Math.max(before.made, newest ? numberOf(series, newest) : 0),
    counted: over.map(({ metadata }) => metadata.name).slice(0, 101),
    ...(since > 0 && { lastTime: stamp(since) }),
  }
}

/** The time that is due now; undefined when none is. Of several that were missed, the last. */
function dueOf(
  { metadata, spec }: ValidExperiment,
  { lastTime: last }: Runs,
  newest: StoredExperiment | undefined,
  now: number,
): number | undefined {
  if (!spec.schedule) return newest === undefined || isOver(newest) ? now : undefined
  const since = Date.parse(last ?? metadata.creationTimestamp ?? '') || now
  return lastTime(spec.schedule.cron, spec.schedule.timeZone, since, now)
}

function runOf(series: ValidExperiment, number: number): Wanted {
  const { apiVersion, kind } = experiments
  const { name, namespace = '' } = series.metadata
  const { schedule: _schedule, repeat: _repeat, keep: _keep, ...spec } = series.spec
  const object = {
    apiVersion,
    kind,
    metadata: {
      name: runName(name, number),
      namespace,
      labels: { [SERIES_LABEL]: name },
      ownerReferences: [controlledBy({ ...series, apiVersion, kind })],
    },
    spec: { ...spec, seed: seedOf(spec.seed ?? name, number) },
  }
  return { resource: experiments, object }
}

function seedOf(seed: string, number: number): string {
  const text = `${seed}/${number}`
  return text.length <= MAX_SEED_CHARS ? text : `${digest(seed)}/${number}`
}

const numberOf = ({ metadata: series }: StoredExperiment, { metadata: run }: StoredExperiment): number =>
  Number(run.name.slice(series.name.length + 1)) || 0

function sumUp(said: Said, counts: Runs, now: number): Said {
  if (counts.failed > 0) return ended(said, 'Failed', 'RunsFailed', summary(counts), now)
  return counts.passed === counts.made
    ? ended(said, 'Passed', 'AllPassed', summary(counts), now)
    : ended(said, 'Inconclusive', 'NotAllPassed', summary(counts), now)
}

function summary({ made, passed, failed, inconclusive, aborted }: Runs): string {
  const others = Object.entries({ failed, inconclusive, aborted }).filter(([, count]) => count > 0)
  return [`${passed} of ${made} runs passed`, ...others.map(([how, count]) => `${count} ${how}`)].join(', ')
}

const stamp = (at: number): string => new Date(at).toISOString()
