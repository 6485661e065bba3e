// Which peers to ask for headers now.
import type { Millis } from '../chain/types.ts'
import {
  HEDGE_MS,
  MAX_HEADER_REQUESTS,
  MAX_HEADERS_PER_ANSWER,
  MAX_LOCATOR,
  MAX_PENDING_HEADERS,
  MIN_HEDGE_MS,
} from './bounds.ts'
import type { SyncEffect } from './events.ts'
import { type Entry, tips, treeLocator } from './header-tree.ts'
import { preferPeer, type SyncPeer } from './peer-table.ts'
import { isBetter, type SyncState } from './state.ts'

/** True when the peer's announced head is one we lack and would follow. */
export function promises(state: SyncState, peer: SyncPeer): boolean {
  const head = peer.head
  if (!head || state.invalid.has(head.hash) || state.view.has(head.hash)) return false
  if (head.work === null || isBetter(state, head.hash, head.work)) return true
  return peer.justified !== null && peer.justified.height > state.view.justified().height
}

/**
 * Asks the best claims first. One peer at a time while the way is long (all honest peers would answer the same), several
 * at once when one answer reaches the head; a request that is late no longer holds the others back.
 */
export function planHeaders(state: SyncState, now: Millis): SyncEffect[] {
  const effects: SyncEffect[] = []
  const best = tips(state.tree)[0]
  const covered = Math.max(state.view.head().height, best?.height ?? 0)
  for (const peer of candidates(state, now)) {
    const head = peer.head!
    const start = startOf(state, peer, best)
    const far = head.height - covered > MAX_HEADERS_PER_ANSWER
    const open = openTargets(state, now, far ? HEDGE_MS : hedgeFor(peer))
    if (open.includes(head.hash)) continue
    if (open.length >= (far ? 1 : MAX_HEADER_REQUESTS)) continue
    const room = MAX_PENDING_HEADERS - state.tree.entries.size - open.length * MAX_HEADERS_PER_ANSWER
    if (room < MAX_HEADERS_PER_ANSWER) break
    effects.push(openRequest(state, peer, start, now))
  }
  return effects
}

function candidates(state: SyncState, now: Millis): SyncPeer[] {
  const found: SyncPeer[] = []
  for (const peer of state.peers.values()) {
    if (peer.tip !== null && !state.tree.entries.has(peer.tip)) peer.tip = null
    if (peer.head && state.tree.entries.has(peer.head.hash)) peer.tip = peer.head.hash
    else if (
      peer.head &&
      peer.head.fetchFrom <= now &&
      peer.backoffUntil <= now &&
      peer.headerRequest === null &&
      !peer.checking &&
      promises(state, peer)
    )
      found.push(peer)
  }
  return found.sort((a, b) => a.failures - b.failures || compareClaims(a, b) || preferPeer(a, b))
}

/** The greater claim first. A claim without work (a block seen by gossip) ranks by height among its like, after the others. */
function compareClaims(a: SyncPeer, b: SyncPeer): number {
  const [x, y] = [a.head!, b.head!]
  if (x.work === null || y.work === null) return x.work === y.work ? y.height - x.height : x.work === null ? 1 : -1
  return x.work === y.work ? 0 : x.work > y.work ? -1 : 1
}

/** A short answer is worth asking twice for when another peer would have brought it long ago. */
function hedgeFor(peer: SyncPeer): Millis {
  return Math.min(HEDGE_MS, Math.max(MIN_HEDGE_MS, 4 * (peer.latencyMs ?? HEDGE_MS)))
}

function openTargets(state: SyncState, now: Millis, youngMs: Millis): string[] {
  const targets: string[] = []
  for (const request of state.requests.values())
    if (request.kind === 'headers' && now - request.startedAt < youngMs) targets.push(request.target)
  for (const check of state.checks.values()) targets.push(check.target)
  return targets
}

/** The pending header to continue from: the peer's own, else the best one its height lies above. */
function startOf(state: SyncState, peer: SyncPeer, best: Entry | undefined): Entry | undefined {
  const own = peer.tip === null ? undefined : state.tree.entries.get(peer.tip)
  return own ?? (best && best.height < peer.head!.height ? best : undefined)
}

function openRequest(state: SyncState, peer: SyncPeer, start: Entry | undefined, now: Millis): SyncEffect {
  const id = state.nextRequest++
  const max = MAX_HEADERS_PER_ANSWER
  const pending = start ? treeLocator(state.tree, start, MAX_LOCATOR / 2) : []
  const locator = [...pending, ...state.view.locator().slice(0, MAX_LOCATOR - pending.length)]
  peer.headerRequest = id
  state.requests.set(id, {
    kind: 'headers',
    id,
    peer: peer.id,
    startedAt: now,
    progressAt: now,
    target: peer.head!.hash,
    locator,
    max,
  })
  return { kind: 'request-headers', request: id, peer: peer.id, locator, max }
}
