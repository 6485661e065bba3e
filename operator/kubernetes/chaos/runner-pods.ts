// What the pods of a runner tell: why it does not run yet, and why it died. Pure.
import type { Event, Job, Pod } from '../runtime/resource.ts'

const MAX_WORDS_CHARS = 512

const podsOf = ({ metadata }: Job, pods: readonly Pod[]): Pod[] =>
  pods
    .filter(pod => pod.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid))
    .sort((a, b) => (bornAt(a) < bornAt(b) ? -1 : 1))

const bornAt = ({ metadata }: Pod): string => metadata.creationTimestamp ?? ''

/** Of the newest pod that has ended: the last line of its log. */
export function lastWords(job: Job, pods: readonly Pod[]): string | undefined {
  const dead = podsOf(job, pods).findLast(({ status }) => status?.phase === 'Failed' || status?.phase === 'Succeeded')
  const terminated = dead?.status?.containerStatuses?.[0]?.state?.terminated
  const line = terminated?.message?.trim().split('\n').at(-1)
  const words = line || (terminated && `exit code ${terminated.exitCode}, ${terminated.reason ?? 'no reason given'}`)
  return (words || dead?.status?.message)?.slice(0, MAX_WORDS_CHARS)
}

/** A runner that dies sooner would only die again: it is left to the back-off of its Job. */
export const PROMPTLY_AFTER_MS = 10_000

/**
 * True when a runner that worked has died, or is being taken away: a Job makes another after a back-off of ten seconds, in
 * which leases lapse. The first death of each Job only, so that what always dies comes to an end.
 */
export function diedAtWork(job: Job, pods: readonly Pod[], now: number): boolean {
  const failed = job.status?.failed ?? 0
  const own = podsOf(job, pods)
  if (!(now - Date.parse(job.metadata.creationTimestamp ?? '') >= PROMPTLY_AFTER_MS)) return false
  if (failed > 1 || own.length > 1 || failed + own.length === 0) return false
  return own.every(isLeaving)
}

const isLeaving = ({ metadata, status }: Pod): boolean =>
  status?.phase === 'Failed' || (metadata.deletionTimestamp !== undefined && status?.phase !== 'Succeeded')

/** `warnings`: events about Jobs. */
export function whyNotStarted(
  job: Job,
  pods: readonly Pod[],
  warnings: readonly Event[],
): { reason: string; message: string } {
  const pod = podsOf(job, pods).at(-1)
  if (!pod) {
    const warning = warnings.findLast(({ regarding }) => regarding?.name === job.metadata.name)
    return warning?.note
      ? { reason: 'RunnerRefused', message: `the runner's pod cannot be made: ${warning.note}` }
      : { reason: 'RunnerStarting', message: 'the runner is about to be started' }
  }
  const { status } = pod
  const waiting = status?.containerStatuses?.[0]?.state?.waiting
  if (waiting?.reason && waiting.reason !== 'ContainerCreating' && waiting.reason !== 'PodInitializing')
    return { reason: waiting.reason, message: waiting.message ?? `pod ${pod.metadata.name} waits` }
  const unscheduled = status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False')
  if (unscheduled) return { reason: 'RunnerUnschedulable', message: unscheduled.message ?? 'no machine takes its pod' }
  if (status?.phase === 'Failed') {
    const words = lastWords(job, pods)
    return {
      reason: 'RunnerReplaced',
      message: `the runner died and is about to be replaced${words ? `: ${words}` : ''}`,
    }
  }
  return { reason: 'RunnerStarting', message: 'the runner is about to report' }
}
