// One row a node: what is known of its process or pod, and what the node tells itself. Pure.
import type { NodeStatus } from '../../api/observation.ts'
import type { NodeView, NodeViewState } from '../../api/read-api.ts'
import type { NodeRecord, NodeState } from '../../operator/local/record.ts'
import { toldByNode } from '../../operator/testnet/told-by-node.ts'

/** As the operator tells it, so that programs read both alike. */
export interface NodeRow extends Omit<NodeView, 'state'> {
  /** `silent`: the process runs but does not answer. */
  readonly state: NodeState | NodeViewState
  /** Null in a cluster. */
  readonly pid: number | null
}

export function nodeRows(nodes: readonly NodeRecord[], statuses: ReadonlyMap<string, NodeStatus | null>): NodeRow[] {
  return nodes.map(node => {
    const status = statuses.get(node.name) ?? undefined
    return {
      name: node.name,
      role: node.role,
      group: node.group,
      region: node.region,
      state: node.state === 'ready' && status === undefined ? 'silent' : node.state,
      ...toldByNode(status),
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
