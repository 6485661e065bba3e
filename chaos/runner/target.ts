// What the runner needs of whoever runs the testnet. The runner decides what happens when; a target only does it, at once
// and to one node. Two sorts: processes of this machine (operator/local/chaos-target.ts) and pods of a cluster.
//
// What every target must hold to:
// - A call resolves when the thing is done and rejects with the reason when it is not. It is never retried behind the
//   runner's back: a kill that was answered late would be done twice.
// - Rows and skews carry their end (`endsAt`, absolute) and whoever holds them obeys it without being told again. The
//   runner renews them with a later end, never later than the fault's own: when runner and target die, the fault lapses.
//   What is done to processes carries the fault's own end and is not renewed: a renewal that came late would do it again.
// - `put` of an id that is in force replaces it without a moment in which neither holds, and its counters go on.
// - `end` of what is not in force is no error.
import type { LinkRow } from '../../api/link.ts'
import type { ClockSkew } from '../../api/node-config.ts'
import type { FaultStatus } from '../../api/observation.ts'
import type { TestnetFacts } from '../../api/run.ts'
import type { CallOptions, NodeEndpoint } from './node-client.ts'

export interface Target {
  readonly testnet: TestnetFacts
  /** Where the nodes' own ports are: what the run is observed by. */
  readonly nodes: readonly NodeEndpoint[]
  /** What link rows are made of: rules of the kernel, or the nodes themselves. */
  readonly fidelity: 'kernel' | 'userspace'
  readonly links: Holder<LinkRow>
  /** Absent where nobody can skew a node's clock. */
  readonly clocks?: Holder<ClockSkew> | undefined
  /** Absent where nobody can act on the processes. */
  readonly lifecycle?: Lifecycle | undefined
  readonly canaries?: CanarySource | undefined
  /** Why there is no testnet any more; undefined while there is one. Asked when no node answers. */
  readonly gone?: (() => Promise<string | undefined>) | undefined
}

/** Holds things with an id and an end on behalf of one node: its link rows, or what its clock is wrong by. */
export interface Holder<Item extends { readonly id: string; readonly endsAt: number }> {
  put(node: string, item: Item, options: CallOptions): Promise<void>
  /** Its last counters; undefined when none are told. */
  end(node: string, id: string, options: CallOptions): Promise<FaultStatus | undefined>
  /** Ids in force: an earlier run may have left some. */
  inForce(node: string, options: CallOptions): Promise<readonly string[]>
}

/** What only the driver of the nodes can do to them. `until` is absolute: at it the driver undoes by itself what was done. */
export interface Lifecycle {
  /**
   * Ends the node's process at once (SIGKILL) and keeps it down. Of a node that is down it only moves the end.
   * `pod`: deletes its pod instead, which comes back by itself.
   */
  kill(node: string, until: number, signal: AbortSignal, how?: 'pod'): Promise<void>
  /** Starts a node that is down; one that runs is left alone. */
  revive(node: string, signal: AbortSignal): Promise<void>
  /** Stops the process where it stands (SIGSTOP). Of one that stands still it only moves the end. */
  pause(node: string, until: number, signal: AbortSignal): Promise<void>
  /** Lets it go on; one that runs, or has ended, is left alone. */
  resume(node: string, signal: AbortSignal): Promise<void>
  /** Ends the process in order, paused or not, and starts another. */
  restart(node: string, signal: AbortSignal): Promise<void>
}

/** Signs for accounts that nobody else uses; the runner knows no keys. */
export interface CanarySource {
  /** Addresses of funded accounts, hex; each sends one transaction. */
  readonly addresses: readonly string[]
  /** Encoded transaction of the account with this nonce, as a node's POST /v1/transactions takes it. */
  sign(index: number, nonce: number): Promise<Uint8Array>
}
