// What is to be done about a single run: from its turn to its end. Pure. The runner says how it goes; here is what no
// runner can say: that there is none yet, or none any more.
import { type EndPhase, type ExperimentStatus, endPhases } from '../../../api/status.ts'
import { milliseconds } from '../../../api/units.ts'
import type { Wanted } from '../build/testnet-objects.ts'
import { type Job, type KubeObject, type Resource, resources } from '../runtime/resource.ts'
import type { Notice } from '../testnet/world.ts'
import { GONE_WITHIN_MS, LAST_WORD_MS } from './deadlines.ts'
import { type RunnerConfig, runnerObjects } from './runner-objects.ts'
import { diedAtWork, lastWords, whyNotStarted } from './runner-pods.ts'
import type { StoredExperiment, ValidExperiment } from './stored-experiment.ts'
import { planOf, standingOf, type TestnetStanding, whyNot } from './validate.ts'
import type { ChaosWorld, Removal } from './world.ts'

/** While something of it may change without any object changing. */
const LOOK_AGAIN_MS = 2_000

/** The operator's share of the status, but for what follows from it. */
export type Said = Pick<ExperimentStatus, 'phase' | 'reason' | 'message' | 'endedAt' | 'waitingSince' | 'plan' | 'runs'>

export interface Decision {
  readonly said: Said
  readonly create: readonly Wanted[]
  readonly remove: readonly Removal[]
  /** Beside what the status tells. */
  readonly notices?: readonly Notice[] | undefined
  readonly lookAgainMs?: number | undefined
}

export interface RunContext {
  readonly world: ChaosWorld
  readonly runner: RunnerConfig
  /** What keeps it from its turn; undefined when it is its turn. */
  readonly busy: { readonly message: string; readonly refuse: boolean } | undefined
  /** The series that it is of was aborted. */
  readonly aborted: boolean
  /** Milliseconds since the epoch. */
  readonly now: number
}

export const isOver = ({ status }: { readonly status?: ExperimentStatus | undefined }): boolean =>
  endPhases.some(phase => phase === status?.phase)

/** It had its turn, and is not over. */
export const isRunning = (experiment: { readonly status?: ExperimentStatus | undefined }): boolean =>
  experiment.status?.plan !== undefined && !isOver(experiment)

/** The share that is stored. */
export const saidBefore = ({ status = {} }: { readonly status?: ExperimentStatus | undefined }): Said => {
  const { phase, reason, message, endedAt, waitingSince, plan, runs } = status
  return { phase, reason, message, endedAt, waitingSince, plan, runs }
}

export const ended = (before: Said, phase: EndPhase, reason: string, message: string, now: number): Said => ({
  ...before,
  phase,
  reason,
  message,
  endedAt: new Date(now).toISOString(),
})

export const pending = (before: Said, reason: string, message: string): Said => ({
  ...before,
  phase: 'Pending',
  reason,
  message,
})

export function decideRun(experiment: ValidExperiment, context: RunContext): Decision {
  const { now, aborted } = context
  const said = saidBefore(experiment)
  const job = jobOf(experiment, context.world)
  if (experiment.metadata.deletionTimestamp) return nothing(said)
  if (experiment.spec.abort || aborted) return decideAbort(said, job, now)
  return said.plan ? decideRunning(experiment, said.plan, job, context) : decideWaiting(experiment, context)
}

/** Of an experiment that is over: its runner has a moment to end, and is ended then. */
export function afterwards(experiment: StoredExperiment, world: ChaosWorld, now: number): Decision {
  const said = saidBefore(experiment)
  const job = jobOf(experiment, world)
  if (!job || endOfJob(job) || job.metadata.deletionTimestamp) return nothing(said)
  const since = now - (Date.parse(said.endedAt ?? '') || 0)
  return since > GONE_WITHIN_MS
    ? { ...nothing(said), remove: [removal(resources.jobs, job)] }
    : { ...nothing(said), lookAgainMs: GONE_WITHIN_MS - since + 1 }
}

/** The runner heals when it is told to end, and says so; nobody waits for one that cannot. */
function decideAbort(said: Said, job: Job | undefined, now: number): Decision {
  if (!said.plan) return nothing(ended(said, 'Aborted', 'Aborted', 'aborted before it began', now))
  const end = job && endOfJob(job)
  if (end && now - end.at < LAST_WORD_MS) return { ...nothing(said), lookAgainMs: LAST_WORD_MS }
  if (!job || end) return nothing(ended(said, 'Aborted', 'Aborted', 'aborted', now))
  const since = job.metadata.deletionTimestamp
  if (since === undefined)
    return { ...nothing(said), remove: [removal(resources.jobs, job)], lookAgainMs: LOOK_AGAIN_MS }
  if (now - Date.parse(since) < GONE_WITHIN_MS) return { ...nothing(said), lookAgainMs: LOOK_AGAIN_MS }
  const message = 'aborted; the runner did not end in its time, so that what it held lapsed with its lease'
  return nothing(ended(said, 'Aborted', 'RunnerLost', message, now))
}

function decideWaiting(experiment: ValidExperiment, { world, runner, busy, now }: RunContext): Decision {
  const before = saidBefore(experiment)
  const { steadyState } = experiment.spec
  const standing = standingOf(world.testnet, world.storedTestnet, steadyState.finalizing)
  const never = standing.is === 'absent' ? undefined : whyNot(experiment, standing.testnet)
  if (never) return nothing(ended(before, 'Inconclusive', never.reason, never.message, now))
  if (busy) {
    if (busy.refuse) return nothing(ended(before, 'Inconclusive', 'Busy', busy.message, now))
    return nothing({ ...pending(before, 'Queued', busy.message), waitingSince: undefined })
  }
  if (standing.is === 'ready') {
    const plan = planOf(experiment, standing.testnet, now)
    const message = 'the runner is about to be started'
    return {
      ...nothing({ ...pending(before, 'RunnerStarting', message), plan }),
      create: runnerObjects({ experiment, plan, runner, now }),
      lookAgainMs: LOOK_AGAIN_MS,
    }
  }
  return waitForTestnet(experiment, before, standing, now)
}

function waitForTestnet(
  { spec }: ValidExperiment,
  before: Said,
  standing: Exclude<TestnetStanding, { is: 'ready' }>,
  now: number,
): Decision {
  const waitingSince = before.waitingSince ?? new Date(now).toISOString()
  const leftMs = Date.parse(waitingSince) + milliseconds(spec.steadyState.within) - now
  const message = standing.message
  if (leftMs <= 0) {
    const late = `${message}; that was waited for ${spec.steadyState.within} (steadyState.within)`
    return nothing(ended(before, 'Inconclusive', 'NoSteadyState', late, now))
  }
  const reason = standing.is === 'absent' ? 'TestnetNotFound' : 'TestnetNotReady'
  return { ...nothing({ ...pending(before, reason, message), waitingSince }), lookAgainMs: leftMs + 1 }
}

function decideRunning(
  experiment: ValidExperiment,
  plan: NonNullable<Said['plan']>,
  job: Job | undefined,
  { world, runner, now }: RunContext,
): Decision {
  const said = saidBefore(experiment)
  const endsBy = Date.parse(plan.endsBy)
  const inconclusive = (reason: string, message: string) => ended(said, 'Inconclusive', reason, message, now)
  const late = `the run was to be over by ${plan.endsBy}`
  if (!job) {
    if (now >= endsBy) return nothing(inconclusive('DeadlineExceeded', late))
    if (!world.storedTestnet)
      return nothing(inconclusive('TestnetGone', `Testnet ${world.testnet} was deleted while the experiment ran`))
    const refused = world.refusals.get(experiment.metadata.uid ?? '')
    return {
      ...nothing(refused === undefined ? said : pending(said, 'RunnerRefused', refused)),
      create: runnerObjects({ experiment, plan, runner, now }),
      lookAgainMs: LOOK_AGAIN_MS,
    }
  }
  // Somebody deleted it: as long as there is time another takes over from its checkpoint.
  if (job.metadata.deletionTimestamp) return { ...nothing(said), lookAgainMs: LOOK_AGAIN_MS }
  const end = endOfJob(job)
  if (end) {
    if (now - end.at < LAST_WORD_MS) return { ...nothing(said), lookAgainMs: LAST_WORD_MS }
    const words = lastWords(job, world.pods)
    const last = words === undefined ? '' : `; its last word: ${words}`
    if (end.reason === 'DeadlineExceeded') return nothing(inconclusive('DeadlineExceeded', `${late}${last}`))
    return nothing(
      end.failed
        ? inconclusive('RunnerFailed', `the runner died and its replacements too${last}`)
        : inconclusive('RunnerSilent', `the runner ended without a verdict${last}`),
    )
  }
  if (now < endsBy && diedAtWork(job, world.pods, now)) {
    const words = lastWords(job, world.pods)
    const note = `its runner is replaced at once${words === undefined ? '' : `; the last word of the one before: ${words}`}`
    return {
      ...nothing(said),
      remove: [{ ...removal(resources.jobs, job), atOnce: true }],
      notices: [{ type: 'Warning', reason: 'RunnerReplaced', note }],
      lookAgainMs: LOOK_AGAIN_MS,
    }
  }
  if (now > endsBy + GONE_WITHIN_MS)
    return { ...nothing(inconclusive('DeadlineExceeded', late)), remove: [removal(resources.jobs, job)] }
  const leftMs = endsBy + GONE_WITHIN_MS - now + 1
  if (said.phase !== 'Pending') return { ...nothing(said), lookAgainMs: leftMs }
  const why = whyNotStarted(job, world.pods, world.warnings)
  return { ...nothing(pending(said, why.reason, why.message)), lookAgainMs: LOOK_AGAIN_MS }
}

const nothing = (said: Said): Decision => ({ said, create: [], remove: [] })

export const removal = (resource: Resource, { metadata }: KubeObject): Removal => ({
  resource,
  name: metadata.name,
  uid: metadata.uid ?? '',
})

const jobOf = ({ metadata }: StoredExperiment, { jobs }: ChaosWorld): Job | undefined =>
  jobs.find(job => job.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid))

/** When it ended, and how; undefined while it goes on. */
function endOfJob({ status }: Job): { at: number; failed: boolean; reason: string } | undefined {
  const end = status?.conditions?.find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  )
  if (!end) return undefined
  return { at: Date.parse(end.lastTransitionTime ?? '') || 0, failed: end.type === 'Failed', reason: end.reason ?? '' }
}
