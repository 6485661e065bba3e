// Kinds of API objects, and where they are. Objects are plain JSON as the server sends them: times are strings.
import type {
  EventsV1Event,
  V1ConfigMap,
  V1Job,
  V1Lease,
  V1Namespace,
  V1NetworkPolicy,
  V1Node,
  V1ObjectMeta,
  V1PersistentVolumeClaim,
  V1Pod,
  V1PodDisruptionBudget,
  V1RoleBinding,
  V1Secret,
  V1Service,
  V1ServiceAccount,
  V1StatefulSet,
} from '@kubernetes/client-node'

/** The generated types say Date where JSON has a string, and `_from` and `_exec` where it has `from` and `exec`. */
export type Plain<T> = T extends Date
  ? string
  : T extends readonly (infer U)[]
    ? Plain<U>[]
    : T extends object
      ? { [K in keyof T as K extends `_${infer Name}` ? Name : K]: Plain<T[K]> }
      : T

export type ObjectMeta = Plain<V1ObjectMeta> & { name: string }
export interface KubeObject {
  apiVersion?: string
  kind?: string
  metadata: ObjectMeta
}
/** An object of a generated type, as JSON, with its metadata. */
export type Json<T> = Omit<Plain<T>, 'metadata'> & KubeObject

export interface Resource<T extends KubeObject = KubeObject> {
  /** `v1`, `apps/v1` */
  readonly apiVersion: string
  readonly kind: string
  readonly plural: string
  readonly namespaced: boolean
  /** Only a mark for the compiler; never set. */
  readonly type?: T
}

/** Describes a resource whose objects are of type T. */
export const resource = <T extends KubeObject>(
  apiVersion: string,
  kind: string,
  plural: string,
  { namespaced = true } = {},
): Resource<T> => ({ apiVersion, kind, plural, namespaced })

export type StatefulSet = Json<V1StatefulSet>
export type Service = Json<V1Service>
export type ConfigMap = Json<V1ConfigMap>
export type Secret = Json<V1Secret>
export type Pod = Json<V1Pod>
export type PodDisruptionBudget = Json<V1PodDisruptionBudget>
export type NetworkPolicy = Json<V1NetworkPolicy>
export type PersistentVolumeClaim = Json<V1PersistentVolumeClaim>
export type Job = Json<V1Job>
export type ServiceAccount = Json<V1ServiceAccount>
export type RoleBinding = Json<V1RoleBinding>
export type Lease = Json<V1Lease>
export type Event = Json<EventsV1Event>
export type Node = Json<V1Node>
export type Namespace = Json<V1Namespace>

export const resources = {
  statefulSets: resource<StatefulSet>('apps/v1', 'StatefulSet', 'statefulsets'),
  services: resource<Service>('v1', 'Service', 'services'),
  configMaps: resource<ConfigMap>('v1', 'ConfigMap', 'configmaps'),
  secrets: resource<Secret>('v1', 'Secret', 'secrets'),
  pods: resource<Pod>('v1', 'Pod', 'pods'),
  podDisruptionBudgets: resource<PodDisruptionBudget>('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  networkPolicies: resource<NetworkPolicy>('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies'),
  persistentVolumeClaims: resource<PersistentVolumeClaim>('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims'),
  jobs: resource<Job>('batch/v1', 'Job', 'jobs'),
  serviceAccounts: resource<ServiceAccount>('v1', 'ServiceAccount', 'serviceaccounts'),
  roleBindings: resource<RoleBinding>('rbac.authorization.k8s.io/v1', 'RoleBinding', 'rolebindings'),
  leases: resource<Lease>('coordination.k8s.io/v1', 'Lease', 'leases'),
  events: resource<Event>('events.k8s.io/v1', 'Event', 'events'),
  namespaces: resource<Namespace>('v1', 'Namespace', 'namespaces', { namespaced: false }),
  nodes: resource<Node>('v1', 'Node', 'nodes', { namespaced: false }),
} as const

/** Path of a collection, of all namespaces when none is given. */
export function collectionPath({ apiVersion, plural, namespaced }: Resource, namespace?: string): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  return namespaced && namespace ? `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}` : `${root}/${plural}`
}

/**
 * Path of one object, or of a subresource of it.
 * @throws Error when the resource is namespaced and no namespace is given: the path would name another thing.
 */
export function objectPath(kind: Resource, { namespace, name }: ObjectName, subresource?: string): string {
  if (kind.namespaced && !namespace) throw new Error(`${kind.kind} ${name} has no namespace`)
  const path = `${collectionPath(kind, namespace)}/${encodeURIComponent(name)}`
  return subresource ? `${path}/${subresource}` : path
}

export interface ObjectName {
  readonly namespace?: string | undefined
  readonly name: string
}

/** `namespace/name`, or `name` of what has no namespace: what queues and stores know objects by. */
export const keyOf = ({ namespace, name }: ObjectName): string => (namespace ? `${namespace}/${name}` : name)

export function nameOf(key: string): ObjectName {
  const slash = key.indexOf('/')
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
