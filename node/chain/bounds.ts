// Every maximum of the chain: what a message may weigh and what the node keeps in memory.

/** Largest integer a uint64 field may carry: beyond it a JavaScript number is no longer exact. */
export const MAX_UINT = Number.MAX_SAFE_INTEGER

export const MAX_PARENTS = 16
export const MAX_PAYLOAD_BYTES = 65_536
/** An empty transaction takes 164 bytes of a body, so 4 MiB (the largest Genesis.maxBlockBytes) hold 25,575. */
export const MAX_TRANSACTIONS_PER_BLOCK = 32_768
export const MAX_BODY_BYTES = 4_194_304
export const MAX_VALIDATORS = 4_096
export const MAX_GENESIS_ACCOUNTS = 65_536
export const MAX_CHAIN_ID_BYTES = 252
/** Headers in one answer of the `headers` method. */
export const MAX_HEADERS = 2_048

/** Fixed part of a signed header 256 bytes, plus its parents. */
export const MAX_HEADER_BYTES = 256 + 32 * MAX_PARENTS
export const MAX_HEADERS_BYTES = MAX_HEADERS * (MAX_HEADER_BYTES + 4)
export const MAX_BLOCK_BYTES = 8 + MAX_HEADER_BYTES + MAX_BODY_BYTES
/** Fixed part of a signed transaction. */
export const MIN_TRANSACTION_BYTES = 160
export const MAX_TRANSACTION_BYTES = MIN_TRANSACTION_BYTES + MAX_PAYLOAD_BYTES
export const VOTE_BYTES = 176
export const MAX_CERTIFICATE_BYTES = 84 + 96 * MAX_VALIDATORS

/** A header this far ahead of our clock waits; seen clock error of NTP hosts is far below it. */
export const MAX_CLOCK_DRIFT_MS = 2_000

/** What a Chain holds at most; each can be lowered for tests. */
export interface ChainBounds {
  /** Block records, all branches. Beyond it the leaf with the least work off the main chain goes. */
  readonly maxRecords: number
  /** Main-chain records kept below the finalized checkpoint, for peers that are behind. */
  readonly maxFinalizedRecords: number
  /** States kept for every block this close to the head. */
  readonly recentStates: number
  /** Below `recentStates`, every n-th main-chain state since finality; n doubles while there are more than 64. */
  readonly stateSpacing: number
  /** States in memory; branches share structure, so a state costs what its block changed. */
  readonly maxStates: number
}

export const defaultChainBounds: ChainBounds = {
  maxRecords: 65_536,
  maxFinalizedRecords: 1_024,
  recentStates: 128,
  stateSpacing: 32,
  maxStates: 512,
}

/** Votes remembered of one validator, highest targets first. */
export const MAX_VOTES_PER_VALIDATOR = 64
/** Hashes in a locator, made or read. */
export const MAX_LOCATOR = 64
