// What misbehaviour costs. A score is at most 0 and decays to it; low enough, the peer is disconnected, lower, banned.
// Thresholds and half-life as Lodestar's peer score (-20, -50, ten minutes).

import type { PeerId } from '../stacks/port.ts'
import type { SyncOffence } from '../sync/offences.ts'

export const HALF_LIFE_MS = 600_000
export const MIN_SCORE = -100
export const DISCONNECT_BELOW = -20
export const BAN_BELOW = -50
/** A peer that was disconnected or banned may return when its score is above this: at the latest after 34 minutes. */
export const RETURN_ABOVE = -10
/** Peers with a score that are remembered; the least guilty are forgotten first. */
export const MAX_SCORED_PEERS = 4_096

/** Offences the stacks and the importer see; node/sync/offences.ts names those of synchronisation. */
export type Offence =
  | SyncOffence
  | 'malformed-frame'
  | 'oversized-frame'
  | 'oversized-message'
  | 'message-flood'
  | 'ping-flood'
  | 'invalid-record'
  | 'gossip-graylisted'
  | 'rejected-block'
  | 'rejected-transaction'
  | 'rejected-vote'
  | 'wrong-network'

/** Points an offence costs. 20 disconnect at once, 50 ban at once; what honest peers may do by bad luck stays far below. */
export const offenceWeights: Readonly<Record<Offence, number>> = {
  'malformed-frame': 10,
  'oversized-frame': 20,
  'oversized-message': 20,
  'message-flood': 5,
  'ping-flood': 10,
  'invalid-record': 10,
  'gossip-graylisted': 25,
  'rejected-block': 20,
  'rejected-transaction': 2,
  'rejected-vote': 5,
  'wrong-network': 50,
  'sync-no-answer': 1,
  'sync-empty-answer': 5,
  'sync-malformed-answer': 10,
  'sync-unlinked-headers': 10,
  'sync-invalid-headers': 25,
  'sync-wrong-body': 20,
  'sync-invalid-block': 10,
  'sync-false-status': 10,
  'sync-rate-limited': 2,
  'sync-malformed-request': 10,
}
/** An offence this version does not know. */
const UNKNOWN_OFFENCE_WEIGHT = 5

export type Standing = 'good' | 'disconnect' | 'ban'

interface Entry {
  /** Score at `at`; it decays from there. */
  points: number
  at: number
  standing: Standing
  reason: string
}

export class PeerScores {
  readonly #entries = new Map<PeerId, Entry>()

  /** Books an offence; `now` in milliseconds since the epoch. Returns where the peer stands after it. */
  offend(peer: PeerId, offence: string, now: number): Standing {
    const weight = Object.hasOwn(offenceWeights, offence) ? offenceWeights[offence as Offence] : UNKNOWN_OFFENCE_WEIGHT
    const before = this.standing(peer, now)
    const points = Math.max(MIN_SCORE, this.score(peer, now) - weight)
    const reached: Standing = points <= BAN_BELOW ? 'ban' : points <= DISCONNECT_BELOW ? 'disconnect' : 'good'
    const standing = reached === 'good' || before === 'ban' ? before : reached
    this.#entries.delete(peer)
    if (this.#entries.size >= MAX_SCORED_PEERS) this.#forgetBest(now)
    this.#entries.set(peer, { points, at: now, standing, reason: offence })
    return standing
  }

  /** -100..0. */
  score(peer: PeerId, now: number): number {
    const entry = this.#entries.get(peer)
    return entry === undefined ? 0 : decayed(entry, now)
  }

  /** `disconnect` and `ban` last until the score has decayed above RETURN_ABOVE. */
  standing(peer: PeerId, now: number): Standing {
    const entry = this.#entries.get(peer)
    if (entry === undefined || entry.standing === 'good') return 'good'
    return decayed(entry, now) > RETURN_ABOVE ? 'good' : entry.standing
  }

  /** Why the peer may not be connected, or null. */
  blocked(peer: PeerId, now: number): string | null {
    const standing = this.standing(peer, now)
    if (standing === 'good') return null
    return `${standing === 'ban' ? 'banned' : 'score too low'}: ${this.#entries.get(peer)!.reason}`
  }

  get size(): number {
    return this.#entries.size
  }

  #forgetBest(now: number): void {
    let best: PeerId | null = null
    let bestScore = Number.NEGATIVE_INFINITY
    for (const [peer, entry] of this.#entries) {
      const score = decayed(entry, now)
      if (score > bestScore) [best, bestScore] = [peer, score]
    }
    if (best !== null) this.#entries.delete(best)
  }
}

function decayed(entry: Entry, now: number): number {
  return entry.points * 0.5 ** (Math.max(0, now - entry.at) / HALF_LIFE_MS)
}
