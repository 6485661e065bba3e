// What a reconciliation of a Testnet sees, and what it decides. `observe` fills the first from informer stores and the
// node poller, `plan` is pure, `execute` carries the second out.
import type { TestnetStatus } from '../../../api/status.ts'
import type { Testnet } from '../../../api/testnet.ts'
import type { NodeAnswer } from '../../ask-node.ts'
import type { Wanted } from '../build/testnet-objects.ts'
import type { Event, KubeObject, PersistentVolumeClaim, Pod, Resource, StatefulSet } from '../runtime/resource.ts'

export type { NodeAnswer }

/** A Testnet as the API server stores it: perhaps of an older or newer schema, so its spec is not trusted. */
export interface StoredTestnet extends KubeObject {
  readonly spec?: unknown
  readonly status?: TestnetStatus
}

/** A Testnet whose spec this operator understands. */
export interface ValidTestnet extends StoredTestnet {
  readonly spec: Testnet['spec']
}

/** The API server's answer to an object of ours that stays the same until the object, a policy or a quota changes. */
export interface Refusal {
  /** `StatefulSet`, `ConfigMap`, ... */
  readonly kind: string
  readonly name: string
  /** HTTP status: 403 of a quota or a role, 422 of validation, 400 or 403 of an admission policy or webhook. */
  readonly status: number
  /** As the server said it. */
  readonly message: string
}

/** Two poll rounds: growth is judged between them. */
export interface Rounds {
  readonly latest: ReadonlyMap<string, NodeAnswer>
  readonly earlier: ReadonlyMap<string, NodeAnswer>
}

export interface World {
  readonly testnet: ValidTestnet
  /** By `<plural>/<name>`: everything stored under a name that the testnet's objects have, whoever owns it. */
  readonly stored: ReadonlyMap<string, KubeObject>
  readonly statefulSets: readonly StatefulSet[]
  readonly pods: readonly Pod[]
  readonly claims: readonly PersistentVolumeClaim[]
  /** Warnings about the testnet's StatefulSets, pods and claims of the last minutes, newest last. */
  readonly warnings: readonly Event[]
  /** By node name of the cluster: why that machine is thought lost. */
  readonly lostMachines: ReadonlyMap<string, string>
  /** By node name of the testnet. */
  readonly rounds: Rounds
  /** Bearer token of the administration ports: the stored one, or one just drawn. */
  readonly adminToken: string
  /** What the server refused of the last plan and has not taken since. Such objects are tried again by and by: leave them in `apply`. */
  readonly refusals: readonly Refusal[]
  /** When this process last wrote the status, milliseconds since the epoch; undefined when it never did. */
  readonly statusWrittenAt: number | undefined
}

export interface Notice {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly note: string
}

export interface Plan {
  /** In this order; what is settled already is left out. */
  readonly apply: readonly Wanted[]
  readonly remove: readonly { readonly resource: Resource; readonly name: string; readonly uid: string }[]
  /** Status to be applied; undefined when the stored one says the same, or nearly so and was written a moment ago. */
  readonly status: TestnetStatus | undefined
  readonly notices: readonly Notice[]
  /** When to look again although nothing happens: the next step of a rollout, the end of the ttl, the next poll round. */
  readonly requeueAfterMs: number | undefined
  /** The Testnet itself goes: its ttl is over. */
  readonly expire: boolean
}
