// What the operator tells people about a testnet: the shapes of its read API, which the command and the dashboard read.
//   GET /v1/testnets                                       TestnetView[]
//   GET /v1/namespaces/:namespace/testnets/:name           TestnetView
//   GET /v1/namespaces/:namespace/testnets/:name/nodes     NodeView[]
//   GET /v1/namespaces/:namespace/testnets/:name/heads     HeadView[]
//   GET /v1/namespaces/:namespace/testnets/:name/nodes/:node/peers    PeerStatus[]
//   GET /v1/namespaces/:namespace/testnets/:name/events    server-sent events; first the whole picture, then what changed:
//     `testnet` TestnetView, `nodes` NodeView[] that are new or changed, `gone` names of nodes that are no more, `deleted`
//     when the testnet is, then the end. With `?node=miner-0,miner-1` or `?node=all`, 64 at most, also `node` NodeEvent
//     with the field `node`. A comment as heartbeat every 15 s
// Errors are {error, help}.
import type { NodeStatus } from './observation.ts'
import type { TestnetStatus } from './status.ts'

export interface TestnetView {
  readonly namespace: string
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly status: TestnetStatus
  /** When the nodes were last asked; null before the first round. */
  readonly observedAt: number | null
}

/** starting: the pod is not ready. waiting: it crashed and is started again. failed: it cannot run. silent: it runs and does not answer. */
export type NodeViewState = 'pending' | 'starting' | 'ready' | 'waiting' | 'failed' | 'stopped' | 'silent'

export interface NodeView {
  readonly name: string
  readonly role: string
  readonly group: string
  readonly region: string
  readonly state: NodeViewState
  readonly height: number | null
  readonly head: string | null
  readonly finalized: number | null
  readonly inbound: number | null
  readonly outbound: number | null
  readonly pool: number | null
  readonly reorgs: number | null
  readonly deepestReorg: number | null
  /** Mesh peers by topic. */
  readonly meshes: Readonly<Record<string, number>> | null
  readonly sync: NodeStatus['sync'] | null
  /** Milliseconds since the epoch, the node's clock. */
  readonly startedAt: number | null
  readonly restarts: number
  readonly peerId: string
  /** Where its HTTP API is; empty before it has an address. */
  readonly url: string
  readonly pod: string
  readonly machine: string
  /** Why it is not ready. */
  readonly reason: string
}

export interface HeadView {
  readonly hash: string
  readonly height: number
  readonly members: readonly string[]
  /** Blocks below the lower head since it left the first group's chain; null when longer ago than nodes tell. */
  readonly forkDepth: number | null
}
