// Peer exchange: which signed address records to hand out, and which told addresses to keep.
// The answer to method `peers` is one frame per record; the stack checks signatures before anything here sees an address.
import { type PeerAddress, type PeerId, RequestRefused } from '../stacks/port.ts'
import { RateLimiter } from './rate.ts'
import { type Rng, sample } from './sample.ts'

/** A signed record as the stack keeps it. */
export interface PeerRecord {
  readonly id: PeerId
  readonly bytes: Uint8Array
}

/** Records in one answer. Bitcoin tells at most 23 % of what it knows, so that nobody maps the network by asking once. */
export const MAX_EXCHANGED = 32
/** Answers per peer: a joining node asks every few seconds. */
export const EXCHANGE_RATE = { perSecond: 1, burst: 4 }
const MAX_ASKERS = 2_048
export const MAX_ADDRESSES = 8
export const MAX_ADDRESS_LENGTH = 256

export class ExchangeServer {
  readonly #limiter = new RateLimiter<PeerId>(EXCHANGE_RATE, MAX_ASKERS)

  /** A random sample of the records, without the asker's own. Throws RequestRefused when the asker comes too often. */
  answer(records: readonly PeerRecord[], asker: PeerId, now: number, rng: Rng): Uint8Array[] {
    if (!this.#limiter.take(asker, now))
      throw new RequestRefused('rate-limited', 'peer exchange is answered once a second')
    return sample(
      records.filter(record => record.id !== asker),
      MAX_EXCHANGED,
      rng,
    ).map(record => record.bytes)
  }
}

/** Told addresses as far as they are kept: others than ourselves, bounded in number and length, each peer once. */
export function acceptable(told: readonly PeerAddress[], self: PeerId): PeerAddress[] {
  const kept = new Map<PeerId, PeerAddress>()
  for (const peer of told) {
    if (kept.size >= MAX_EXCHANGED) break
    if (peer.id === self || kept.has(peer.id)) continue
    const addresses = [...new Set(peer.addresses.filter(a => a.length <= MAX_ADDRESS_LENGTH))].slice(0, MAX_ADDRESSES)
    if (addresses.length > 0) kept.set(peer.id, { id: peer.id, addresses })
  }
  return [...kept.values()]
}
