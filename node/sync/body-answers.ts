// What arrives in answer to a request for bodies.
import type { Millis } from '../chain/types.ts'
import type { SyncEffect, SyncEvent } from './events.ts'
import { hold } from './import-queue.ts'
import { adaptChunk, backOff, succeeded } from './peer-table.ts'
import { type BodiesRequest, closeRequest, punish, releaseEntry, type SyncState, worstBytes } from './state.ts'

export function bodyArrived(
  state: SyncState,
  request: BodiesRequest,
  event: SyncEvent & { kind: 'body' },
  now: Millis,
): void {
  const entry = request.pending.get(event.hash)
  if (!entry) return
  request.pending.delete(event.hash)
  request.progressAt = now
  request.got++
  request.gotBytes += event.bytes
  reserve(state, request)
  entry.requests--
  if (state.tree.entries.get(entry.hash) === entry) hold(state, entry, event.block, event.bytes, request.peer)
}

export function bodyMissing(state: SyncState, request: BodiesRequest, hash: string, now: Millis): void {
  const entry = request.pending.get(hash)
  if (!entry) return
  request.pending.delete(hash)
  request.progressAt = now
  request.missing++
  reserve(state, request)
  releaseEntry(entry)
}

/** What arrived is counted as held; the request keeps in reserve what is still to come. */
function reserve(state: SyncState, request: BodiesRequest): void {
  const reserved = worstBytes(state, request.pending.size, request.gotBytes)
  state.reservedBytes += reserved - request.reserved
  request.reserved = reserved
}

/** One body of the answer is garbage: nothing else of it is awaited. */
export function bodyRefuted(state: SyncState, request: BodiesRequest, now: Millis): SyncEffect[] {
  closeRequest(state, request)
  const peer = state.peers.get(request.peer)
  if (peer) backOff(peer, now, false)
  return [{ kind: 'cancel', request: request.id }, punish(request.peer, 'sync-wrong-body')]
}

export function bodiesEnded(state: SyncState, request: BodiesRequest, now: Millis): SyncEffect[] {
  closeRequest(state, request)
  const peer = state.peers.get(request.peer)
  if (!peer) return []
  if (request.missing > 0) {
    // Its chain is not the one we took it for; until it announces another head, only what it announced is asked of it.
    peer.disagrees = true
    if (!request.optimistic) peer.tip = null
  }
  if (request.got > 0) {
    adaptChunk(peer, request.got, now - request.startedAt, false)
    peer.emptyBodies = 0
  }
  if (request.got === request.asked || request.optimistic) {
    if (request.got > 0) succeeded(peer)
    else if (request.missing === 0) backOff(peer, now, false)
    return []
  }
  // An answer may end early when it is full of bytes; lacking blocks it announced or serving none is another matter.
  if (request.missing === 0 && request.got > 0) return []
  backOff(peer, now, false)
  return ++peer.emptyBodies < 2 ? [] : [punish(request.peer, 'sync-empty-answer')]
}
