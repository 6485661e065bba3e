// The scheduler's state and the small steps its parts share.
import type { Hash, Millis } from '../chain/types.ts'
import type { PeerId } from '../stacks/port.ts'
import { MAX_BODIES_ANSWER_BYTES, MAX_INVALID } from './bounds.ts'
import type { ChainView, PendingParent, RequestId, SyncEffect } from './events.ts'
import { createTree, type Entry, type HeaderLink, type HeaderTree } from './header-tree.ts'
import type { SyncOffence } from './offences.ts'
import type { SyncPeer } from './peer-table.ts'

interface Opened {
  readonly id: RequestId
  readonly peer: PeerId
  readonly startedAt: Millis
  progressAt: Millis
}
export interface HeadersRequest extends Opened {
  readonly kind: 'headers'
  /** The announced head it is meant to reach. */
  readonly target: Hash
  readonly locator: readonly Hash[]
  readonly max: number
}
export interface BodiesRequest extends Opened {
  readonly kind: 'bodies'
  readonly pending: Map<Hash, Entry>
  readonly asked: number
  /** Bytes the answer may bring at worst. */
  reserved: number
  /** The peer is only supposed to have these. */
  readonly optimistic: boolean
  got: number
  gotBytes: number
  missing: number
}
export interface FinalityRequest extends Opened {
  readonly kind: 'finality'
}
export type OpenRequest = HeadersRequest | BodiesRequest | FinalityRequest

/** Headers that are with the validator. */
export interface Check {
  readonly peer: PeerId
  readonly target: Hash
  readonly startedAt: Millis
  readonly links: readonly HeaderLink[]
  /** The answer was as long as asked: there is more where it came from. */
  readonly full: boolean
}

export interface SyncState {
  readonly view: ChainView
  readonly maxBlockBytes: number
  readonly peers: Map<PeerId, SyncPeer>
  readonly tree: HeaderTree
  readonly requests: Map<RequestId, OpenRequest>
  readonly checks: Map<RequestId, Check>
  readonly invalid: Set<Hash>
  /** Held blocks whose parents are in the chain or ahead of them in this queue or in import. */
  queue: Entry[]
  importing: number
  heldBytes: number
  reservedBytes: number
  nextRequest: RequestId
  syncing: boolean
}

/** `maxBlockBytes` is the genesis' bound on a block: what a body may cost before it is here. */
export function createState(view: ChainView, maxBlockBytes: number): SyncState {
  return {
    view,
    maxBlockBytes,
    peers: new Map(),
    tree: createTree(),
    requests: new Map(),
    checks: new Map(),
    invalid: new Set(),
    queue: [],
    importing: 0,
    heldBytes: 0,
    reservedBytes: 0,
    nextRequest: 1,
    syncing: false,
  }
}

export function punish(peer: PeerId, offence: SyncOffence): SyncEffect {
  return { kind: 'punish', peer, offence }
}

export function rememberInvalid(state: SyncState, hash: Hash): void {
  state.invalid.add(hash)
  if (state.invalid.size <= MAX_INVALID) return
  for (const oldest of state.invalid) {
    state.invalid.delete(oldest)
    return
  }
}

/** True when a chain ending like this would become the head: more work, or equal work and the lower hash. */
export function isBetter(state: SyncState, hash: Hash, work: bigint): boolean {
  const head = state.view.head()
  return work > head.work || (work === head.work && hash < head.hash)
}

/** The pending header `hash` as a parent; null when the chain has its block. */
export function pendingParent(state: SyncState, hash: Hash): PendingParent | null {
  const entry = state.tree.entries.get(hash)
  if (!entry) return null
  const { header, work, parent } = entry
  return { header, work, parent, below: state.tree.entries.get(parent)?.header ?? null }
}

/** Ends a request whatever it still owed; its bodies are wanted again. */
export function closeRequest(state: SyncState, request: OpenRequest): void {
  state.requests.delete(request.id)
  const peer = state.peers.get(request.peer)
  if (request.kind === 'headers' && peer) peer.headerRequest = null
  if (request.kind !== 'bodies') return
  state.reservedBytes -= request.reserved
  if (peer) peer.bodyRequests--
  for (const entry of request.pending.values()) releaseEntry(entry)
  request.pending.clear()
}

/** Bytes that `count` more bodies of an answer may weigh when `gotBytes` of it are here. */
export function worstBytes(state: SyncState, count: number, gotBytes = 0): number {
  return Math.max(0, Math.min(count * state.maxBlockBytes, MAX_BODIES_ANSWER_BYTES + state.maxBlockBytes - gotBytes))
}

/** One request for the entry's body is over without the body. */
export function releaseEntry(entry: Entry): void {
  entry.requests--
  if (entry.requests === 0 && entry.state === 'requested') entry.state = 'wanted'
}
