// The words of the chain: its objects as values, and the results of its decisions.
// Encodings and roots are in ssz.ts; nothing here does I/O, reads a clock or draws randomness.

/** 64 lowercase hex digits: the hash-tree-root of an object, as a map key and in JSON. */
export type Hash = string
/** Milliseconds since the epoch. */
export type Millis = number
/** Ed25519 public key, 64 lowercase hex digits. An account's address is its public key. */
export type Address = string

export interface Transaction {
  readonly sender: Uint8Array // 32
  readonly recipient: Uint8Array // 32
  readonly amount: number // uint64, at most 2^53-1
  readonly fee: number
  readonly nonce: number
  readonly payload: Uint8Array
}
export interface SignedTransaction {
  readonly message: Transaction
  readonly signature: Uint8Array // 64
}

export interface Header {
  /** parents[0] is the selected parent. A chain's blocks have exactly one. */
  readonly parents: readonly Uint8Array[]
  readonly height: number
  readonly timestamp: Millis
  readonly producer: Uint8Array // 32
  /** Lottery difficulty in weight·milliseconds, set by the retarget rule; also the block's work. */
  readonly difficulty: number
  /** Signature over the selected parent; its hash decides how long the producer had to wait. */
  readonly ticket: Uint8Array // 64
  readonly stateRoot: Uint8Array // 32
  readonly bodyRoot: Uint8Array // 32
}
export interface SignedHeader {
  readonly message: Header
  readonly signature: Uint8Array // 64
}
export interface Block {
  readonly header: SignedHeader
  readonly transactions: readonly SignedTransaction[]
}

export interface Checkpoint {
  readonly hash: Hash
  readonly height: number
}
export interface Vote {
  readonly source: Checkpoint
  readonly target: Checkpoint
}
export interface SignedVote {
  readonly message: Vote
  readonly validator: Uint8Array // 32
  readonly signature: Uint8Array // 64
}
/** Votes of at least the quorum for one link source -> target: proof that target is justified. */
export interface Certificate {
  readonly vote: Vote
  readonly signatures: readonly { readonly validator: Uint8Array; readonly signature: Uint8Array }[]
}

/** What the chain keeps of every block it holds. */
export interface BlockRecord {
  readonly hash: Hash
  /** Selected parent. */
  readonly parent: Hash
  readonly height: number
  readonly timestamp: Millis
  readonly producer: Address
  readonly difficulty: number
  /** Cumulative work from genesis, this block included. */
  readonly work: bigint
  readonly header: SignedHeader
}

/** A signature somebody has to check before the object is used; all in a list must hold. */
export interface SignatureJob {
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

export type InvalidCode =
  | 'malformed'
  | 'oversized'
  | 'wrong-parent-count'
  | 'wrong-height'
  | 'wrong-difficulty'
  | 'timestamp-not-after-parent'
  | 'waited-too-little'
  | 'not-a-validator'
  | 'below-finalized'
  | 'wrong-body-root'
  | 'wrong-state-root'
  | 'bad-nonce'
  | 'insufficient-balance'
  | 'bad-signature'
  | 'not-linked'
  | 'bad-checkpoint'

/** Answer of the cheap checks that come before any signature is verified. */
export type HeaderVerdict =
  | { readonly kind: 'ok'; readonly hash: Hash; readonly jobs: readonly SignatureJob[] }
  | { readonly kind: 'known'; readonly hash: Hash }
  | { readonly kind: 'unknown-parent'; readonly hash: Hash; readonly parent: Hash }
  /** Timestamp beyond now + maxClockDrift: try again at `at`. */
  | { readonly kind: 'early'; readonly hash: Hash; readonly at: Millis }
  | { readonly kind: 'invalid'; readonly code: InvalidCode; readonly message: string }

export interface Reorg {
  /** Blocks given up, head first. */
  readonly reverted: readonly Hash[]
  /** Blocks taken up, oldest first. */
  readonly applied: readonly Hash[]
  readonly ancestor: Checkpoint
}

export type InsertResult =
  | {
      readonly kind: 'inserted'
      readonly record: BlockRecord
      /** Present when the head moved; `reverted` is empty when it only advanced. */
      readonly head?: Reorg
      readonly equivocation?: Equivocation
    }
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown-parent'; readonly parent: Hash }
  /** The parent's state was evicted: replay these stored blocks, oldest first, with Chain.replay, then insert again. */
  | { readonly kind: 'missing-state'; readonly replay: readonly Hash[] }
  | { readonly kind: 'invalid'; readonly code: InvalidCode; readonly message: string }

/** Two different blocks by one producer on one selected parent, or two votes that break a voting rule. */
export type Equivocation =
  | {
      readonly kind: 'block'
      readonly producer: Address
      readonly height: number
      readonly first: Hash
      readonly second: Hash
    }
  | {
      readonly kind: 'double-vote' | 'surround-vote'
      readonly producer: Address
      readonly height: number
      readonly first: SignedVote
      readonly second: SignedVote
    }

export type VoteResult =
  | {
      readonly kind: 'counted'
      readonly justified?: Checkpoint
      readonly finalized?: Checkpoint
      /** The fork choice moved because of the vote. */
      readonly head?: Reorg
      readonly equivocation?: Equivocation
    }
  | { readonly kind: 'known' }
  /** Nothing can be said yet (target block unknown); keep it for later, do not forward. */
  | { readonly kind: 'early' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'invalid'; readonly code: InvalidCode; readonly message: string }
