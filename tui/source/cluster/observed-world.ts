// A testnet of a cluster as the operator sees it, put together from what the caller may read: for planning ahead, and for
// telling of nodes when the operator does not.
import { TESTNET_LABEL } from '../../../operator/kubernetes/build/names.ts'
import { ApiError } from '../../../operator/kubernetes/runtime/api-error.ts'
import { type KubeObject, type Resource, resources } from '../../../operator/kubernetes/runtime/resource.ts'
import type { ValidTestnet, World } from '../../../operator/kubernetes/testnet/world.ts'
import type { Cluster } from './connect.ts'
import { listAll } from './testnet-objects.ts'

const applied: readonly Resource[] = [
  resources.networkPolicies,
  resources.services,
  resources.podDisruptionBudgets,
  resources.configMaps,
  resources.secrets,
  resources.statefulSets,
]

export interface ObservedWorld {
  readonly world: World
  /** Kinds that the caller may not read: what is stored of them is not known. */
  readonly hidden: readonly string[]
}

/** `parts`: `pods` leaves out what only a plan needs, and must be readable then. @throws ApiError, ConnectionError */
export async function observedWorld(
  cluster: Cluster,
  testnet: ValidTestnet,
  parts: 'pods' | 'all',
  signal: AbortSignal,
): Promise<ObservedWorld> {
  const labelSelector = `${TESTNET_LABEL}=${testnet.metadata.name}`
  const hidden: string[] = []
  const list = async <T extends KubeObject>(kind: Resource<T>): Promise<T[]> => {
    try {
      return await listAll(cluster, kind, { namespace: cluster.namespace, labelSelector }, signal)
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 403 || (parts === 'pods' && kind.kind === 'Pod')) throw error
      hidden.push(kind.plural)
      return []
    }
  }
  const [pods, statefulSets, claims] = await Promise.all([
    list(resources.pods),
    list(resources.statefulSets),
    list(resources.persistentVolumeClaims),
  ])
  const stored = new Map<string, KubeObject>()
  if (parts === 'all')
    for (const kind of applied)
      for (const object of kind === resources.statefulSets ? statefulSets : await list(kind))
        stored.set(`${kind.plural}/${object.metadata.name}`, object)
  return {
    hidden,
    world: {
      testnet,
      stored,
      statefulSets,
      pods,
      claims,
      warnings: [],
      lostMachines: new Map(),
      rounds: { latest: new Map(), earlier: new Map() },
      adminToken: '',
      refusals: [],
      statusWrittenAt: undefined,
    },
  }
}
