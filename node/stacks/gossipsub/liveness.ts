// Keep-alive: measures the round trip of every connection once a second and ends those on which nothing arrives any more.
// A cut network closes no socket, and TCP's own timers are minutes long; without this a healed node would wait for them.
//
// The dialler opens one stream and sends `ping`; the other answers `pong`; the dialler acknowledges, so both measure.
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import type { PeerId } from '../port.ts'
import type { ConnectionTable } from './connections.ts'

/** One ping a second costs 15 bytes each way and bounds how late a cut is noticed. */
export const PING_INTERVAL_MS = 1_000
/** Seconds of complete silence after which a link is dead. Counted in our own ticks: a process that was stopped blames nobody. */
export const DEAD_AFTER_TICKS = 4
/** Pings and pongs a peer may send between two ticks. */
const MAX_BEATS_PER_TICK = 32
const OPEN_TIMEOUT_MS = 10_000

const BEAT_BYTES = 5
const PING = 0
const PONG = 1
const ACK = 2

interface Pulse {
  readonly connection: Connection
  heard: boolean
  silentTicks: number
  stream: Stream | 'opening' | null
  sequence: number
  /** When the last ping (or pong, at the answering end) left. */
  sentAt: number
}

/** The encrypted bytes of a connection; libp2p's Connection has it, its interface does not name it. */
interface WithTransport {
  readonly maConn?: { addEventListener(type: 'message', listener: () => void): void }
}

export interface LivenessInit {
  readonly libp2p: Libp2p
  readonly protocol: string
  readonly connections: ConnectionTable
  readonly onAbuse: (peer: PeerId) => void
}

export class Liveness {
  readonly #init: LivenessInit
  /** One per open connection. */
  readonly #pulses = new Map<string, Pulse>()
  #timer: NodeJS.Timeout | null = null
  #lastTick = 0

  constructor(init: LivenessInit) {
    this.#init = init
  }

  async start(): Promise<void> {
    const { libp2p, protocol } = this.#init
    await libp2p.handle(protocol, (stream, connection) => this.#listen(stream, this.#pulse(connection)), {
      maxInboundStreams: 2,
      maxOutboundStreams: 2,
    })
    this.#lastTick = performance.now()
    this.#timer = setInterval(() => this.#tick(), PING_INTERVAL_MS)
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  /** Watches a new connection; the first ping leaves at once. */
  opened(connection: Connection): void {
    this.#beat(this.#pulse(connection))
  }

  #pulse(connection: Connection): Pulse {
    const known = this.#pulses.get(connection.id)
    if (known !== undefined) return known
    const pulse: Pulse = { connection, heard: true, silentTicks: 0, stream: null, sequence: 0, sentAt: 0 }
    this.#pulses.set(connection.id, pulse)
    ;(connection as WithTransport).maConn?.addEventListener('message', () => {
      pulse.heard = true
    })
    connection.addEventListener('close', () => this.#pulses.delete(connection.id))
    return pulse
  }

  #tick(): void {
    const now = performance.now()
    // A late tick means this process did not run: what arrived meanwhile has not been read yet.
    const late = now - this.#lastTick > 2 * PING_INTERVAL_MS
    this.#lastTick = now
    for (const pulse of [...this.#pulses.values()]) {
      if (pulse.heard || late) pulse.silentTicks = 0
      else pulse.silentTicks++
      pulse.heard = false
      if (pulse.silentTicks >= DEAD_AFTER_TICKS) this.#dead(pulse)
      else this.#beat(pulse)
    }
  }

  #dead(pulse: Pulse): void {
    const peer = pulse.connection.remotePeer.toString()
    if (this.#init.connections.get(peer) === pulse.connection) this.#init.connections.abort(peer, 'dead link')
    else pulse.connection.abort(new Error('dead link'))
  }

  #beat(pulse: Pulse): void {
    if (pulse.connection.direction !== 'outbound' || pulse.connection.status !== 'open') return
    if (pulse.stream === null) this.#open(pulse)
    else if (pulse.stream !== 'opening') send(pulse, PING, ++pulse.sequence)
  }

  #open(pulse: Pulse): void {
    pulse.stream = 'opening'
    pulse.connection
      .newStream(this.#init.protocol, { signal: AbortSignal.timeout(OPEN_TIMEOUT_MS) })
      .then(stream => {
        this.#listen(stream, pulse)
        send(pulse, PING, ++pulse.sequence)
      })
      .catch(() => {
        pulse.stream = null
      })
  }

  #listen(stream: Stream, pulse: Pulse): void {
    pulse.stream = stream
    let rest = new Uint8Array(0)
    let beats = 0
    let countedFrom = performance.now()
    stream.addEventListener('message', event => {
      pulse.heard = true
      const bytes = concat(rest, event.data.subarray())
      let at = 0
      for (; bytes.byteLength - at >= BEAT_BYTES; at += BEAT_BYTES) {
        if (performance.now() - countedFrom > PING_INTERVAL_MS) [beats, countedFrom] = [0, performance.now()]
        if (++beats > MAX_BEATS_PER_TICK) {
          this.#init.onAbuse(pulse.connection.remotePeer.toString())
          stream.abort(new Error('too many pings'))
          return
        }
        this.#onBeat(pulse, bytes[at]!, new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(1))
      }
      rest = bytes.slice(at)
    })
    stream.addEventListener('close', () => {
      if (pulse.stream === stream) pulse.stream = null
    })
    stream.addEventListener('remoteCloseWrite', () => stream.abort(new Error('ping stream closed')))
  }

  #onBeat(pulse: Pulse, kind: number, sequence: number): void {
    if (kind === PING) {
      pulse.sequence = sequence
      send(pulse, PONG, sequence)
      return
    }
    if (sequence !== pulse.sequence) return
    this.#init.connections.measured(pulse.connection.remotePeer.toString(), performance.now() - pulse.sentAt)
    if (kind === PONG) send(pulse, ACK, sequence)
  }
}

function send(pulse: Pulse, kind: number, sequence: number): void {
  const stream = pulse.stream
  // A stream that cannot send keeps no queue of pings: the next tick tries again.
  if (stream === null || stream === 'opening' || stream.status !== 'open' || stream.writableNeedsDrain) return
  const bytes = new Uint8Array(BEAT_BYTES)
  bytes[0] = kind
  new DataView(bytes.buffer).setUint32(1, sequence)
  if (kind !== ACK) pulse.sentAt = performance.now()
  try {
    stream.send(bytes)
  } catch (error) {
    stream.abort(error as Error)
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.byteLength === 0) return b
  const out = new Uint8Array(a.byteLength + b.byteLength)
  out.set(a)
  out.set(b, a.byteLength)
  return out
}
