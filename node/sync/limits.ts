// Rate limits of served requests: the generic cell rate algorithm, one cell per peer and method, costed by items.
// A cell is one number, the theoretical arrival time: when the peer's past requests would have been paid off.
// Source: ITU-T I.371; Lodestar's per-peer, per-method limiter is the precedent in this field.
import type { Millis } from '../chain/types.ts'
import type { Method, PeerId } from '../stacks/port.ts'

export interface Quota {
  /** Items a peer may have per second, in the long run. */
  readonly perSecond: number
  /** Items it may have at once. */
  readonly burst: number
}

/** `bytes` is charged after an answer is sent; a peer in debt waits whatever it asks for. */
export type Charge = Method | 'bytes'

/** Generous to a peer that synchronises at full speed, far below what would hurt the others. Items by method: requests, headers, blocks, certificates, transactions, records. */
export const defaultQuotas: Readonly<Record<Charge, Quota>> = {
  status: { perSecond: 20, burst: 40 },
  headers: { perSecond: 16_384, burst: 32_768 },
  bodies: { perSecond: 4_096, burst: 8_192 },
  finality: { perSecond: 128, burst: 640 },
  pool: { perSecond: 1_024, burst: 4_096 },
  peers: { perSecond: 32, burst: 128 },
  bytes: { perSecond: 64 * 1024 * 1024, burst: 256 * 1024 * 1024 },
}

/** Cells remembered: more than the connections a node may have times its methods. */
export const MAX_CELLS = 8_192
/** Refusals within REFUSAL_WINDOW_MS from which on the peer is not merely eager. */
export const MAX_REFUSALS = 5
export const REFUSAL_WINDOW_MS = 10_000

export type LimitVerdict =
  | { readonly kind: 'allowed' }
  /** `punish`: it went on asking although it was refused before. */
  | { readonly kind: 'limited'; readonly retryAfterMs: number; readonly punish: boolean }

export interface LimitTable {
  readonly quotas: Readonly<Record<Charge, Quota>>
  /** Theoretical arrival times by peer and method. A time in the past is the same as none. */
  readonly cells: Map<string, Millis>
  readonly refusals: Map<PeerId, { count: number; since: Millis }>
}

export function createLimits(quotas: Readonly<Record<Charge, Quota>> = defaultQuotas): LimitTable {
  return { quotas, cells: new Map(), refusals: new Map() }
}

/** Decides about `cost` items (at least 1) and books them when allowed. A cost above the burst is never allowed. */
export function charge(table: LimitTable, peer: PeerId, method: Method, cost: number, now: Millis): LimitVerdict {
  const debt = waitFor(table, peer, 'bytes', 0, now)
  const wait = Math.max(debt, waitFor(table, peer, method, Math.max(1, cost), now))
  if (wait > 0) return { kind: 'limited', retryAfterMs: Math.ceil(wait), punish: refused(table, peer, now) }
  book(table, peer, method, Math.max(1, cost), now)
  return { kind: 'allowed' }
}

/** Books bytes that were sent. */
export function chargeBytes(table: LimitTable, peer: PeerId, bytes: number, now: Millis): void {
  book(table, peer, 'bytes', bytes, now)
}

function waitFor(table: LimitTable, peer: PeerId, method: Charge, cost: number, now: Millis): number {
  const quota = table.quotas[method]
  const arrival = Math.max(now, table.cells.get(key(peer, method)) ?? now)
  return arrival + (cost / quota.perSecond) * 1_000 - (now + (quota.burst / quota.perSecond) * 1_000)
}

function book(table: LimitTable, peer: PeerId, method: Charge, cost: number, now: Millis): void {
  const id = key(peer, method)
  const arrival = Math.max(now, table.cells.get(id) ?? now)
  if (!table.cells.has(id) && table.cells.size >= MAX_CELLS) makeRoom(table, now)
  table.cells.set(id, arrival + (cost / table.quotas[method].perSecond) * 1_000)
}

/** Cells that are paid off go first; when none is, the oldest goes: its peer gains a burst, the table stays bounded. */
function makeRoom(table: LimitTable, now: Millis): void {
  for (const [id, arrival] of table.cells) if (arrival <= now) table.cells.delete(id)
  for (const id of table.cells.keys()) {
    if (table.cells.size < MAX_CELLS) return
    table.cells.delete(id)
  }
}

function refused(table: LimitTable, peer: PeerId, now: Millis): boolean {
  const past = table.refusals.get(peer)
  if (past && now - past.since < REFUSAL_WINDOW_MS) {
    past.count++
    return past.count > MAX_REFUSALS
  }
  table.refusals.delete(peer)
  table.refusals.set(peer, { count: 1, since: now })
  for (const id of table.refusals.keys()) {
    if (table.refusals.size <= MAX_CELLS) break
    table.refusals.delete(id)
  }
  return false
}

function key(peer: PeerId, method: Charge): string {
  return `${method} ${peer}`
}
