// How far a new revision has come: which pods of each group may have it. One partition step at a time over the whole
// testnet, and only while the chain goes on without harm. Pure, and decided anew each time from what is stored: of a
// StatefulSet whose template is wanted the partition only falls, and a new template begins above the highest ready pod.
import { TEMPLATE_ANNOTATION } from '../build/revision.ts'
import type { Pod, StatefulSet } from '../runtime/resource.ts'
import { isObserved, isReady, isTerminating, madeAt, ordinalOf, readinessSince, revisionOf } from './pods.ts'

/** Of all nodes, at most this share between two looks at the chain; one at least. */
const STEP_SHARE = 0.05
/** Pods that the StatefulSet's controller would not replace, or only one after the other, removed at a time. */
export const MAX_REPLACED = 10
/** A node that was not ready for so long before the first pod of the new revision was made does not hold the others up. */
const DOWN_BEFORE_MS = 30_000
/** A step that takes no longer is on its way; after that the condition says that it is paused. Or so many block intervals. */
const PATIENCE_MS = 45_000
const PATIENCE_BLOCKS = 20

export interface RolloutGroup {
  readonly name: string
  readonly replicas: number
  /** Digest of the wanted template. */
  readonly template: string
  readonly stored: StatefulSet | undefined
  /** Of that StatefulSet. */
  readonly pods: readonly Pod[]
}

/** What the nodes say of their chain. */
export interface ChainHealth {
  /** Undefined when all that should answer follow one chain. */
  readonly split: string | undefined
  /** Undefined when the highest head is higher than in an earlier round; that round began at `earlierAt`. */
  readonly still: string | undefined
  /** Milliseconds since the epoch; undefined without an earlier round. */
  readonly earlierAt: number | undefined
  readonly blockIntervalMs: number
}

export interface Rollout {
  /** By group: pods from this index on are of the wanted revision. */
  readonly partitions: ReadonlyMap<string, number>
  /** To be removed, so that they come back with the wanted revision. */
  readonly replace: readonly Pod[]
  /** Undefined when there is nothing (left) to roll out. */
  readonly progress: Progress | undefined
}

export interface Progress {
  readonly updated: number
  readonly total: number
  /** What the next step waits for; undefined when it is made now. */
  readonly waitsFor: string | undefined
  /** It has waited for longer than a step takes. */
  readonly overdue: boolean
}

interface Course extends RolloutGroup {
  /** From this index on pods are, or are to become, of the wanted revision. */
  readonly from: number
  /** Pods of the wanted revision that this rollout made. */
  readonly updated: ReadonlySet<Pod>
  readonly rolling: boolean
}

/** `chain` as the nodes told it last; `now` in milliseconds since the epoch. */
export function rollOut(groups: readonly RolloutGroup[], chain: ChainHealth, now: number): Rollout {
  const courses = groups.map(courseOf)
  const partitions = new Map(courses.map(({ name, from }) => [name, from]))
  const replace = courses.flatMap(leftBehind).slice(0, MAX_REPLACED)
  const rolling = courses.filter(course => course.rolling)
  if (rolling.length === 0) return { partitions, replace, progress: undefined }

  const updated = sum(rolling, course => course.updated.size)
  const waitsFor = obstacle(courses, chain, now)
  // From the last group to the first, as from the last node to the first: bootstrap nodes stand in front, as a rule.
  const next = rolling.findLast(({ from }) => from > 0)
  if (waitsFor === undefined && next) {
    const share = Math.floor(sum(courses, ({ replicas }) => replicas) * STEP_SHARE)
    partitions.set(next.name, Math.max(0, next.from - Math.max(1, Math.min(updated, share))))
  }
  const overdue = waitsFor !== undefined && now - lastMove(courses) > patience(chain)
  return {
    partitions,
    replace,
    progress: { updated, total: sum(rolling, ({ replicas }) => replicas), waitsFor, overdue },
  }
}

const none: ReadonlySet<Pod> = new Set()

const isOf = (template: string, stored: StatefulSet | undefined): stored is StatefulSet =>
  stored?.metadata.annotations?.[TEMPLATE_ANNOTATION] === template

const partitionOf = ({ spec }: StatefulSet): number => spec?.updateStrategy?.rollingUpdate?.partition ?? 0

function courseOf(group: RolloutGroup): Course {
  const { stored, replicas, template } = group
  const pods = group.pods.filter(pod => ordinalOf(pod) < replicas)
  // Nobody runs: a new testnet, a new group, one that is suspended or comes back.
  if (replicas === 0 || (stored?.spec?.replicas ?? 0) === 0)
    return { ...group, pods, from: 0, updated: none, rolling: false }
  if (!isOf(template, stored)) {
    // Pods above the highest ready one have nothing to lose, and the new template may be their mend.
    const from = Math.max(-1, ...pods.filter(isReady).map(ordinalOf)) + 1
    return { ...group, pods, from, updated: none, rolling: true }
  }
  const from = Math.min(partitionOf(stored), replicas)
  const { currentRevision, updateRevision } = stored.status ?? {}
  const seen = isObserved(stored)
  const newest = (pod: Pod) => seen && !isTerminating(pod) && revisionOf(pod) === updateRevision
  const updated = new Set(pods.filter(newest))
  // The first revision of all is not rolled out, its pods are only started; nor is one that was taken back in time.
  const first = currentRevision === undefined
  // A pod that goes and comes back as it was, because somebody or a machine ended it, is no rollout.
  const alike = seen && currentRevision === updateRevision && pods.every(pod => revisionOf(pod) === updateRevision)
  if (first || alike) return { ...group, pods, from: 0, updated, rolling: false }
  const done = from === 0 && updated.size === replicas && pods.every(isReady)
  return { ...group, pods, from, updated, rolling: !done }
}

/** What keeps the next step from being made; undefined when nothing does. */
function obstacle(courses: readonly Course[], chain: ChainHealth, now: number): string | undefined {
  const unseen = courses.find(({ stored }) => stored && !isObserved(stored))
  if (unseen) return `the StatefulSet of group ${unseen.name} to be taken up by its controller`
  const made = courses.flatMap(({ rolling, updated }) => (rolling ? [...updated].map(madeAt) : []))
  const began = Math.min(now, ...made)
  for (const course of courses) {
    const missing = missingNode(course, began)
    if (missing !== undefined) return missing
  }
  if (chain.split !== undefined) return chain.split
  if (chain.still !== undefined) return chain.still
  // Kubernetes drops fractions of a second.
  const settled = Math.max(0, ...courses.flatMap(({ pods }) => pods.filter(isReady).map(readinessSince))) + 1_000
  return (chain.earlierAt ?? 0) < settled ? 'the height to advance since the last step' : undefined
}

function missingNode({ name, replicas, from, rolling, pods, updated }: Course, began: number): string | undefined {
  const byOrdinal = new Map(pods.map(pod => [ordinalOf(pod), pod]))
  const fresh = rolling ? updated : none
  for (let ordinal = replicas - 1; ordinal >= 0; ordinal--) {
    const pod = byOrdinal.get(ordinal)
    const node = `node ${name}-${ordinal}`
    if (!pod) return `${node} to be made`
    if (rolling && ordinal >= from && !fresh.has(pod)) return `${node} to be replaced`
    // What was down before the first pod of the new revision is not the new revision's doing, and may wait for it.
    const wasDown = !fresh.has(pod) && !isTerminating(pod) && readinessSince(pod) < began - DOWN_BEFORE_MS
    if (!isReady(pod) && !wasDown) return `${node} to be ready`
  }
  return undefined
}

/** Pods that are to be of the wanted revision, are not, and do not work: nothing is lost when they go at once. */
function leftBehind({ stored, from, pods, template, updated }: Course): Pod[] {
  if (!isOf(template, stored) || !isObserved(stored) || partitionOf(stored) !== from) return []
  return pods
    .filter(pod => ordinalOf(pod) >= from && !updated.has(pod) && !isTerminating(pod) && !isReady(pod))
    .sort((a, b) => ordinalOf(b) - ordinalOf(a))
}

/** When a pod was made or became ready last. */
const lastMove = (courses: readonly Course[]): number =>
  Math.max(
    0,
    ...courses.flatMap(({ pods }) => pods.flatMap(pod => [madeAt(pod), isReady(pod) ? readinessSince(pod) : 0])),
  )

const patience = ({ blockIntervalMs }: ChainHealth): number => Math.max(PATIENCE_MS, PATIENCE_BLOCKS * blockIntervalMs)

const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((total, item) => total + of(item), 0)
