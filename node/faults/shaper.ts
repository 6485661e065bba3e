// One direction of one connection as a state machine: pieces of bytes arrive, and leave in the same order when the
// link lets them. It reads no clock and draws no randomness: `now` (milliseconds of any monotonic clock) and `rng` are
// arguments. A byte stream cannot lose bytes, so a lost packet is what TCP makes of it: a wait for its retransmission.
import { type Link, openLink } from '../../api/link.ts'

/** Held bytes of one direction after which the caller has to stop reading or accepting. Nothing is ever discarded. */
export const MAX_HELD_BYTES = 1024 * 1024
/** Once full, the shaper has room again when it holds no more than this. */
export const RESUME_HELD_BYTES = MAX_HELD_BYTES / 2
/** First retransmission time-out, doubled for each further loss of the same packet. Source: Linux TCP_RTO_MIN. */
export const RETRANSMISSION_TIMEOUT_MS = 200
/** Losses of one packet in a row that are modelled; the next try gets through. */
export const MAX_RETRANSMISSIONS = 6
/** Payload of one packet on an Ethernet path: how many packets, each of which may be lost, a piece stands for. */
export const PACKET_BYTES = 1_448

export interface Sized {
  readonly byteLength: number
}

/** Uniform in [0, 1). */
export type Rng = () => number

interface Held<T> {
  readonly item: T
  arrivedAt: number
  /** Not before: the pieces ahead of it leave first, however long they take. */
  dueAt: number
  /** The piece's own draws, kept so that a changed link reschedules it without drawing again. */
  readonly deviation: number
  readonly lossDraws: readonly number[]
}

/** True when nothing passes the link at all. */
export function blocks(link: Link): boolean {
  return link.drop || (link.loss ?? 0) >= 1
}

/** True when the link leaves bytes as they are. */
export function isOpen(link: Link): boolean {
  return !link.drop && !link.delayMs && !link.jitterMs && !link.loss && link.rate === undefined
}

export class Shaper<T extends Sized> {
  #link: Link = openLink
  #queue: Held<T>[] = []
  #first = 0
  #heldBytes = 0
  #full = false
  /** When the link has finished sending what it was given: the rate limit. */
  #busyUntil = Number.NEGATIVE_INFINITY
  #deviation = 0

  get link(): Link {
    return this.#link
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  get empty(): boolean {
    return this.#first === this.#queue.length
  }

  /** True from the moment MAX_HELD_BYTES are held until RESUME_HELD_BYTES are reached: stop reading or accepting. */
  get full(): boolean {
    return this.#full
  }

  /** Bytes that may still be put before the shaper is full; 0 while it is. */
  get room(): number {
    return this.#full ? 0 : Math.max(0, MAX_HELD_BYTES - this.#heldBytes)
  }

  /** True when bytes may pass beside the shaper: nothing is held and the link is open. */
  get transparent(): boolean {
    return this.empty && isOpen(this.#link)
  }

  /** Takes a piece that arrived at `now`. It is always taken; look at `full` to stop the source. */
  put(item: T, now: number, rng: Rng): void {
    const link = this.#link
    if (link.jitterMs) {
      const correlation = link.correlation ?? 0
      this.#deviation = correlation * this.#deviation + Math.sqrt(1 - correlation * correlation) * normal(rng)
    }
    const draws: number[] = []
    if (link.loss && item.byteLength > 0) for (let i = 0; i < MAX_RETRANSMISSIONS; i++) draws.push(rng())
    const held: Held<T> = { item, arrivedAt: now, dueAt: 0, deviation: this.#deviation, lossDraws: draws }
    this.#schedule(held)
    this.#queue.push(held)
    this.#heldBytes += item.byteLength
    if (this.#heldBytes >= MAX_HELD_BYTES) this.#full = true
  }

  /**
   * Changes the link. Pieces that wait are rescheduled as the new link would have treated them since they arrived,
   * except after a drop: then they set out now, all of them, in order.
   */
  relink(link: Link, now: number): void {
    const old = this.#link
    if (sameLink(old, link)) return
    this.#link = link
    this.#busyUntil = link.rate === undefined ? Number.NEGATIVE_INFINITY : now
    for (let i = this.#first; i < this.#queue.length; i++) {
      const held = this.#queue[i]!
      if (blocks(old)) held.arrivedAt = now
      this.#schedule(held)
    }
  }

  /** Milliseconds on the caller's clock when `take` will have something; null when nothing waits or the link drops. */
  nextAt(): number | null {
    if (this.empty || blocks(this.#link)) return null
    return this.#queue[this.#first]!.dueAt
  }

  /** The next piece that is due, or undefined. Call until undefined. */
  take(now: number): T | undefined {
    const at = this.nextAt()
    if (at === null || at > now) return undefined
    const { item } = this.#queue[this.#first]!
    this.#first++
    if (this.empty || this.#first > 1_024) {
      this.#queue = this.#queue.slice(this.#first)
      this.#first = 0
    }
    this.#heldBytes -= item.byteLength
    if (this.#heldBytes <= RESUME_HELD_BYTES) this.#full = false
    return item
  }

  /** Forgets everything held: the connection was reset at this end, so what it had not sent never leaves. */
  clear(): void {
    this.#queue = []
    this.#first = 0
    this.#heldBytes = 0
    this.#full = false
  }

  #schedule(held: Held<T>): void {
    const { rate, delayMs = 0, jitterMs = 0, loss = 0 } = this.#link
    const start = Math.max(held.arrivedAt, this.#busyUntil)
    const sent = rate === undefined ? start : start + (held.item.byteLength / rate) * 1_000
    this.#busyUntil = sent
    const travel = Math.max(0, delayMs + jitterMs * held.deviation)
    held.dueAt = sent + travel + retransmissionMs(held.item.byteLength, loss, held.lossDraws)
  }
}

/** Wait for the retransmissions of the unluckiest packet of a piece: the first loss may hit any packet of it, the next only that one. */
function retransmissionMs(bytes: number, loss: number, draws: readonly number[]): number {
  if (loss <= 0) return 0
  let total = 0
  let timeout = RETRANSMISSION_TIMEOUT_MS
  let chance = 1 - (1 - loss) ** Math.max(1, Math.ceil(bytes / PACKET_BYTES))
  for (let i = 0; i < MAX_RETRANSMISSIONS; i++) {
    const draw = draws[i]
    if (draw === undefined || draw >= chance) break
    total += timeout
    timeout *= 2
    chance = loss
  }
  return total
}

/** Standard normal deviate by the Box-Muller transform. */
function normal(rng: Rng): number {
  return Math.sqrt(-2 * Math.log(1 - rng())) * Math.cos(2 * Math.PI * rng())
}

function sameLink(a: Link, b: Link): boolean {
  return (
    a.drop === b.drop &&
    a.delayMs === b.delayMs &&
    a.jitterMs === b.jitterMs &&
    a.correlation === b.correlation &&
    a.loss === b.loss &&
    a.rate === b.rate
  )
}
