// What identifies an object and what is signed: every signed root names the kind of the object and the genesis, so a
// signature made for one kind or one testnet is worth nothing in another.
// Headers and bodies have SSZ hash-tree-roots (Merkle proofs for light nodes); a transaction is hashed flat over its SSZ
// bytes, which costs 5 compressions instead of the 40 of a root through a 64 KiB payload tree nobody proves into.
import { digest } from '@chainsafe/as-sha256'
import { setHasher } from '@chainsafe/persistent-merkle-tree'
import { hasher } from '@chainsafe/persistent-merkle-tree/hasher/as-sha256'
import { MAX_TRANSACTION_BYTES } from './bounds.ts'
import { toHex } from './hex.ts'
import { bodyRootsType, headerType, transactionType, voteType, voteValue } from './ssz.ts'
import type { Hash, Header, SignedTransaction, Transaction, Vote } from './types.ts'

// WebAssembly, twice as fast here as the default pure JavaScript one (1.2 against 2.8 microseconds a node).
setHasher(hasher)

const KIND_BYTES = 16
const ROOT_BYTES = 32

function kind(name: string): Uint8Array {
  const bytes = new Uint8Array(KIND_BYTES)
  bytes.set(new TextEncoder().encode(name))
  return bytes
}
const kinds = {
  transaction: kind('trellis/tx'),
  header: kind('trellis/header'),
  ticket: kind('trellis/ticket'),
  vote: kind('trellis/vote'),
}

function signingRoot(name: Uint8Array, genesis: Uint8Array, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(KIND_BYTES + ROOT_BYTES + content.length)
  bytes.set(name)
  bytes.set(genesis, KIND_BYTES)
  bytes.set(content, KIND_BYTES + ROOT_BYTES)
  return digest(bytes)
}

const headerRoots = new WeakMap<Header, Uint8Array>()

/** Hash-tree-root of the header, 32 bytes: the block's hash. Its signature is not part of it. */
export function blockRoot(header: Header): Uint8Array {
  let root = headerRoots.get(header)
  if (!root) {
    root = headerType.hashTreeRoot(header as Parameters<typeof headerType.hashTreeRoot>[0])
    headerRoots.set(header, root)
  }
  return root
}
export const blockHash = (header: Header): Hash => toHex(blockRoot(header))

// Filled and hashed at once, so one buffer serves all; bytes of its own for each cost as much as hashing them.
const rootBytes = new Uint8Array(KIND_BYTES + ROOT_BYTES + MAX_TRANSACTION_BYTES)
rootBytes.set(kinds.transaction)
const rootOutput = { uint8Array: rootBytes, dataView: new DataView(rootBytes.buffer) }

const transactionRoots = new WeakMap<Transaction, { readonly genesis: Uint8Array; readonly root: Uint8Array }>()

/** What the sender signs, 32 bytes; also the transaction's id, so the id does not depend on the signature. */
export function transactionRoot(message: Transaction, genesis: Uint8Array): Uint8Array {
  const known = transactionRoots.get(message)
  if (known?.genesis === genesis) return known.root
  rootBytes.set(genesis, KIND_BYTES)
  const end = transactionType.value_serializeToBytes(rootOutput, KIND_BYTES + ROOT_BYTES, message)
  const root = digest(rootBytes.subarray(0, end))
  transactionRoots.set(message, { genesis, root })
  return root
}
export const transactionId = (signed: SignedTransaction, genesis: Uint8Array): Hash =>
  toHex(transactionRoot(signed.message, genesis))

const SIGNATURE_BYTES = 64
// Filled and hashed at once, so one buffer serves all.
const leafBytes = new Uint8Array(ROOT_BYTES + SIGNATURE_BYTES)

/** Root of the body: an SSZ list with sha256(id, signature) of each transaction, so it binds the signatures too. */
export function bodyRoot(body: readonly SignedTransaction[], genesis: Uint8Array): Uint8Array {
  return bodyRootsType.hashTreeRoot(
    body.map(({ message, signature }) => {
      leafBytes.set(transactionRoot(message, genesis))
      leafBytes.set(signature, ROOT_BYTES)
      return digest(leafBytes)
    }),
  )
}

/** What the producer signs for its block. */
export const headerSigningRoot = (header: Header, genesis: Uint8Array): Uint8Array =>
  signingRoot(kinds.header, genesis, blockRoot(header))
/** What a producer signs to get its lottery ticket on a parent. */
export const ticketSigningRoot = (parent: Uint8Array, genesis: Uint8Array): Uint8Array =>
  signingRoot(kinds.ticket, genesis, parent)
export const voteSigningRoot = (vote: Vote, genesis: Uint8Array): Uint8Array =>
  signingRoot(kinds.vote, genesis, voteType.hashTreeRoot(voteValue(vote)))
