// Does a body belong to its header, and which signatures does it carry.

import { MAX_TRANSACTIONS_PER_BLOCK, MIN_TRANSACTION_BYTES } from './bounds.ts'
import type { HeaderFault } from './header-rules.ts'
import { equalBytes } from './hex.ts'
import { bodyRoot, transactionId, transactionRoot } from './roots.ts'
import type { Block, Hash, InvalidCode, SignatureJob, SignedTransaction } from './types.ts'

export type BodyCheck =
  /** `ids` of all transactions, in order; `jobs` of those not verified yet. */
  | { readonly kind: 'ok'; readonly ids: readonly Hash[]; readonly jobs: readonly SignatureJob[] }
  | { readonly kind: 'invalid'; readonly code: InvalidCode; readonly message: string }

/**
 * Was this very signature of this transaction verified before? The id alone does not say so: a block may carry a known
 * transaction with a broken signature, and whoever skipped it would accept a block the others refuse.
 */
export type AlreadyVerified = (id: Hash, signature: Uint8Array) => boolean

const OFFSET_BYTES = 4

/** Bytes of one encoded signed transaction. */
export const transactionBytes = ({ message }: SignedTransaction): number =>
  MIN_TRANSACTION_BYTES + message.payload.length
/** The same as an element of a body. */
export const bytesInBody = (signed: SignedTransaction): number => OFFSET_BYTES + transactionBytes(signed)

/** Count, bytes, root: cheap ones first; undefined when all hold. */
export function bodyFault(
  { header, transactions }: Block,
  maxBytes: number,
  genesis: Uint8Array,
): HeaderFault | undefined {
  if (transactions.length > MAX_TRANSACTIONS_PER_BLOCK) {
    return { code: 'oversized', message: `${transactions.length} transactions, at most ${MAX_TRANSACTIONS_PER_BLOCK}` }
  }
  const bytes = transactions.reduce((sum, signed) => sum + bytesInBody(signed), 0)
  if (bytes > maxBytes) return { code: 'oversized', message: `body of ${bytes} bytes, at most ${maxBytes}` }
  if (!equalBytes(bodyRoot(transactions, genesis), header.message.bodyRoot)) {
    return { code: 'wrong-body-root', message: 'the body is not the one the header names' }
  }
  return undefined
}

/** Ids of all transactions and the signatures nobody verified yet. */
export function bodyJobs(
  transactions: readonly SignedTransaction[],
  genesis: Uint8Array,
  alreadyVerified: AlreadyVerified = () => false,
): { ids: Hash[]; jobs: SignatureJob[] } {
  const ids: Hash[] = []
  const jobs: SignatureJob[] = []
  for (const signed of transactions) {
    const id = transactionId(signed, genesis)
    ids.push(id)
    if (!alreadyVerified(id, signed.signature)) jobs.push(transactionJob(signed, genesis))
  }
  return { ids, jobs }
}

/** The sender's signature over the transaction. */
export const transactionJob = ({ message, signature }: SignedTransaction, genesis: Uint8Array): SignatureJob => ({
  publicKey: message.sender,
  message: transactionRoot(message, genesis),
  signature,
})
