// A connection below encryption whose bytes pass a shaper in each direction. It stands between a transport's own
// connection and libp2p's upgrader. While no row names the peer, bytes go straight through.
//
// The end of a connection travels like its bytes: during a drop neither a FIN nor a reset gets through, and what this
// end closed lingers unseen until the link lets the closing out.
import type { AbortOptions, MultiaddrConnection } from '@libp2p/interface'
import { StreamResetError } from '@libp2p/interface'
import { AbstractMultiaddrConnection } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { Links } from './links.ts'
import { blocks, Shaper } from './shaper.ts'
import type { Direction, Effect, Remote } from './table.ts'

/** Pieces a rate limit lets through one by one; larger ones are cut so that bytes flow evenly. */
export const MAX_PIECE_BYTES = 16 * 1024
/**
 * Bytes the transport's connection may hold unread while `in` is full. TCP stops reading instead; a WebSocket cannot,
 * and would close the connection at libp2p's default of 4 MiB.
 */
export const MAX_UNREAD_BYTES = 16 * 1024 * 1024

type Bytes = Uint8Array | Uint8ArrayList
type Ending = { readonly byteLength: 0; readonly error?: Error }
type Piece = Bytes | Ending

/** Where and how a connection is shaped. */
export interface ShapedOptions {
  readonly links: Links
  readonly remote: Remote
  readonly rng: () => number
  /** The connection is closed here and waits for its closing to get out. */
  readonly onLinger: (connection: ShapedConnection) => void
  /** Nothing of the connection is left. */
  readonly onGone: (connection: ShapedConnection) => void
}

const isEnding = (piece: Piece): piece is Ending => piece.byteLength === 0

export class ShapedConnection extends AbstractMultiaddrConnection {
  readonly #inner: MultiaddrConnection
  readonly #links: Links
  readonly #rng: () => number
  readonly #onLinger: ShapedOptions['onLinger']
  readonly #onGone: ShapedOptions['onGone']
  readonly #unsubscribe: () => void
  readonly #shapers: Record<Direction, Shaper<Piece>> = { in: new Shaper(), out: new Shaper() }
  readonly #timers: Partial<Record<Direction, NodeJS.Timeout>> = {}
  #effects: Record<Direction, Effect>
  #remote: Remote
  #paused = false
  #gone = false

  constructor(inner: MultiaddrConnection, options: ShapedOptions) {
    super({ remoteAddr: inner.remoteAddr, direction: inner.direction, log: inner.log })
    this.#inner = inner
    this.#links = options.links
    this.#remote = options.remote
    this.#rng = options.rng
    this.#onLinger = options.onLinger
    this.#onGone = options.onGone
    inner.maxReadBufferLength = MAX_UNREAD_BYTES
    this.#effects = this.#lookUp()
    this.#relink('in')
    this.#relink('out')
    this.#unsubscribe = this.#links.subscribe(() => this.#refresh())
    inner.addEventListener('message', event => this.#arrived(event.data))
    inner.addEventListener('drain', () => this.#release('out'))
    inner.addEventListener('close', event => {
      // What it has read and not handed over comes before its end.
      if (inner.readBufferLength > 0) inner.resume()
      this.#arrived({ byteLength: 0, ...(event.error && { error: event.error }) })
    })
  }

  /** Whether a row holds everything in some direction: then a new connection could not be established. */
  get dropped(): boolean {
    return blocks(this.#shapers.in.link) || blocks(this.#shapers.out.link)
  }

  /** One-way delay of what this end sends, milliseconds. */
  get delayMs(): number {
    return this.#shapers.out.link.delayMs ?? 0
  }

  /** The handshake proved who is at the other end: rows that name the peer id apply from now on. */
  identify(peerId: string): void {
    if (this.#remote.peerId === peerId) return
    this.#remote = { ...this.#remote, peerId }
    this.#refresh()
  }

  /** Whether the transport's connection has ended, whatever the link lets be seen of it. */
  get transportClosed(): boolean {
    return this.#inner.status !== 'open' && this.#inner.status !== 'closing'
  }

  onTransportClose(listener: () => void): void {
    this.#inner.addEventListener('close', listener, { once: true })
  }

  /** Closes the transport's connection at once, whatever the link says. */
  destroy(error: Error): void {
    this.#shapers.in.clear()
    this.#shapers.out.clear()
    this.#inner.abort(error)
    this.#finish()
  }

  override sendData(data: Uint8ArrayList): { sentBytes: number; canSendMore: boolean } {
    const shaper = this.#shapers.out
    if (shaper.transparent && !this.#inner.writableNeedsDrain) {
      const bytes = data.byteLength
      this.#delivered('out', bytes)
      return { sentBytes: bytes, canSendMore: this.#transmit(data) }
    }
    const sentBytes = Math.min(data.byteLength, shaper.room)
    if (sentBytes > 0) this.#put('out', data.sublist(0, sentBytes))
    return { sentBytes, canSendMore: sentBytes === data.byteLength && !shaper.full }
  }

  override async sendClose(options?: AbortOptions): Promise<void> {
    if (this.#shapers.out.transparent) {
      await this.#inner.close(options)
      this.#finish()
      return
    }
    this.#linger({ byteLength: 0 })
  }

  override sendReset(error: Error): void {
    // What was not sent before a reset is never sent.
    this.#shapers.out.clear()
    if (this.#shapers.out.transparent) {
      this.#inner.abort(error)
      this.#finish()
      return
    }
    this.#linger({ byteLength: 0, error })
  }

  override sendPause(): void {
    this.#paused = true
    this.#flow()
  }

  override sendResume(): void {
    this.#paused = false
    this.#release('in')
    this.#flow()
  }

  get #open(): boolean {
    return this.status === 'open' || this.status === 'closing'
  }

  #arrived(piece: Piece): void {
    if (this.#gone || !this.#open) {
      if (isEnding(piece)) this.#finish()
      return
    }
    const shaper = this.#shapers.in
    if (shaper.transparent && !this.#paused) {
      this.#deliver(piece)
      return
    }
    this.#put('in', piece)
    this.#flow()
  }

  #deliver(piece: Piece): void {
    if (!isEnding(piece)) {
      this.#delivered('in', piece.byteLength)
      this.onData(piece)
      return
    }
    if (piece.error) {
      this.log('the connection was reset - %s', piece.error.message)
      this.#shapers.out.clear()
      this.onRemoteReset()
    } else this.onTransportClosed()
    this.#finish()
  }

  /** Hands bytes to the transport. Returns false when it wants no more for now. A connection that is gone swallows them, as a network would. */
  #transmit(bytes: Bytes): boolean {
    if (this.#inner.status !== 'open') return true
    try {
      return this.#inner.send(bytes)
    } catch (error) {
      this.log('could not send - %s', error instanceof Error ? error.message : String(error))
      return true
    }
  }

  #put(direction: Direction, piece: Piece): void {
    const shaper = this.#shapers[direction]
    const now = performance.now()
    this.#links.met(this.#effects[direction].entries, direction, piece.byteLength)
    if (shaper.link.rate === undefined || isEnding(piece)) shaper.put(piece, now, this.#rng)
    else {
      for (let at = 0; at < piece.byteLength; at += MAX_PIECE_BYTES) {
        const end = Math.min(piece.byteLength, at + MAX_PIECE_BYTES)
        shaper.put(piece instanceof Uint8Array ? piece.subarray(at, end) : piece.sublist(at, end), now, this.#rng)
      }
    }
    this.#release(direction)
  }

  /** Lets everything out that is due, then sets the timer for what comes next. */
  #release(direction: Direction): void {
    const shaper = this.#shapers[direction]
    clearTimeout(this.#timers[direction])
    while (this.#mayRelease(direction)) {
      const piece = shaper.take(performance.now())
      if (!piece) break
      if (direction === 'in') this.#deliver(piece)
      else this.#leave(piece)
      if (this.#gone) return
    }
    const next = this.#mayRelease(direction) ? shaper.nextAt() : null
    if (next !== null) {
      this.#timers[direction] = setTimeout(() => this.#release(direction), Math.max(0, next - performance.now()))
    }
    if (direction === 'in') this.#flow()
    else if (this.#open && this.writableNeedsDrain && !shaper.full && !this.#inner.writableNeedsDrain) {
      this.safeDispatchEvent('drain')
    }
  }

  #mayRelease(direction: Direction): boolean {
    return direction === 'in' ? !this.#paused && this.#open : !this.#inner.writableNeedsDrain || this.transportClosed
  }

  #leave(piece: Piece): void {
    if (!isEnding(piece)) {
      this.#delivered('out', piece.byteLength)
      this.#transmit(piece)
      return
    }
    if (piece.error) this.#inner.abort(piece.error)
    else void this.#inner.close().catch(error => this.#inner.abort(error))
    this.#finish()
  }

  #delivered(direction: Direction, bytes: number): void {
    this.#links.delivered(this.#effects[direction].entries, direction, bytes)
  }

  /** Reads from the transport only while there is room; a lingering connection reads no more. */
  #flow(): void {
    if (this.#inner.status !== 'open') return
    try {
      if (this.#paused || this.#shapers.in.full || !this.#open) this.#inner.pause()
      else this.#inner.resume()
    } catch {
      // The transport's connection is closing: it reads no more of its own accord.
    }
  }

  #linger(ending: Ending): void {
    this.#shapers.in.clear()
    clearTimeout(this.#timers.in)
    this.#onLinger(this)
    this.#put('out', ending)
    this.#flow()
  }

  #lookUp(): Record<Direction, Effect> {
    return { in: this.#links.effect(this.#remote, 'in'), out: this.#links.effect(this.#remote, 'out') }
  }

  #refresh(): void {
    if (this.#gone) return
    this.#effects = this.#lookUp()
    this.#relink('in')
    this.#relink('out')
  }

  #relink(direction: Direction): void {
    const shaper = this.#shapers[direction]
    const { link, entries } = this.#effects[direction]
    // What is on its way when a drop begins is held by it too.
    if (blocks(link) && !blocks(shaper.link)) this.#links.met(entries, direction, shaper.heldBytes)
    shaper.relink(link, performance.now())
    this.#release(direction)
  }

  #finish(): void {
    if (this.#gone) return
    this.#gone = true
    this.#unsubscribe()
    clearTimeout(this.#timers.in)
    clearTimeout(this.#timers.out)
    this.#onGone(this)
  }
}

/** The error of a connection that this end gave up before it was established. */
export function resetError(message: string): Error {
  return new StreamResetError(message)
}
