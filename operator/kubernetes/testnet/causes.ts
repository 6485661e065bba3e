// Why nodes are not ready: from what pods, their volumes, their machines and the cluster's warnings say. One function a
// cause; each names the object, what is wrong with it and what would mend it. Pure.
import type { Event, PersistentVolumeClaim, Pod, StatefulSet } from '../runtime/resource.ts'
import { eventTime } from './event-time.ts'
import { conditionOf, containerOf, isReady, isTerminating, madeAt, podsOf } from './pods.ts'
import type { Refusal } from './world.ts'

/** Most fundamental first: what stands earlier is told when there are several. */
export const causeReasons = [
  'AdmissionRefused',
  'QuotaExceeded',
  'NodeLost',
  'VolumeNotBound',
  'Unschedulable',
  'ImagePull',
  'CannotStart',
  'OOMKilled',
  'CrashLoop',
  'PodEvicted',
  'ProbeFailing',
] as const
export type CauseReason = (typeof causeReasons)[number]

export interface Cause {
  readonly reason: CauseReason
  /** `Pod quickstart-miners-0: what is wrong. What mends it.` */
  readonly message: string
  /** Pods it concerns. */
  readonly pods: number
}

export interface CauseInput {
  readonly statefulSets: readonly StatefulSet[]
  readonly pods: readonly Pod[]
  readonly claims: readonly PersistentVolumeClaim[]
  readonly warnings: readonly Event[]
  readonly lostMachines: ReadonlyMap<string, string>
  readonly refusals: readonly Refusal[]
}

export interface Finding {
  readonly reason: CauseReason
  readonly what: string
  readonly mend: string
}

interface PodView {
  readonly pod: Pod
  /** Its volume's claim, and what was said about that. */
  readonly claim: PersistentVolumeClaim | undefined
  readonly claimWarning: string | undefined
  /** Newest note about the pod with one of those reasons, and like that. */
  readonly warning: (reasons: readonly string[], like?: RegExp) => string | undefined
  readonly lostMachines: ReadonlyMap<string, string>
  readonly now: number
}

/** A node is up in a second or two; a probe that fails for longer says that it is not coming. */
const PROBE_PATIENCE_MS = 20_000
/** Volumes are bound and pods placed in less: until then a pod that waits for them is nothing to tell. */
const PLACED_WITHIN_MS = 5_000
/** Of what others say, one condition repeats so much. */
const MAX_QUOTE = 320

/** All causes at work, the one to tell first in front. `now`: milliseconds since the epoch. */
export function causesOf(input: CauseInput, now: number): Cause[] {
  const ofPods = [...findingsByPod(input, now)].map(([pod, finding]) => ({ object: `Pod ${pod}`, pods: 1, finding }))
  const findings: Found[] = [...refused(input.refusals), ...notMade(input), ...ofPods]
  return causeReasons.flatMap(reason => {
    const same = findings.filter(({ finding }) => finding.reason === reason)
    const [first] = same
    if (!first) return []
    const pods = same.reduce((total, { pods }) => total + pods, 0)
    const { what, mend } = first.finding
    return [{ reason, message: `${first.object}: ${what}. ${mend}`, pods }]
  })
}

interface Found {
  readonly object: string
  readonly pods: number
  readonly finding: Finding
}

function refused(refusals: readonly Refusal[]): Found[] {
  return refusals.map(({ kind, name, message }) => ({ object: `${kind} ${name}`, pods: 0, finding: refusal(message) }))
}

/** Pods that a StatefulSet's controller could not make. */
function notMade({ statefulSets, pods, warnings }: CauseInput): Found[] {
  return statefulSets.flatMap(set => {
    const made = podsOf(set, pods)
    const missing = (set.spec?.replicas ?? 0) - made.filter(pod => !isTerminating(pod)).length
    const newest = made.reduce((last, pod) => Math.max(last, madeAt(pod)), 0)
    // What was said before the last pod was made is over.
    const failed = warnings.findLast(
      event =>
        event.reason === 'FailedCreate' &&
        event.regarding?.kind === 'StatefulSet' &&
        event.regarding.name === set.metadata.name &&
        eventTime(event) >= newest,
    )
    if (missing <= 0 || !failed) return []
    return [{ object: `StatefulSet ${set.metadata.name}`, pods: missing, finding: refusal(failed.note ?? '') }]
  })
}

/** Of what an API server says when it does not take an object. */
function refusal(message: string): Finding {
  if (/exceeded quota/i.test(message))
    return {
      reason: 'QuotaExceeded',
      what: quote(message),
      mend: 'Raise the ResourceQuota of the namespace, or ask for less: a smaller count, smaller resources',
    }
  return { reason: 'AdmissionRefused', what: quote(message), mend: mends.find(([says]) => says.test(message))![1] }
}

const mends: readonly (readonly [says: RegExp, mend: string])[] = [
  [
    /PodSecurity.*NET_ADMIN/s,
    'For `spec.chaos.kernel` label the namespace pod-security.kubernetes.io/enforce=privileged, or remove the field and let the nodes make the faults',
  ],
  [/PodSecurity/, 'Let the namespace take pods of the restricted profile'],
  [/ cannot (create|patch|delete) resource /, 'Give the operator that right: install the roles of its chart'],
  [/^/, 'Change what the Testnet asks for, or the policy that refuses it'],
]

/** What is wrong with each pod that is not as it should be and says why. */
export function findingsByPod(
  { pods, claims, warnings, lostMachines }: Pick<CauseInput, 'pods' | 'claims' | 'warnings' | 'lostMachines'>,
  now: number,
): Map<string, Finding> {
  const about = Map.groupBy(warnings, ({ regarding }) => `${regarding?.kind}/${regarding?.name}`)
  const claimsByName = new Map(claims.map(claim => [claim.metadata.name, claim]))
  const findings = new Map<string, Finding>()
  for (const pod of pods) {
    const lost = lostMachines.has(pod.spec?.nodeName ?? '')
    // A pod that goes is nothing to tell, but on a lost machine it never ends, and none is made in its place.
    if (!lost && (isTerminating(pod) || isReady(pod))) continue
    const claimName = pod.spec?.volumes?.find(({ persistentVolumeClaim }) => persistentVolumeClaim)
      ?.persistentVolumeClaim?.claimName
    // Others of the same name were there before it.
    const ofPod = (about.get(`Pod/${pod.metadata.name}`) ?? []).filter(
      ({ regarding }) => !regarding?.uid || regarding.uid === pod.metadata.uid,
    )
    const view: PodView = {
      pod,
      claim: claimName === undefined ? undefined : claimsByName.get(claimName),
      claimWarning: about.get(`PersistentVolumeClaim/${claimName}`)?.at(-1)?.note,
      warning: (reasons, like = /./) =>
        ofPod.findLast(({ reason, note }) => reasons.includes(reason ?? '') && like.test(note ?? ''))?.note,
      lostMachines,
      now,
    }
    const finding = firstOf(view)
    if (finding) findings.set(pod.metadata.name, finding)
  }
  return findings
}

function firstOf(view: PodView): Finding | undefined {
  for (const check of checks) {
    const finding = check(view)
    if (finding) return finding
  }
  return undefined
}

function nodeLost({ pod, lostMachines }: PodView): Finding | undefined {
  const machine = pod.spec?.nodeName
  const why = machine === undefined ? undefined : lostMachines.get(machine)
  if (why === undefined) return undefined
  return {
    reason: 'NodeLost',
    what: `its machine ${machine} is lost: ${quote(why)}`,
    mend: 'Bring the machine back, or delete its Node so that the pod is made elsewhere',
  }
}

/** A container that ends is started again; a pod that failed was given up by its machine. */
function evicted({ pod: { status } }: PodView): Finding | undefined {
  const disrupted = status?.conditions?.find(({ type, status: is }) => type === 'DisruptionTarget' && is === 'True')
  if (status?.phase !== 'Failed' && !disrupted) return undefined
  const why = [status?.reason, status?.message ?? disrupted?.message].filter(text => text)
  return {
    reason: 'PodEvicted',
    what: `its machine gave it up: ${quote(why.join(': ') || 'without saying why')}`,
    mend: 'It is made again by itself; if that goes on, ask for more memory or storage, or give the machines more',
  }
}

function volumeNotBound({ pod, claim, claimWarning, warning, now }: PodView): Finding | undefined {
  if (now - madeAt(pod) < PLACED_WITHIN_MS) return undefined
  const mount = warning(['FailedMount', 'FailedAttachVolume'])
  if (mount !== undefined && pod.spec?.nodeName && !isMounted(pod))
    return { reason: 'VolumeNotBound', what: `a volume cannot be mounted: ${quote(mount)}`, mend: 'Mend the volume' }
  if (claim === undefined || claim.status?.phase === 'Bound') return undefined
  const unscheduled = unscheduledMessage(pod)
  const told = claimWarning ?? (unscheduled?.includes('PersistentVolumeClaim') ? unscheduled : undefined)
  if (claim.status?.phase !== 'Lost' && told === undefined) return undefined
  const { storageClassName } = claim.spec ?? {}
  return {
    reason: 'VolumeNotBound',
    what: `its claim ${claim.metadata.name} (class ${storageClassName ?? 'none'}) has no volume: ${quote(told ?? 'it was lost')}`,
    mend: 'Give the cluster such a StorageClass with room; the class of a Testnet that runs cannot be changed: make it anew with another storage.className',
  }
}

/** Volumes come before everything else of a container: one that got further has them, whatever failed at first. */
function isMounted(pod: Pod): boolean {
  const { state, lastState } = containerOf(pod) ?? {}
  const waits = state?.waiting?.reason
  return (
    Boolean(state?.running ?? state?.terminated ?? lastState?.terminated) ||
    (waits !== undefined && !beforeMount.has(waits))
  )
}

/** What a container waits for while its volumes are mounted. */
const beforeMount: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing'])

const unscheduledMessage = (pod: Pod): string | undefined => {
  const scheduled = conditionOf(pod, 'PodScheduled')
  return scheduled?.status === 'False' ? (scheduled.message ?? scheduled.reason ?? '') : undefined
}

function unschedulable({ pod, now }: PodView): Finding | undefined {
  const message = unscheduledMessage(pod)
  if (message === undefined || now - madeAt(pod) < PLACED_WITHIN_MS) return undefined
  return {
    reason: 'Unschedulable',
    what: `no machine takes it: ${quote(message)}`,
    mend: 'Add machines, or lower resources.requests or the count',
  }
}

const pullReasons = new Set([
  'ImagePullBackOff',
  'ErrImagePull',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
])

function imagePull({ pod, warning }: PodView): Finding | undefined {
  const container = containerOf(pod)
  const waiting = container?.state?.waiting
  if (!container || !waiting || !pullReasons.has(waiting.reason ?? '')) return undefined
  const image = pod.spec?.containers?.[0]?.image ?? container.image
  // Once it backs off the pod says only that it does; the event has the answer of the registry.
  const told =
    waiting.reason === 'ImagePullBackOff'
      ? (warning(['Failed'], /^Failed to pull/) ?? waiting.message)
      : waiting.message
  return {
    reason: 'ImagePull',
    what: `image ${image} cannot be pulled: ${quote(told ?? waiting.reason ?? '')}`,
    mend: "Correct spec.image or the group's, or give the operator the registry's imagePullSecrets",
  }
}

/** States of a container that wait for nothing but time. */
const onItsWay = new Set(['ContainerCreating', 'PodInitializing', 'CrashLoopBackOff'])

function cannotStart({ pod }: PodView): Finding | undefined {
  const waiting = containerOf(pod)?.state?.waiting
  if (!waiting?.reason || onItsWay.has(waiting.reason)) return undefined
  return {
    reason: 'CannotStart',
    what: `${waiting.reason}: ${quote(waiting.message ?? 'its machine does not say why')}`,
    mend: 'Use an image that starts a Trellis node as a user that is not root',
  }
}

/** How the process ended last, if it did and the node is not back. */
function lastEnd(pod: Pod) {
  const { state, lastState, restartCount = 0 } = containerOf(pod) ?? {}
  if (state?.terminated) return { end: state.terminated, restartCount }
  const waits = state?.waiting?.reason === 'CrashLoopBackOff' || restartCount > 1
  return lastState?.terminated && waits ? { end: lastState.terminated, restartCount } : undefined
}

function outOfMemory({ pod }: PodView): Finding | undefined {
  const last = lastEnd(pod)
  if (last?.end.reason !== 'OOMKilled') return undefined
  const limit = pod.spec?.containers?.[0]?.resources?.limits?.memory
  return {
    reason: 'OOMKilled',
    what: `ended for its memory${limit ? `, of which it may use ${limit}` : ''}, ${times(last.restartCount)}`,
    mend: 'Raise resources.limits.memory',
  }
}

function crashLoop({ pod }: PodView): Finding | undefined {
  const last = lastEnd(pod)
  if (!last) return undefined
  const { exitCode, signal, message } = last.end
  const how = signal ? `signal ${signal}` : `exit code ${exitCode}`
  const said = message?.trim().split('\n').at(-1)?.trim()
  return {
    reason: 'CrashLoop',
    what: `ends with ${how}, ${times(last.restartCount)}${said ? `; its last words: ${quote(said)}` : ''}`,
    mend: `See \`kubectl logs -p ${pod.metadata.name}\``,
  }
}

const times = (restarts: number): string => (restarts === 1 ? 'started again once' : `started again ${restarts} times`)

function probeFailing({ pod, warning, now }: PodView): Finding | undefined {
  const running = containerOf(pod)?.state?.running
  const since = Date.parse(running?.startedAt ?? '') || madeAt(pod)
  const note = warning(['Unhealthy'])
  if (!running || note === undefined || now - since < PROBE_PATIENCE_MS) return undefined
  return {
    reason: 'ProbeFailing',
    what: `it runs and is not ready: ${quote(note)}`,
    mend: `See \`kubectl logs ${pod.metadata.name}\``,
  }
}

/** Of one pod the first that applies. */
const checks = [
  nodeLost,
  evicted,
  volumeNotBound,
  unschedulable,
  imagePull,
  cannotStart,
  outOfMemory,
  crashLoop,
  probeFailing,
]

/** In one line, without a full stop, and not longer than a condition can bear. */
function quote(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim().replace(/\.$/, '')
  return line.length <= MAX_QUOTE ? line : `${line.slice(0, MAX_QUOTE - 1)}…`
}
