// What the parts of the one-machine cluster agree on. All addresses exist in namespaces of the cluster only, so clusters
// side by side have the same ones; what they share with the machine is a state folder and a cgroup of their own.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { cacheFolder } from '../../tools/build-cache.ts'

/** The host-path volumes of all nodes and the kernel's namespaces are one machine's: more nodes prove nothing more. */
export const MAX_CLUSTER_NODES = 4

export const addresses = {
  /** Node network; .1 is the gateway, .10 + i node i. */
  nodes: '172.30.99',
  pods: '10.244',
  services: '10.96.0.0/16',
  apiService: '10.96.0.1',
  dnsService: '10.96.0.10',
} as const

export interface ClusterPlan {
  /** Everything the cluster writes is below it. */
  readonly state: string
  /** Folder of hyperkube and its names, and of pause. */
  readonly binaries: string
  readonly nodes: readonly ClusterNode[]
  /** Parent of the nodes' cgroups, below the root of each hierarchy. */
  readonly cgroup: string
}

export interface ClusterNode {
  readonly index: number
  readonly name: string
  readonly address: string
  readonly podSubnet: string
  readonly folder: string
}

export const defaultState = (): string => join(cacheFolder(), 'cluster')

/** Throws when the state folder cannot serve: each node has a /tmp of its own, which would hide it. */
export function planCluster(state: string, binaries: string, count: number): ClusterPlan {
  if (state.startsWith('/tmp/')) throw new Error(`the state of a cluster cannot be below /tmp: ${state}`)
  if (!Number.isInteger(count) || count < 1 || count > MAX_CLUSTER_NODES)
    throw new Error(`a cluster has 1 to ${MAX_CLUSTER_NODES} nodes, not ${count}`)
  return {
    state,
    binaries,
    cgroup: `trellis-${createHash('sha256').update(state).digest('hex').slice(0, 8)}`,
    nodes: Array.from({ length: count }, (_, index) => ({
      index,
      name: `node${index}`,
      address: `${addresses.nodes}.${10 + index}`,
      podSubnet: `${addresses.pods}.${index}.0/24`,
      folder: join(state, `node${index}`),
    })),
  }
}

export const controlNode = ({ nodes }: ClusterPlan): ClusterNode => nodes[0]!
export const apiUrl = (plan: ClusterPlan): string => `https://${controlNode(plan).address}:6443`
export const keyFolder = ({ state }: ClusterPlan): string => join(state, 'keys')
/** What the service accounts of pods asked of the API server, one JSON event a line. */
export const auditLog = ({ state }: Pick<ClusterPlan, 'state'>): string => join(state, 'log', 'audit.log')
