// The words between the scheduler and whoever runs it.
import type { Block, Checkpoint, Hash, InvalidCode, Millis, SignedHeader } from '../chain/types.ts'
import type { PeerId } from '../stacks/port.ts'
import type { HeaderLink } from './header-tree.ts'
import type { SyncOffence } from './offences.ts'

export type RequestId = number

/** What the scheduler reads of the chain. Every answer must be that of the moment. */
export interface ChainView {
  has(hash: Hash): boolean
  /** Cumulative work of a block the chain has. */
  work(hash: Hash): bigint | undefined
  head(): { readonly hash: Hash; readonly height: number; readonly work: bigint }
  justified(): Checkpoint
  /** From the head down to genesis, dense then sparse. */
  locator(): readonly Hash[]
}

/** A validated header without its block: what the rules for its children need. */
export interface PendingParent {
  readonly header: SignedHeader
  /** Cumulative, this header included. */
  readonly work: bigint
  readonly parent: Hash
  /** Its own parent when that is pending too; else the chain has it. */
  readonly below: SignedHeader | null
}

export interface PeerStatusClaim {
  readonly head: { readonly hash: Hash; readonly height: number; readonly work: bigint }
  readonly justified: Checkpoint
}

export type SyncEvent =
  /** The handshake succeeded. */
  | { readonly kind: 'connected'; readonly peer: PeerId; readonly latencyMs: number | null }
  | { readonly kind: 'gone'; readonly peer: PeerId }
  | { readonly kind: 'latency'; readonly peer: PeerId; readonly latencyMs: number }
  | { readonly kind: 'status'; readonly peer: PeerId; readonly claim: PeerStatusClaim }
  /** Gossip brought a block from the peer; `orphan` when its parent is unknown, so nothing but a fetch helps. */
  | {
      readonly kind: 'saw'
      readonly peer: PeerId
      readonly hash: Hash
      readonly height: number
      readonly orphan: boolean
    }
  /** The whole answer to request-headers. */
  | { readonly kind: 'headers'; readonly request: RequestId; readonly headers: readonly HeaderLink[] }
  /** Answer to check-headers: the first `valid` hold; `problem` says what is wrong with the next. */
  | {
      readonly kind: 'checked'
      readonly request: RequestId
      readonly valid: number
      readonly problem: InvalidCode | 'early' | null
    }
  /** One body that matches its header. */
  | {
      readonly kind: 'body'
      readonly request: RequestId
      readonly hash: Hash
      readonly block: Block
      readonly bytes: number
    }
  | { readonly kind: 'no-body'; readonly request: RequestId; readonly hash: Hash }
  /** A body that does not decode or does not match. */
  | { readonly kind: 'bad-body'; readonly request: RequestId; readonly hash: Hash }
  | { readonly kind: 'bodies-end'; readonly request: RequestId }
  | { readonly kind: 'finality-end'; readonly request: RequestId }
  /** `silence`: time-out or closed; `refused`: told to wait; `malformed`: the peer's fault. */
  | { readonly kind: 'failed'; readonly request: RequestId; readonly reason: 'silence' | 'refused' | 'malformed' }
  /** The block is in the chain, whoever brought it. */
  | { readonly kind: 'imported'; readonly hash: Hash }
  /** invalid: the block breaks a rule. bad-body: only its body does. retry: no verdict (parent missing, importer busy).
   * stale: it conflicts with what was finalized meanwhile. */
  | {
      readonly kind: 'import-failed'
      readonly hash: Hash
      readonly from: PeerId
      readonly reason: 'invalid' | 'bad-body' | 'retry' | 'stale'
    }
  | { readonly kind: 'tick' }

export type SyncEffect =
  | {
      readonly kind: 'request-headers'
      readonly request: RequestId
      readonly peer: PeerId
      readonly locator: readonly Hash[]
      readonly max: number
    }
  | {
      readonly kind: 'request-bodies'
      readonly request: RequestId
      readonly peer: PeerId
      readonly blocks: readonly HeaderLink[]
    }
  | {
      readonly kind: 'request-finality'
      readonly request: RequestId
      readonly peer: PeerId
      readonly fromHeight: number
    }
  | { readonly kind: 'request-status'; readonly peer: PeerId }
  | { readonly kind: 'cancel'; readonly request: RequestId }
  /** Validate headers and their signatures. `after` is the validated but not imported parent of the first of them. */
  | {
      readonly kind: 'check-headers'
      readonly request: RequestId
      readonly peer: PeerId
      readonly headers: readonly SignedHeader[]
      readonly after: PendingParent | null
    }
  | { readonly kind: 'import'; readonly hash: Hash; readonly block: Block; readonly from: PeerId }
  | { readonly kind: 'punish'; readonly peer: PeerId; readonly offence: SyncOffence }
  | { readonly kind: 'progress'; readonly state: 'started' | 'finished'; readonly target: number }

export type Step = (event: SyncEvent, now: Millis) => SyncEffect[]
