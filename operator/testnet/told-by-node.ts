import type { NodeStatus } from '../../api/observation.ts'
import type { NodeView } from '../../api/read-api.ts'

export type ToldByNode = Pick<
  NodeView,
  | 'height'
  | 'head'
  | 'finalized'
  | 'inbound'
  | 'outbound'
  | 'pool'
  | 'reorgs'
  | 'deepestReorg'
  | 'meshes'
  | 'sync'
  | 'startedAt'
>

/** What of a view the node says itself, wherever it runs; nothing when it says nothing. */
export const toldByNode = (status: NodeStatus | undefined): ToldByNode => ({
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
})
