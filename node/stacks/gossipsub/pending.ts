// What waits for its verdict, so that no peer's messages take all the room there is.
import type { PeerId } from '../port.ts'
import {
  MAX_PENDING_VERDICT_BYTES,
  MAX_PENDING_VERDICT_BYTES_PER_PEER,
  MAX_PENDING_VERDICTS,
  MAX_PENDING_VERDICTS_PER_PEER,
} from './limits.ts'

interface Load {
  count: number
  bytes: number
}

export class PendingVerdicts {
  /** Peers with messages that wait; no more than there are such messages. */
  readonly #byPeer = new Map<PeerId, Load>()
  readonly #all: Load = { count: 0, bytes: 0 }

  /** Room for one more message; false when there is none. */
  take(peer: PeerId, bytes: number): boolean {
    const own = this.#byPeer.get(peer) ?? { count: 0, bytes: 0 }
    if (!fits(own, bytes, MAX_PENDING_VERDICTS_PER_PEER, MAX_PENDING_VERDICT_BYTES_PER_PEER)) return false
    if (!fits(this.#all, bytes, MAX_PENDING_VERDICTS, MAX_PENDING_VERDICT_BYTES)) return false
    this.#byPeer.set(peer, own)
    for (const load of [own, this.#all]) {
      load.count++
      load.bytes += bytes
    }
    return true
  }

  /** The verdict of a message that was taken is known. */
  release(peer: PeerId, bytes: number): void {
    const own = this.#byPeer.get(peer)!
    for (const load of [own, this.#all]) {
      load.count--
      load.bytes -= bytes
    }
    if (own.count === 0) this.#byPeer.delete(peer)
  }
}

const fits = (load: Load, bytes: number, maxCount: number, maxBytes: number): boolean =>
  load.count < maxCount && load.bytes + bytes <= maxBytes
