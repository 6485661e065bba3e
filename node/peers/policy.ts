// Whom to dial and whom to drop: a pure function of what is known.
import type { NodeConfig } from '../../api/node-config.ts'
import type { PeerAddress, PeerId, PeerInfo } from '../stacks/port.ts'
import type { BookEntry } from './address-book.ts'
import { dialTimeoutMs, isDue } from './backoff.ts'
import { chooseEviction, youngest } from './eviction.ts'
import { hostOf, isShared, networkGroup } from './host.ts'
import { type Rng, sample } from './sample.ts'

export type Limits = NodeConfig['network']['limits']

/** Dials in flight at once, whatever the reason. */
export const MAX_DIALS = 16
/** Outbound connections above the target that seeking lost peers and testing addresses may make for a while. */
export const OUTBOUND_SLACK = 2
/** An excess outbound peer is let go after this; one at a time. */
export const TRIM_AFTER_MS = 30_000
/**
 * With enough peers, one lost peer is sought this often. Without it a cut through a large network never heals: each side would
 * fill its slots with its own.
 */
export const SEEK_INTERVAL_MS = 1_000
/** Lost peers are sought this long. */
export const LOST_MEMORY_MS = 86_400_000
/** With enough peers, an untried address is tested this often (Bitcoin's feeler). */
export const FEELER_INTERVAL_MS = 120_000

export interface PolicyState {
  readonly connected: readonly PeerInfo[]
  readonly dialling: ReadonlySet<PeerId>
  readonly entries: readonly BookEntry[]
  /** Why a peer may not be connected, or null. */
  readonly blocked: (peer: PeerId) => string | null
  readonly lastSeekAt: number
  readonly lastFeelerAt: number
  readonly lastTrimAt: number
}

export type DialReason = 'static' | 'bootstrap' | 'reconnect' | 'fill' | 'seek lost' | 'feeler'
export interface Dial {
  readonly peer: PeerAddress
  readonly reason: DialReason
  readonly timeoutMs: number
}
export interface Drop {
  readonly peer: PeerId
  readonly reason: string
}
export interface Plan {
  readonly connect: readonly Dial[]
  readonly disconnect: readonly Drop[]
}

/** Configured to stay connected. */
type Pinned = (peer: PeerId) => boolean

/** What to do now (`now` in milliseconds since the epoch). Never dials a blocked, connected or dialled peer, or one in its back-off. */
export function plan(state: PolicyState, limits: Limits, now: number, rng: Rng): Plan {
  const ids = new Set(state.entries.filter(entry => entry.source === 'static').map(entry => entry.id))
  const pinned = (id: PeerId) => ids.has(id)
  const disconnect = drops(state, pinned, limits, now, rng)
  const going = new Set(disconnect.map(drop => drop.peer))
  const staying = state.connected.filter(peer => !going.has(peer.id))
  return { connect: dials(state, staying, pinned, limits, now, rng), disconnect }
}

function drops(state: PolicyState, pinned: Pinned, limits: Limits, now: number, rng: Rng): Drop[] {
  const out: Drop[] = []
  let left = state.connected.filter(peer => {
    const reason = state.blocked(peer.id)
    if (reason !== null) out.push({ peer: peer.id, reason })
    return reason === null
  })
  const drop = (peer: PeerInfo, reason: string) => {
    out.push({ peer: peer.id, reason })
    left = left.filter(other => other.id !== peer.id)
  }
  const inbound = () => left.filter(peer => peer.direction === 'inbound' && !pinned(peer.id))
  for (const [host, peers] of Map.groupBy(inbound(), peer => peer.host)) {
    if (isShared(host)) continue
    for (let rest = peers; rest.length > limits.perHost; rest = rest.filter(peer => left.includes(peer))) {
      drop(youngest(rest), 'too many connections from one host')
    }
  }
  for (let peers = inbound(); peers.length > limits.inbound; peers = inbound()) {
    drop(chooseEviction(peers)!, 'too many inbound connections')
  }
  const outbound = left.filter(peer => peer.direction === 'outbound' && !pinned(peer.id))
  if (outbound.length > limits.outbound && now - state.lastTrimAt >= TRIM_AFTER_MS) {
    const settled = outbound.filter(peer => now - peer.connectedAt >= TRIM_AFTER_MS)
    for (const peer of sample(settled, 1, rng)) drop(peer, 'more outbound connections than wanted')
  }
  return out
}

function dials(
  state: PolicyState,
  connected: readonly PeerInfo[],
  pinned: Pinned,
  limits: Limits,
  now: number,
  rng: Rng,
): Dial[] {
  const picked: Dial[] = []
  const busy = new Set([...state.connected.map(peer => peer.id), ...state.dialling])
  const groups = new Set(connected.filter(peer => peer.direction === 'outbound').map(peer => networkGroup(peer.host)))
  const perHost = new Map<string, number>()
  for (const { host } of connected) perHost.set(host, (perHost.get(host) ?? 0) + 1)
  const few = connected.length < limits.outbound
  const alone = connected.length === 0
  const urgent = (entry: BookEntry) =>
    entry.source === 'static' || (few && entry.lastSuccess !== null) || (alone && entry.source === 'bootstrap')

  const allowed = sample(state.entries, state.entries.length, rng).filter(entry => {
    const host = hostOf(entry.addresses[0]!)
    const room = isShared(host) || (perHost.get(host) ?? 0) < limits.perHost
    return room && !busy.has(entry.id) && state.blocked(entry.id) === null
  })
  const due = allowed.filter(entry => isDue(entry, now, urgent(entry)))
  const free = () => MAX_DIALS - state.dialling.size - picked.length
  const dial = (entry: BookEntry, reason: DialReason) => {
    busy.add(entry.id)
    groups.add(groupOf(entry))
    picked.push({ peer: { id: entry.id, addresses: entry.addresses }, reason, timeoutMs: dialTimeoutMs(entry) })
  }
  for (const entry of due) if (entry.source === 'static' && free() > 0) dial(entry, 'static')

  const outbound = connected.filter(peer => peer.direction === 'outbound' && !pinned(peer.id)).length
  const underway = [...state.dialling].filter(id => !pinned(id)).length
  const failedBefore = new Set(state.entries.filter(entry => entry.failures > 0).map(entry => entry.id))
  let need = limits.outbound - outbound - underway
  // Peers that do not answer hold a slot for a whole time-out: while others are left they get half of the open ones.
  const othersLeft = due.some(entry => entry.failures === 0)
  let retries = othersLeft
    ? Math.floor((limits.outbound - outbound) / 2) - [...state.dialling].filter(id => failedBefore.has(id)).length
    : MAX_DIALS
  const fill = (wanted: (entry: BookEntry) => DialReason | null) => {
    for (const entry of due) {
      if (need <= 0 || free() <= 0) return
      const reason = busy.has(entry.id) ? null : wanted(entry)
      if (reason === null || (entry.failures > 0 && retries <= 0)) continue
      dial(entry, reason)
      if (entry.failures > 0) retries--
      need--
    }
  }
  // While few are connected, what once worked comes first, then the bootstrap nodes.
  if (few) fill(entry => (entry.lastSuccess === null ? null : 'reconnect'))
  if (few) fill(entry => (entry.source === 'bootstrap' ? 'bootstrap' : null))
  fill(entry => (groups.has(groupOf(entry)) ? null : 'fill'))
  fill(() => 'fill')

  const spare = limits.outbound + OUTBOUND_SLACK - outbound - underway - picked.length
  if (few || spare <= 0 || free() <= 0) return picked
  const lost = allowed.filter(
    entry =>
      !busy.has(entry.id) && entry.lostAt !== null && now - entry.lostAt < LOST_MEMORY_MS && isDue(entry, now, true),
  )
  if (lost.length > 0 && now - state.lastSeekAt >= SEEK_INTERVAL_MS) dial(lost.reduce(longestUntried), 'seek lost')
  else if (now - state.lastFeelerAt >= FEELER_INTERVAL_MS) {
    const untried = due.find(entry => !busy.has(entry.id) && entry.lastSuccess === null)
    if (untried !== undefined) dial(untried, 'feeler')
  }
  return picked
}

const groupOf = (entry: BookEntry): string => networkGroup(hostOf(entry.addresses[0]!))
const longestUntried = (a: BookEntry, b: BookEntry): BookEntry => ((b.lastAttempt ?? 0) < (a.lastAttempt ?? 0) ? b : a)
