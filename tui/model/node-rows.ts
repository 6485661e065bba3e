// One row a node: what is known of its process or pod, and what the node tells itself. Pure.
import type { NodeStatus } from '../../api/observation.ts'
import type { NodeView, NodeViewState } from '../../api/read-api.ts'
import type { NodeRecord, NodeState } from '../../operator/local/record.ts'

/** As the operator tells it, so that programs read both alike. */
export interface NodeRow extends Omit<NodeView, 'state'> {
  /** `silent`: the process runs but does not answer. */
  readonly state: NodeState | NodeViewState
  /** Null in a cluster. */
  readonly pid: number | null
}

export function nodeRows(nodes: readonly NodeRecord[], statuses: ReadonlyMap<string, NodeStatus | null>): NodeRow[] {
  return nodes.map(node => {
    const status = statuses.get(node.name) ?? null
    return {
      name: node.name,
      role: node.role,
      group: node.group,
      region: node.region,
      state: node.state === 'ready' && status === null ? 'silent' : node.state,
      height: status?.head.height ?? null,
      head: status?.head.hash ?? null,
      finalized: status?.finalized.height ?? null,
      inbound: status?.peers.inbound ?? null,
      outbound: status?.peers.outbound ?? null,
      pool: status?.pool.count ?? null,
      reorgs: status?.reorgs.count ?? null,
      deepestReorg: status?.reorgs.deepest ?? null,
      meshes: status?.mesh ?? null,
      sync: status?.sync ?? null,
      startedAt: status?.startedAt ?? null,
      restarts: node.restarts,
      peerId: node.peerId,
      url: `http://${node.address.host}:${node.address.http}`,
      pod: '',
      machine: '',
      reason: node.reason ?? '',
      pid: node.process?.pid ?? null,
    }
  })
}

export const podRows = (views: readonly NodeView[]): NodeRow[] => views.map(view => ({ ...view, pid: null }))
