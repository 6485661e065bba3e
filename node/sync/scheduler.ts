// Brings the chain up to the best head among the peers: headers from whoever claims more, checked before any body is
// asked for, then bodies from many peers at once, imported parents first. Catching up by one block, joining late and
// taking the other side's chain after a partition are the same machine with nearer or farther targets. Every event is
// followed by planning at once: a better head that is announced is asked for in the same step.
// Source: seed 002, "Block Synchronization"; Bitcoin Core's headers-first download with parallel block fetching.
import type { Millis } from '../chain/types.ts'
import { bodiesEnded, bodyArrived, bodyMissing, bodyRefuted } from './body-answers.ts'
import { BRANCH_IDLE_MS, GOSSIP_GRACE_MS, MAX_IMPORTING, MAX_SYNC_PEERS, REQUEST_MAX_MS, STALL_MS } from './bounds.ts'
import type { SyncEffect, SyncEvent } from './events.ts'
import { headersArrived, headersChecked, planFinality } from './header-answers.ts'
import { isAncestor } from './header-tree.ts'
import { drainQueue, dropSubtree, imported, importFailed } from './import-queue.ts'
import { adaptChunk, announce, backOff, createPeer, type SyncPeer } from './peer-table.ts'
import { planBodies, worthyLevels } from './plan-bodies.ts'
import { planHeaders, promises } from './plan-headers.ts'
import { closeRequest, type OpenRequest, punish, type SyncState } from './state.ts'

export { createState, type SyncState } from './state.ts'

/** Takes one event and returns what to do now, in order. Changes `state`. `now` never runs backwards. */
export function step(state: SyncState, event: SyncEvent, now: Millis): SyncEffect[] {
  const effects = take(state, event, now)
  effects.push(...drainQueue(state))
  // A body in the middle of an answer and a measured round trip free no peer: planning again would find nothing new.
  // Neither does room made by an import while the importer has more than enough; the end of an answer and the tick plan.
  const busy = event.kind === 'imported' && state.queue.length >= MAX_IMPORTING
  if (!busy && event.kind !== 'body' && event.kind !== 'no-body' && event.kind !== 'latency') {
    effects.push(...planHeaders(state, now), ...planBodies(state, now), ...planFinality(state, now))
  }
  effects.push(...reportProgress(state))
  return effects
}

/** Height that synchronisation is aiming for; the head's own height when there is nothing to fetch. */
export function targetHeight(state: SyncState): number {
  let target = state.view.head().height
  for (const branch of state.tree.branches.values()) target = Math.max(target, branch.tip.height)
  for (const peer of state.peers.values()) if (promises(state, peer)) target = Math.max(target, peer.head!.height)
  return target
}

function take(state: SyncState, event: SyncEvent, now: Millis): SyncEffect[] {
  switch (event.kind) {
    case 'connected':
      if (state.peers.size < MAX_SYNC_PEERS && !state.peers.has(event.peer))
        state.peers.set(event.peer, createPeer(event.peer, event.latencyMs))
      return []
    case 'gone':
      return forgetPeer(state, event.peer)
    case 'latency': {
      const peer = state.peers.get(event.peer)
      if (peer) peer.latencyMs = event.latencyMs
      return []
    }
    case 'status': {
      const peer = state.peers.get(event.peer)
      return peer ? learnStatus(state, peer, event, now) : []
    }
    case 'saw': {
      const peer = state.peers.get(event.peer)
      const { hash, height } = event
      // Old blocks travel late; they say nothing of the peer's present head.
      if (peer && (peer.head === null || height >= peer.head.height || event.orphan)) {
        const work = state.view.work(hash) ?? null
        announce(peer, { hash, height, work, fetchFrom: event.orphan ? now : now + GOSSIP_GRACE_MS }, now)
      }
      return []
    }
    case 'checked':
      return headersChecked(state, event, now)
    case 'imported':
      imported(state, event.hash)
      return []
    case 'import-failed':
      return importFailed(state, event, now)
    case 'tick':
      forgetIdleBranches(state, now)
      return timeOut(state, now)
    default: {
      const request = state.requests.get(event.request)
      return request ? takeAnswer(state, request, event, now) : []
    }
  }
}

function takeAnswer(
  state: SyncState,
  request: OpenRequest,
  event: SyncEvent & { readonly request: number },
  now: Millis,
): SyncEffect[] {
  if (event.kind === 'failed') return failed(state, request, event.reason, now)
  if (request.kind === 'headers' && event.kind === 'headers') {
    closeRequest(state, request)
    return headersArrived(state, request, event.headers, now)
  }
  if (request.kind === 'finality' && event.kind === 'finality-end') closeRequest(state, request)
  if (request.kind !== 'bodies') return []
  if (event.kind === 'body') bodyArrived(state, request, event, now)
  else if (event.kind === 'no-body') bodyMissing(state, request, event.hash, now)
  else if (event.kind === 'bad-body') return bodyRefuted(state, request, now)
  else if (event.kind === 'bodies-end') return bodiesEnded(state, request, now)
  return []
}

function learnStatus(
  state: SyncState,
  peer: SyncPeer,
  event: SyncEvent & { kind: 'status' },
  now: Millis,
): SyncEffect[] {
  const { head, justified } = event.claim
  if (state.invalid.has(head.hash)) return [punish(peer.id, 'sync-invalid-block')]
  // A block's work follows from its ancestors: everybody who has it counts the same.
  const work = state.tree.entries.get(head.hash)?.work ?? state.view.work(head.hash)
  if (work !== undefined && head.work !== work) return [punish(peer.id, 'sync-false-status')]
  peer.justified = justified
  announce(peer, { ...head, fetchFrom: now }, now)
  return []
}

function failed(
  state: SyncState,
  request: OpenRequest,
  reason: 'silence' | 'refused' | 'malformed',
  now: Millis,
): SyncEffect[] {
  closeRequest(state, request)
  const peer = state.peers.get(request.peer)
  if (!peer) return []
  if (request.kind === 'bodies') adaptChunk(peer, 0, 0, true)
  backOff(peer, now, reason === 'silence')
  if (reason === 'malformed') return [punish(peer.id, 'sync-malformed-answer')]
  return reason === 'silence' && peer.failures >= 3 ? [punish(peer.id, 'sync-no-answer')] : []
}

function timeOut(state: SyncState, now: Millis): SyncEffect[] {
  // Requests at one peer share its line: progress on one is a sign of life for the others.
  const progress = new Map<string, Millis>()
  for (const request of state.requests.values())
    progress.set(request.peer, Math.max(request.progressAt, progress.get(request.peer) ?? 0))
  const effects: SyncEffect[] = []
  for (const request of [...state.requests.values()]) {
    const stalled = now - (progress.get(request.peer) ?? 0) >= STALL_MS
    if (!stalled && now - request.startedAt < REQUEST_MAX_MS) continue
    effects.push({ kind: 'cancel', request: request.id }, ...failed(state, request, 'silence', now))
  }
  return effects
}

function forgetPeer(state: SyncState, id: string): SyncEffect[] {
  const effects: SyncEffect[] = []
  for (const request of [...state.requests.values()]) {
    if (request.peer !== id) continue
    closeRequest(state, request)
    effects.push({ kind: 'cancel', request: request.id })
  }
  state.peers.delete(id)
  return effects
}

/** A branch that would not win, or that nobody has any more, must not hold memory. */
function forgetIdleBranches(state: SyncState, now: Millis): void {
  const worthy = worthyLevels(state)
  for (const branch of [...state.tree.branches.values()]) {
    if (now - branch.grownAt < BRANCH_IDLE_MS || state.tree.branches.get(branch.id) !== branch) continue
    const { tip } = branch
    const served = [...state.peers.values()].some(peer => {
      const known = peer.tip === null ? undefined : state.tree.entries.get(peer.tip)
      return known !== undefined && isAncestor(state.tree, tip, known)
    })
    if (served && tip.height <= (worthy.get(branch.id) ?? -1)) continue
    let root = tip
    for (let below = state.tree.entries.get(root.parent); below?.branch === branch.id; ) {
      root = below
      below = state.tree.entries.get(root.parent)
    }
    dropSubtree(state, root)
  }
}

function reportProgress(state: SyncState): SyncEffect[] {
  const syncing = state.tree.entries.size > 0
  if (syncing === state.syncing) return []
  state.syncing = syncing
  return [{ kind: 'progress', state: syncing ? 'started' : 'finished', target: targetHeight(state) }]
}

/** Everything the state holds against its named maxima, for metrics and assertions. */
export function usage(state: SyncState) {
  let ahead = 0
  for (const entry of state.tree.entries.values()) if (entry.state !== 'wanted') ahead++
  return {
    peers: state.peers.size,
    pendingHeaders: state.tree.entries.size,
    bodiesAhead: ahead,
    bodyBytes: state.heldBytes + state.reservedBytes,
    importing: state.importing,
    requests: state.requests.size,
  }
}
