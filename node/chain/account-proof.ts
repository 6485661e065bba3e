// Merkle proofs of accounts for whoever knows only a state root: that an account is there, or that it is not (its place is
// empty, or taken by another account alone in the subtree).
import { digest64 } from '@chainsafe/as-sha256'
import { BranchNode, type Node } from '@chainsafe/persistent-merkle-tree'
import { type Account, AccountNode, bitAt, emptyAccount, leafRoot, pathOf, type State } from './accounts.ts'
import { equalBytes } from './hex.ts'

/** A path has 256 bits, so no proof is longer. */
export const MAX_PROOF_SIBLINGS = 256

export interface AccountProof {
  /** Roots beside the way, from the state root down. */
  readonly siblings: readonly Uint8Array[]
  /** The account at the end of the way, asked for or not; absent when the place is empty. */
  readonly leaf?: { readonly address: Uint8Array; readonly account: Account }
}

/** Proof of the account at an address, or of its absence. */
export function proveAccount(state: State, address: Uint8Array): AccountProof {
  const path = pathOf(address)
  const siblings: Uint8Array[] = []
  let node: Node = state
  for (let depth = 0; node instanceof BranchNode; depth++) {
    const right = bitAt(path, depth)
    siblings.push(right ? node.left.root : node.right.root)
    node = right ? node.right : node.left
  }
  return node instanceof AccountNode
    ? { siblings, leaf: { address: node.address, account: node.account } }
    : { siblings }
}

/** What the proof says of the account (the empty account when it is absent), or undefined when it proves nothing. */
export function verifyAccountProof(root: Uint8Array, address: Uint8Array, proof: AccountProof): Account | undefined {
  const { siblings, leaf } = proof
  if (siblings.length > MAX_PROOF_SIBLINGS || siblings.some(sibling => sibling.length !== 32)) return undefined
  const path = pathOf(address)
  if (leaf) {
    if (leaf.address.length !== 32) return undefined
    const leafPath = pathOf(leaf.address)
    // Another account's leaf proves absence only where that account belongs.
    for (let depth = 0; depth < siblings.length; depth++) {
      if (bitAt(leafPath, depth) !== bitAt(path, depth)) return undefined
    }
  }
  let hash = leaf ? leafRoot(leaf.address, leaf.account) : new Uint8Array(32)
  const pair = new Uint8Array(64)
  for (let depth = siblings.length - 1; depth >= 0; depth--) {
    const right = bitAt(path, depth)
    pair.set(siblings[depth]!, right ? 0 : 32)
    pair.set(hash, right ? 32 : 0)
    hash = digest64(pair)
  }
  if (!equalBytes(hash, root)) return undefined
  return leaf && equalBytes(leaf.address, address) ? leaf.account : emptyAccount
}
