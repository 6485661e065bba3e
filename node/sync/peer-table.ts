// What the scheduler knows of each peer: its announced head, how fast it delivers, and whether to leave it alone for now.
import type { Checkpoint, Hash, Millis } from '../chain/types.ts'
import type { PeerId } from '../stacks/port.ts'
import {
  BACKOFF_MAX_MS,
  BACKOFF_MIN_MS,
  FIRST_CHUNK,
  MAX_BODIES_PER_REQUEST,
  MIN_CHUNK,
  REQUEST_TARGET_MS,
} from './bounds.ts'

export interface AnnouncedHead {
  readonly hash: Hash
  readonly height: number
  /** null when only the block itself was seen. */
  readonly work: bigint | null
  /** Not before this moment: the importer may be busy with that very block. */
  readonly fetchFrom: Millis
}

export interface SyncPeer {
  readonly id: PeerId
  head: AnnouncedHead | null
  justified: Checkpoint | null
  latencyMs: number | null
  /** The highest pending header known to be on its chain. */
  tip: Hash | null
  /** It lacked a block its height covers: trust only `tip` until it announces another head. */
  disagrees: boolean
  headerRequest: number | null
  /** Headers of it are being checked. */
  checking: boolean
  bodyRequests: number
  /** Bodies it is asked for in one request. */
  chunk: number
  failures: number
  backoffUntil: Millis
  /** The backoff came from silence only: a fresh announcement ends it. */
  silent: boolean
  /** Claims of a better head, told in a status, that were followed by no headers; until headers come. */
  emptyHeaders: number
  /** Body requests that brought nothing of what it announced; until bodies come. */
  emptyBodies: number
  /** Claims of more work than its headers have; until one holds. */
  falseClaims: number
  finalityAsked: { readonly hash: Hash; readonly at: Millis } | null
}

export function createPeer(id: PeerId, latencyMs: number | null): SyncPeer {
  return {
    id,
    head: null,
    justified: null,
    latencyMs,
    tip: null,
    disagrees: false,
    headerRequest: null,
    checking: false,
    bodyRequests: 0,
    chunk: FIRST_CHUNK,
    failures: 0,
    backoffUntil: 0,
    silent: false,
    emptyHeaders: 0,
    emptyBodies: 0,
    falseClaims: 0,
    finalityAsked: null,
  }
}

/** Exponential backoff, 250 ms to 15 s. */
export function backOff(peer: SyncPeer, now: Millis, silent: boolean): void {
  peer.backoffUntil = now + Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** Math.min(peer.failures, 10))
  peer.failures++
  peer.silent = silent
}

export function succeeded(peer: SyncPeer): void {
  peer.failures = 0
  peer.backoffUntil = 0
}

/** A new announcement: what was held against the old head is void. */
export function announce(peer: SyncPeer, head: AnnouncedHead, now: Millis): void {
  if (peer.head?.hash === head.hash) {
    // A status tells the work that gossip did not, and never makes a head wait that was free to be fetched.
    peer.head = { ...head, work: head.work ?? peer.head.work, fetchFrom: Math.min(head.fetchFrom, peer.head.fetchFrom) }
    return
  }
  peer.head = head
  peer.disagrees = false
  if (peer.silent && peer.backoffUntil > now) peer.backoffUntil = now
}

/** Moves the chunk half way to what the peer would deliver in REQUEST_TARGET_MS; a stall halves it instead. */
export function adaptChunk(peer: SyncPeer, bodies: number, elapsedMs: number, stalled: boolean): void {
  const aim = stalled ? peer.chunk / 2 : (bodies * REQUEST_TARGET_MS) / Math.max(1, elapsedMs)
  const next = stalled ? aim : (peer.chunk + Math.min(aim, peer.chunk * 4)) / 2
  peer.chunk = Math.max(MIN_CHUNK, Math.min(MAX_BODIES_PER_REQUEST, Math.round(next)))
}

/** Order of preference: reliable, then near, then quick; the id makes it total. */
export function preferPeer(a: SyncPeer, b: SyncPeer): number {
  return (
    a.failures - b.failures ||
    (a.latencyMs ?? 1_000) - (b.latencyMs ?? 1_000) ||
    b.chunk - a.chunk ||
    (a.id < b.id ? -1 : 1)
  )
}
