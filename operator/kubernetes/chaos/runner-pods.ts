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
