// What a pod says of itself.
import type { Pod, StatefulSet } from '../runtime/resource.ts'

export type ContainerStatus = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number]

/** A StatefulSet puts it on its pods: the revision they were made from. */
const REVISION_LABEL = 'controller-revision-hash'

export const revisionOf = ({ metadata }: Pod): string | undefined => metadata.labels?.[REVISION_LABEL]

/** The number at the end of its name. */
export const ordinalOf = ({ metadata: { name } }: Pod): number => Number(name.slice(name.lastIndexOf('-') + 1))

export const isTerminating = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined

export const conditionOf = ({ status }: Pod, type: string) => status?.conditions?.find(each => each.type === type)

/** Ready and meant to stay. */
export const isReady = (pod: Pod): boolean => !isTerminating(pod) && conditionOf(pod, 'Ready')?.status === 'True'

/** It has an address, and its startup probe passed: it can say how it is even while it is not ready. */
export const isUp = ({ metadata, status }: Pod): boolean =>
  !metadata.deletionTimestamp &&
  status?.phase === 'Running' &&
  Boolean(status.podIP) &&
  (status.containerStatuses ?? []).some(({ started }) => started === true)

/** Milliseconds since the epoch: since when it is ready or not ready, or since it was made. */
export const readinessSince = (pod: Pod): number =>
  Date.parse(conditionOf(pod, 'Ready')?.lastTransitionTime ?? pod.metadata.creationTimestamp ?? '') || 0

export const madeAt = ({ metadata }: Pod): number => Date.parse(metadata.creationTimestamp ?? '') || 0

/** The one container of a node. */
export const containerOf = ({ status }: Pod): ContainerStatus | undefined => status?.containerStatuses?.[0]

/** Whether its controller has seen the newest of what was asked of it. */
export const isObserved = ({ metadata, status }: StatefulSet): boolean =>
  (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0)

export function podsOf({ metadata }: Pick<StatefulSet, 'metadata'>, pods: readonly Pod[]): Pod[] {
  return pods.filter(pod =>
    pod.metadata.ownerReferences?.some(({ controller, uid }) => controller && uid === metadata.uid),
  )
}
