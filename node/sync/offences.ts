// What a peer can do wrong in synchronisation. node/peers/score.ts gives each its weight.

export const syncOffences = [
  /** Silent on several requests in a row; light, because a dead network looks the same. */
  'sync-no-answer',
  /** Claimed a chain and served nothing of it. */
  'sync-empty-answer',
  /** An answer that does not decode or breaks its limits. */
  'sync-malformed-answer',
  /** Headers that link neither to what we know nor to each other. */
  'sync-unlinked-headers',
  /** Headers that break a rule of the chain or carry a wrong signature. */
  'sync-invalid-headers',
  /** A body that does not match its header. */
  'sync-wrong-body',
  /** Served the header of an invalid block as part of its chain, or told of it as its head. */
  'sync-invalid-block',
  /** Claimed more work than its chain has. */
  'sync-false-status',
  /** Asked on although it was told that it asks too much. */
  'sync-rate-limited',
  /** A request that does not decode. */
  'sync-malformed-request',
] as const

export type SyncOffence = (typeof syncOffences)[number]
