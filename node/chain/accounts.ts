// The state: a persistent Merkle map from address to account. Nodes are immutable and shared between states, roots are
// computed when asked for, so a reorg picks another root and undoes nothing.
// Shape: a compact sparse binary tree over sha256(address). An empty subtree is zero, a subtree with one account is that
// account's leaf, so depth follows log2 of the accounts and one set of accounts has one root. A leaf hashes 49 bytes and a
// branch 64, so neither can be taken for the other; hashing the address keeps grinders from deepening the tree.
import { byteArrayIntoHashObject, digest } from '@chainsafe/as-sha256'
import { BranchNode, HashComputationLevel, LeafNode, type Node, zeroNode } from '@chainsafe/persistent-merkle-tree'
import { hasher } from '@chainsafe/persistent-merkle-tree/hasher/as-sha256'
import { equalBytes } from './hex.ts'

export interface Account {
  readonly balance: number
  readonly nonce: number
}
export const emptyAccount: Account = { balance: 0, nonce: 0 }

/** Bytes of an encoded account: address, balance, nonce. */
export const ACCOUNT_BYTES = 48
const LEAF_KIND = 1

/** The encoding that is both hashed into the leaf and written into snapshots; `view` is that of `into`'s own bytes. */
export function encodeAccount(
  address: Uint8Array,
  account: Account,
  into: Uint8Array,
  view: DataView,
  offset: number,
): void {
  into.set(address, offset)
  view.setUint32(offset + 32, account.balance % 0x1_0000_0000, true)
  view.setUint32(offset + 36, Math.floor(account.balance / 0x1_0000_0000), true)
  view.setUint32(offset + 40, account.nonce % 0x1_0000_0000, true)
  view.setUint32(offset + 44, Math.floor(account.nonce / 0x1_0000_0000), true)
}

// Filled and hashed at once, so one buffer serves all.
const leafBytes = new Uint8Array(1 + ACCOUNT_BYTES)
const leafView = new DataView(leafBytes.buffer)
leafBytes[0] = LEAF_KIND

export function leafRoot(address: Uint8Array, account: Account): Uint8Array {
  encodeAccount(address, account, leafBytes, leafView, 1)
  return digest(leafBytes)
}

/** One account, hashed when its root is first asked for. */
export class AccountNode extends LeafNode {
  readonly address: Uint8Array
  readonly path: Uint8Array
  readonly account: Account
  #hashed = false
  constructor(address: Uint8Array, path: Uint8Array, account: Account) {
    super(0, 0, 0, 0, 0, 0, 0, 0)
    this.address = address
    this.path = path
    this.account = account
  }
  override get rootHashObject() {
    if (!this.#hashed) {
      byteArrayIntoHashObject(leafRoot(this.address, this.account), 0, this)
      this.#hashed = true
    }
    return this
  }
  override get root(): Uint8Array {
    return leafRoot(this.address, this.account)
  }
}

export type State = Node
export const emptyState: State = zeroNode(0)

export const pathOf = (address: Uint8Array): Uint8Array => digest(address)
export const bitAt = (path: Uint8Array, depth: number): number => (path[depth >> 3]! >> (7 - (depth & 7))) & 1

/** The account at an address; never seen ones have no balance and nonce 0. `path` is pathOf(address), when at hand. */
export function getAccount(state: State, address: Uint8Array, path: Uint8Array = pathOf(address)): Account {
  let node = state
  for (let depth = 0; node instanceof BranchNode; depth++) node = bitAt(path, depth) ? node.right : node.left
  return node instanceof AccountNode && equalBytes(node.path, path) ? node.account : emptyAccount
}

/** The state with one account changed; an account without balance and nonce is absent. */
export function setAccount(
  state: State,
  address: Uint8Array,
  account: Account,
  path: Uint8Array = pathOf(address),
): State {
  if (account.balance === 0 && account.nonce === 0) return remove(state, path, 0)
  return put(state, new AccountNode(address, path, account), 0)
}

function put(node: Node, leaf: AccountNode, depth: number): Node {
  if (node instanceof BranchNode) {
    return bitAt(leaf.path, depth)
      ? new BranchNode(node.left, put(node.right, leaf, depth + 1))
      : new BranchNode(put(node.left, leaf, depth + 1), node.right)
  }
  if (!(node instanceof AccountNode) || equalBytes(node.path, leaf.path)) return leaf
  return split(node, leaf, depth)
}

function split(a: AccountNode, b: AccountNode, depth: number): Node {
  const [bitA, bitB] = [bitAt(a.path, depth), bitAt(b.path, depth)]
  if (bitA === bitB) {
    const below = split(a, b, depth + 1)
    return bitA ? new BranchNode(emptyState, below) : new BranchNode(below, emptyState)
  }
  return bitA ? new BranchNode(b, a) : new BranchNode(a, b)
}

function remove(node: Node, path: Uint8Array, depth: number): Node {
  if (node instanceof AccountNode) return equalBytes(node.path, path) ? emptyState : node
  if (!(node instanceof BranchNode)) return node
  const bit = bitAt(path, depth)
  const below = remove(bit ? node.right : node.left, path, depth + 1)
  const beside = bit ? node.left : node.right
  // A lone leaf moves up, so that the shape depends on the accounts only.
  if (below === emptyState && beside instanceof AccountNode) return beside
  if (beside === emptyState && !(below instanceof BranchNode)) return below
  return bit ? new BranchNode(beside, below) : new BranchNode(below, beside)
}

/** 32 bytes. Hashes what changed level by level, four nodes at a time: half the cost of one after the other. */
export function stateRoot(state: State): Uint8Array {
  const levels: HashComputationLevel[] = []
  collect(state, 0, levels)
  if (levels.length > 0) hasher.executeHashComputations(levels)
  return state.root
}

function collect(node: Node, depth: number, levels: HashComputationLevel[]): void {
  if (node instanceof AccountNode) {
    // Asking for it computes it.
    node.rootHashObject
    return
  }
  // The first word of a branch is null until it was hashed.
  if (!(node instanceof BranchNode) || (node.h0 as number | null) !== null) return
  let level = levels[depth]
  if (!level) {
    level = new HashComputationLevel()
    level.reset()
    levels[depth] = level
  }
  level.push(node.left, node.right, node)
  collect(node.left, depth + 1, levels)
  collect(node.right, depth + 1, levels)
}

/** Every account, in path order. */
export function* accountsOf(state: State): Generator<AccountNode> {
  const stack: Node[] = [state]
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (node instanceof BranchNode) stack.push(node.right, node.left)
    else if (node instanceof AccountNode) yield node
  }
}
