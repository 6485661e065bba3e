// The pods of a testnet, in the order of its groups.
import { TESTNET_LABEL } from '../../../operator/kubernetes/build/names.ts'
import { type Pod, resources } from '../../../operator/kubernetes/runtime/resource.ts'
import type { StoredTestnet } from '../../../operator/kubernetes/testnet/world.ts'
import type { Cluster } from './connect.ts'
import { listAll } from './testnet-objects.ts'

export interface NodePod {
  /** The node's name in the testnet. */
  readonly node: string
  readonly pod: Pod
}

export async function podsOf(
  cluster: Cluster,
  { metadata, spec }: StoredTestnet,
  signal: AbortSignal,
): Promise<NodePod[]> {
  const labelSelector = `${TESTNET_LABEL}=${metadata.name}`
  const pods = await listAll(cluster, resources.pods, { namespace: cluster.namespace, labelSelector }, signal)
  const groups = ((spec as { groups?: { name?: string }[] } | undefined)?.groups ?? []).map(({ name }) => name ?? '')
  const prefix = `${metadata.name}-`
  return pods
    .map(pod => ({ pod, node: pod.metadata.name.slice(pod.metadata.name.startsWith(prefix) ? prefix.length : 0) }))
    .map(each => ({ ...each, ...placeOf(each.node, groups) }))
    .sort((a, b) => a.group - b.group || a.index - b.index || (a.node < b.node ? -1 : 1))
    .map(({ node, pod }) => ({ node, pod }))
}

function placeOf(node: string, groups: readonly string[]): { group: number; index: number } {
  const [, group = node, index = '0'] = /^(.*)-(\d+)$/.exec(node) ?? []
  const at = groups.indexOf(group)
  return { group: at < 0 ? groups.length : at, index: Number(index) }
}
