// What the HTTP servers need of the node. The node implements it; the servers know nothing else of the chain.
import type { LinkRow } from '../../api/link.ts'
import type { ClockSkew } from '../../api/node-config.ts'
import type { FaultStatus, NodeStatus, PeerStatus } from '../../api/observation.ts'
import type { LifecycleActs } from '../lifecycle/requests.ts'

/** GET /v1/blocks. Hashes, keys and roots are lowercase hex. */
export interface BlockSummary {
  readonly hash: string
  readonly height: number
  readonly parents: readonly string[]
  /** Producer's clock, milliseconds since the epoch. */
  readonly timestamp: number
  readonly producer: string
  readonly difficulty: number
  readonly transactionCount: number
  readonly finalized: boolean
}

/** GET /v1/blocks/:hashOrHeight */
export interface BlockDetail extends BlockSummary {
  /** Whether the block is on the main chain. */
  readonly canonical: boolean
  readonly stateRoot: string
  readonly bodyRoot: string
  readonly transactions: readonly string[]
}

/** GET /v1/accounts/:address, in the head's state. */
export interface AccountView {
  readonly address: string
  readonly balance: number
  readonly nonce: number
  /** Nonce of the next transaction when the pool's are counted. */
  readonly nextNonce: number
  /** The head the answer is from. */
  readonly head: { readonly hash: string; readonly height: number }
}

/** GET /v1/transactions/:id */
export type TransactionView = { readonly id: string } & (
  | { readonly state: 'pending' }
  | { readonly state: 'included'; readonly block: string; readonly height: number; readonly finalized: boolean }
)

/** GET /v1/equivocations: two signed objects of one producer of which at most one may exist. */
export interface EquivocationView {
  readonly kind: 'block' | 'double-vote' | 'surround-vote'
  readonly producer: string
  readonly height: number
  /** SSZ bytes in hex: signed headers, or signed votes. */
  readonly first: string
  readonly second: string
}

export type Submission =
  | { readonly kind: 'accepted' | 'known'; readonly id: string }
  /** A valid encoding of a transaction that the chain's or the pool's rules refuse. */
  | { readonly kind: 'refused'; readonly id?: string; readonly reason: string }
  /** The bytes are no transaction. */
  | { readonly kind: 'malformed'; readonly reason: string }
  /** The node has too much to do; try again later. */
  | { readonly kind: 'busy'; readonly reason: string }

/** What the public server reads. */
export interface NodeView {
  /** Able to serve: the store is open, the stack listens. */
  ready(): boolean
  status(): NodeStatus
  peers(): readonly PeerStatus[]
  /** Main-chain blocks of heights `from` .. `from + limit - 1`, lowest first; fewer where the chain ends. */
  blocks(from: number, limit: number): Promise<readonly BlockSummary[]>
  /** By hash (any known block) or by height (main chain). */
  block(id: string | number): Promise<BlockDetail | undefined>
  /** undefined when the account never had a balance. */
  equivocations(): Promise<readonly EquivocationView[]>
  account(address: string): Promise<AccountView | undefined>
  transaction(id: string): Promise<TransactionView | undefined>
  /** `bytes` is one SSZ-encoded signed transaction. */
  submit(bytes: Uint8Array): Promise<Submission>
}

/** What the administration server acts on: node/faults/links.ts for the rows, the chain's clock, the stack for peers. */
export interface NodeControl {
  readonly faults: {
    /** @throws RowRefused */
    apply(row: LinkRow): 'applied' | 'replaced'
    remove(id: string): FaultStatus | undefined
    clear(): FaultStatus[]
    find(id: string): FaultStatus | undefined
    status(options?: { readonly ended?: boolean }): FaultStatus[]
  }
  /** node/clock.ts */
  readonly clock: {
    readonly skews: readonly ClockSkew[]
    /** @throws SkewRefused */
    skew(skew: ClockSkew): 'applied' | 'replaced'
    end(id: string): boolean
  }
  /** node/lifecycle/own-process.ts */
  readonly lifecycle: LifecycleActs
  /** False when no such peer is connected. */
  disconnect(peerId: string): Promise<boolean>
}
