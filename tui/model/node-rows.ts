// One row a node: what the supervisor knows of its process and what the node tells itself. Pure.
import type { NodeStatus } from '../../api/observation.ts'
import type { NodeRecord, NodeState } from '../../operator/local/record.ts'

export interface NodeRow {
  readonly name: string
  readonly role: string
  readonly group: string
  readonly region: string
  /** `silent`: the process runs but does not answer. */
  readonly state: NodeState | 'silent'
  readonly height: number | null
  readonly head: string | null
  readonly finalized: number | null
  readonly inbound: number | null
  readonly outbound: number | null
  readonly pool: number | null
  readonly reorgs: number | null
  readonly deepestReorg: number | null
  readonly restarts: number
  readonly pid: number | null
  readonly url: string
  readonly peerId: string
  readonly reason: string
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
      restarts: node.restarts,
      pid: node.process?.pid ?? null,
      url: `http://${node.address.host}:${node.address.http}`,
      peerId: node.peerId,
      reason: node.reason ?? '',
    }
  })
}
