// Which bodies to ask of whom: oldest first, of branches that would win, in pieces the size of each peer's speed.
import type { Hash, Millis } from '../chain/types.ts'
import {
  LATE_MS,
  MAX_BODIES_AHEAD,
  MAX_BODY_BYTES_AHEAD,
  MAX_BODY_REQUESTS_PER_PEER,
  MAX_HEADERS_PER_ANSWER,
  MAX_HELD_BODY_BYTES,
  MAX_PENDING_HEADERS,
  MAX_RESCUE,
  MIN_CHUNK,
} from './bounds.ts'
import type { SyncEffect } from './events.ts'
import { type Entry, levelsBelow, tips } from './header-tree.ts'
import { preferPeer, type SyncPeer } from './peer-table.ts'
import { type BodiesRequest, isBetter, type SyncState, worstBytes } from './state.ts'

/** For every branch worth having: up to which height. A branch is worth it when a tip on or above it would become the head. */
export function worthyLevels(state: SyncState): Map<number, number> {
  const levels = new Map<number, number>()
  const raise = (tip: Entry) => {
    for (const [branch, height] of levelsBelow(state.tree, tip))
      levels.set(branch, Math.max(height, levels.get(branch) ?? -1))
  }
  // A full tree cannot grow to the point where the branch proves its work, so it gets the benefit of the doubt.
  const full = state.tree.entries.size + MAX_HEADERS_PER_ANSWER > MAX_PENDING_HEADERS
  for (const tip of tips(state.tree)) if (full || isBetter(state, tip.hash, tip.work)) raise(tip)
  const justified = state.view.justified().height
  for (const peer of state.peers.values()) {
    const tip = peer.tip === null ? undefined : state.tree.entries.get(peer.tip)
    if (tip && peer.justified && peer.justified.height > justified) raise(tip)
  }
  return levels
}

/** Blocks the peer has: `sure` by headers it announced or served, `likely` by its height alone. */
function reach(state: SyncState, peer: SyncPeer, bestHeight: number) {
  const tip = peer.tip === null ? undefined : state.tree.entries.get(peer.tip)
  const levels = tip ? levelsBelow(state.tree, tip) : new Map<number, number>()
  const head = peer.head
  const beyond = head !== null && !peer.disagrees && head.height > bestHeight && !state.view.has(head.hash)
  return {
    sure: (entry: Entry) => entry.height <= (levels.get(entry.branch) ?? -1),
    likely: (entry: Entry) => beyond && head.height >= entry.height,
  }
}

export function planBodies(state: SyncState, now: Millis): SyncEffect[] {
  if (state.tree.entries.size === 0) return []
  const effects: SyncEffect[] = []
  const idle = [...state.peers.values()]
    .filter(peer => peer.bodyRequests < MAX_BODY_REQUESTS_PER_PEER && peer.backoffUntil <= now)
    .sort((a, b) => a.bodyRequests - b.bodyRequests || preferPeer(a, b))
  if (idle.length === 0) return []
  const { wanted, ahead } = survey(state)
  const bestHeight = tips(state.tree)[0]?.height ?? 0
  let room = MAX_BODIES_AHEAD - ahead
  for (const [index, peer] of idle.entries()) {
    if (wanted.size === 0) break
    const share = Math.max(MIN_CHUNK, Math.ceil(wanted.size / (idle.length - index)))
    // With everything held and the next one missing, that one may still be fetched, else nothing would ever move.
    const stuck = state.queue.length === 0 && state.importing === 0 && !anyBodies(state)
    const count = Math.min(peer.chunk, share, Math.max(room, stuck ? 1 : 0))
    const { sure, likely } = reach(state, peer, bestHeight)
    const picked: Entry[] = []
    let optimistic = false
    for (const entry of wanted) {
      if (picked.length >= count) break
      const certain = sure(entry)
      if (!certain && !likely(entry)) continue
      if (!(stuck && picked.length === 0) && !fits(state, picked.length + 1)) break
      optimistic ||= !certain
      picked.push(entry)
    }
    if (picked.length === 0) continue
    for (const entry of picked) wanted.delete(entry)
    room -= picked.length
    effects.push(openBodies(state, peer, picked, optimistic, now))
  }
  effects.push(...rescue(state, now, bestHeight))
  return effects
}

/** Wanted entries of worthy branches, oldest first, no more than may be ahead; and how many bodies are ahead already. */
function survey(state: SyncState): { wanted: Set<Entry>; ahead: number } {
  const levels = worthyLevels(state)
  const wanted = new Set<Entry>()
  let ahead = 0
  for (const entry of state.tree.entries.values()) {
    if (entry.state !== 'wanted') ahead++
    else if (entry.height <= (levels.get(entry.branch) ?? -1)) wanted.add(entry)
    if (ahead + wanted.size > MAX_BODIES_AHEAD) break
  }
  return { wanted, ahead }
}

function anyBodies(state: SyncState): boolean {
  for (const request of state.requests.values()) if (request.kind === 'bodies') return true
  return false
}

/** One block's worth is kept back for the body without which nothing moves. */
function fits(state: SyncState, count: number): boolean {
  if (state.heldBytes >= MAX_HELD_BODY_BYTES) return false
  const spare = MAX_BODY_BYTES_AHEAD - state.maxBlockBytes
  return state.heldBytes + state.reservedBytes + worstBytes(state, count) <= spare
}

/** The block the importer waits for is late: a second peer is asked for it and what follows it in the same request. */
function rescue(state: SyncState, now: Millis, bestHeight: number): SyncEffect[] {
  const late = lateRequest(state, now)
  if (!late) return []
  const slow = state.peers.get(late.peer)
  const others = [...state.peers.values()]
    .filter(p => p !== slow && p.bodyRequests <= MAX_BODY_REQUESTS_PER_PEER && p.backoffUntil <= now)
    .sort(preferPeer)
  for (const peer of others) {
    const { sure, likely } = reach(state, peer, bestHeight)
    const picked: Entry[] = []
    for (const entry of late.pending.values()) {
      if (picked.length >= MAX_RESCUE || !fits(state, picked.length + 1)) break
      if (entry.state === 'requested' && entry.requests === 1 && (sure(entry) || likely(entry))) picked.push(entry)
    }
    if (picked.length > 0) return [openBodies(state, peer, picked, true, now)]
  }
  return []
}

function lateRequest(state: SyncState, now: Millis): BodiesRequest | undefined {
  const next = nextNeeded(state)
  if (next?.requests !== 1) return undefined
  for (const request of state.requests.values()) {
    if (request.kind !== 'bodies' || !request.pending.has(next.hash)) continue
    const patience = Math.max(LATE_MS, 4 * (state.peers.get(request.peer)?.latencyMs ?? 0))
    return now - request.progressAt >= patience ? request : undefined
  }
  return undefined
}

/** The oldest block that was asked for and whose parent is in the chain or on its way into it. */
function nextNeeded(state: SyncState): Entry | undefined {
  for (const entry of state.tree.entries.values()) {
    if (entry.state !== 'requested') continue
    const parent = state.tree.entries.get(entry.parent)
    if (!parent || parent.state === 'queued' || parent.state === 'importing') return entry
  }
  return undefined
}

function openBodies(state: SyncState, peer: SyncPeer, blocks: Entry[], optimistic: boolean, now: Millis): SyncEffect {
  const id = state.nextRequest++
  const pending = new Map<Hash, Entry>(blocks.map(entry => [entry.hash, entry]))
  const reserved = worstBytes(state, blocks.length)
  for (const entry of blocks) {
    entry.state = 'requested'
    entry.requests++
  }
  state.reservedBytes += reserved
  peer.bodyRequests++
  const counts = { asked: blocks.length, got: 0, gotBytes: 0, missing: 0 }
  state.requests.set(id, {
    kind: 'bodies',
    id,
    peer: peer.id,
    startedAt: now,
    progressAt: now,
    pending,
    reserved,
    optimistic,
    ...counts,
  })
  return { kind: 'request-bodies', request: id, peer: peer.id, blocks }
}
