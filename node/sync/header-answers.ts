// What an answer to a header request means: does it link, is it valid, and did the peer tell the truth about its head?
import type { Millis } from '../chain/types.ts'
import { FINALITY_RETRY_MS } from './bounds.ts'
import type { SyncEffect, SyncEvent } from './events.ts'
import { type HeaderLink, insertHeader } from './header-tree.ts'
import type { SyncOffence } from './offences.ts'
import { backOff, type SyncPeer, succeeded } from './peer-table.ts'
import { type Check, type HeadersRequest, pendingParent, punish, type SyncState } from './state.ts'

export function headersArrived(
  state: SyncState,
  request: HeadersRequest,
  headers: readonly HeaderLink[],
  now: Millis,
): SyncEffect[] {
  const peer = state.peers.get(request.peer)
  if (!peer) return []
  const first = headers[0]
  if (!first) return emptyAnswer(peer, request, now)
  if (headers.length > request.max) return blame(peer, 'sync-malformed-answer', now)
  if (headers.some(link => state.invalid.has(link.hash))) return blame(peer, 'sync-invalid-block', now)
  if (!request.locator.includes(first.parent) || !isLinked(headers)) return blame(peer, 'sync-unlinked-headers', now)
  // The pending header it continues was dropped while the answer was on its way.
  if (!isKnown(state, first.parent)) return []
  peer.emptyHeaders = 0
  const fresh = headers.findIndex(link => !isKnown(state, link.hash))
  const full = headers.length === request.max
  const links = fresh === -1 ? [] : headers.slice(fresh)
  const check: Check = { peer: peer.id, target: request.target, startedAt: now, links, full }
  const lastKnown = headers[fresh === -1 ? headers.length - 1 : fresh - 1]
  if (lastKnown && state.tree.entries.has(lastKnown.hash)) peer.tip = lastKnown.hash
  const start = links[0]
  if (!start) {
    succeeded(peer)
    return settleClaim(state, peer, headers.at(-1)!, full, now)
  }
  peer.checking = true
  state.checks.set(request.id, check)
  const after = pendingParent(state, start.parent)
  return [{ kind: 'check-headers', request: request.id, peer: peer.id, headers: links.map(link => link.header), after }]
}

export function headersChecked(state: SyncState, event: SyncEvent & { kind: 'checked' }, now: Millis): SyncEffect[] {
  const check = state.checks.get(event.request)
  if (!check) return []
  state.checks.delete(event.request)
  const peer = state.peers.get(check.peer)
  if (peer) peer.checking = false
  const valid = check.links.slice(0, event.valid)
  for (const link of valid) {
    if (isKnown(state, link.hash)) continue
    const parentWork = workOf(state, link.parent)
    // The parent was dropped or condemned while the check ran.
    if (parentWork === undefined) break
    insertHeader(state.tree, link, parentWork, check.peer, now)
  }
  if (!peer) return []
  const last = valid.at(-1)
  if (last && state.tree.entries.has(last.hash)) peer.tip = last.hash
  if (event.problem === null) {
    succeeded(peer)
    return last ? settleClaim(state, peer, last, check.full, now) : []
  }
  // Neither a clock ahead of ours nor a chain that left ours before the finalized block is an attack.
  if (event.problem === 'early' || event.problem === 'below-finalized') {
    if (event.problem === 'below-finalized') peer.head = null
    backOff(peer, now, false)
    return []
  }
  return blame(peer, 'sync-invalid-headers', now)
}

/** The peer has told its whole chain: what it claimed about its head is measured by it. */
function settleClaim(state: SyncState, peer: SyncPeer, last: HeaderLink, full: boolean, now: Millis): SyncEffect[] {
  const work = workOf(state, last.hash)
  const claim = peer.head
  if (work === undefined || claim === null) return []
  const reached = claim.hash === last.hash
  if (!reached && full) return []
  peer.head = { hash: last.hash, height: last.height, work, fetchFrom: now }
  if (claim.work === null) return []
  if (reached && claim.work !== work) return [punish(peer.id, 'sync-false-status')]
  // Its head may have moved since, but an honest head never loses work without a reason; twice is none.
  if (work >= claim.work) {
    peer.falseClaims = 0
    return []
  }
  backOff(peer, now, false)
  return ++peer.falseClaims < 2 ? [] : [punish(peer.id, 'sync-false-status')]
}

function emptyAnswer(peer: SyncPeer, request: HeadersRequest, now: Millis): SyncEffect[] {
  // It may just have left the chain it announced, or forwarded a block that lost. Its next status tells.
  const claimed = peer.head?.hash === request.target && peer.head.work !== null
  if (peer.head?.hash === request.target) peer.head = null
  const effects: SyncEffect[] = [{ kind: 'request-status', peer: peer.id }]
  if (!claimed) return effects
  backOff(peer, now, false)
  if (++peer.emptyHeaders >= 2) effects.push(punish(peer.id, 'sync-empty-answer'))
  return effects
}

/** Certificates are asked of a peer that justified more than we did, once we have that block. */
export function planFinality(state: SyncState, now: Millis): SyncEffect[] {
  for (const request of state.requests.values()) if (request.kind === 'finality') return []
  const ours = state.view.justified().height
  for (const peer of state.peers.values()) {
    const theirs = peer.justified
    if (!theirs || theirs.height <= ours || peer.backoffUntil > now || !state.view.has(theirs.hash)) continue
    if (peer.finalityAsked?.hash === theirs.hash && now - peer.finalityAsked.at < FINALITY_RETRY_MS) continue
    peer.finalityAsked = { hash: theirs.hash, at: now }
    const id = state.nextRequest++
    state.requests.set(id, { kind: 'finality', id, peer: peer.id, startedAt: now, progressAt: now })
    return [{ kind: 'request-finality', request: id, peer: peer.id, fromHeight: ours }]
  }
  return []
}

function blame(peer: SyncPeer, offence: SyncOffence, now: Millis): SyncEffect[] {
  backOff(peer, now, false)
  return [punish(peer.id, offence)]
}

function isKnown(state: SyncState, hash: string): boolean {
  return state.view.has(hash) || state.tree.entries.has(hash)
}

function isLinked(headers: readonly HeaderLink[]): boolean {
  return headers.every((link, i) => {
    const below = headers[i - 1]
    return !below || (link.parent === below.hash && link.height === below.height + 1)
  })
}

function workOf(state: SyncState, hash: string): bigint | undefined {
  return state.tree.entries.get(hash)?.work ?? state.view.work(hash)
}
