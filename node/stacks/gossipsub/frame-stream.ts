// Frames over one libp2p stream, with backpressure both ways.
// Reading: the peer gets no further window while frames wait here. Writing: one frame waits for the one before it to leave.
import type { Stream } from '@libp2p/interface'
import { type Frame, type FrameKind, FrameParser, frameHeader, HEADER_BYTES } from './frames.ts'
import { QUEUE_BYTES, READ_HIGH_WATER_BYTES } from './limits.ts'

/** The peer or the network ended the stream before its end frame. */
export class StreamEnded extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'StreamEnded'
  }
}

export class FrameStream {
  readonly #stream: Stream
  readonly #parser: FrameParser
  #ended: Error | null = null
  #failure: Error | null = null
  #wake: (() => void) | null = null
  #out: Uint8Array[] = []
  #outBytes = 0

  constructor(stream: Stream, maxFrameBytes: number) {
    this.#stream = stream
    this.#parser = new FrameParser(maxFrameBytes)
    stream.addEventListener('message', event => {
      this.#parser.push(event.data.subarray())
      this.#pauseWhenFull()
      this.#wake?.()
    })
    stream.addEventListener('remoteCloseWrite', () => this.#end(new StreamEnded('the peer closed the stream')))
    stream.addEventListener('close', event => this.#end(event.error ?? new StreamEnded('the stream closed')))
  }

  /** The next frame. Rejects with FrameError, StreamEnded, the stream's error or the signal's reason. */
  async read(signal: AbortSignal): Promise<Frame> {
    for (;;) {
      signal.throwIfAborted()
      if (this.#failure !== null) throw this.#failure
      const frame = this.#parser.next()
      if (frame !== null) {
        if (!this.#parser.ready) this.#resume()
        return frame
      }
      this.#resume()
      // Bytes held back while paused still come after the peer has closed its end.
      if (this.#ended !== null && this.#stream.readBufferLength === 0) throw this.#ended
      await this.#woken(signal)
    }
  }

  /** Sends a frame and those that were queued; resolves when the stream can take more. Rejects when the stream ends first. */
  async write(kind: FrameKind, payload: Uint8Array, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.#out.push(frameHeader(kind, payload.byteLength), payload)
    await this.#flush(signal)
  }

  /**
   * Like `write`, but a small frame waits for the next ones: each message costs the multiplexer's header, encryption,
   * a system call and a window update of the peer's. `write` must follow.
   */
  async queue(kind: FrameKind, payload: Uint8Array, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.#out.push(frameHeader(kind, payload.byteLength), payload)
    this.#outBytes += HEADER_BYTES + payload.byteLength
    if (this.#outBytes >= QUEUE_BYTES) await this.#flush(signal)
  }

  async #flush(signal: AbortSignal): Promise<void> {
    this.#stream.send(Buffer.concat(this.#out))
    this.#out = []
    this.#outBytes = 0
    await drained(this.#stream, signal)
  }

  abort(reason: Error): void {
    this.#stream.abort(reason)
  }

  /** Closes our end; what is unsent or unanswered after `graceMs` is reset. */
  finish(graceMs: number): void {
    const stream = this.#stream
    const timer = setTimeout(() => stream.abort(new StreamEnded('the peer did not close the stream')), graceMs)
    timer.unref()
    stream.addEventListener('close', () => clearTimeout(timer))
    if (stream.status !== 'open') clearTimeout(timer)
    stream.close({ signal: AbortSignal.timeout(graceMs) }).catch((error: Error) => stream.abort(error))
  }

  #pauseWhenFull(): void {
    try {
      if (this.#parser.bufferedBytes >= READ_HIGH_WATER_BYTES && this.#parser.ready) this.#stream.pause()
    } catch (error) {
      if (this.#stream.status === 'open') this.#failure = error as Error
    }
  }

  #resume(): void {
    if (this.#stream.readStatus === 'paused') this.#stream.resume()
  }

  #end(error: Error): void {
    this.#ended ??= error
    this.#wake?.()
  }

  async #woken(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onAbort = () => reject(signal.reason)
    this.#wake = resolve
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await promise
    } finally {
      this.#wake = null
      signal.removeEventListener('abort', onAbort)
    }
  }
}

/**
 * Resolves when the stream's write buffer can take more.
 * libp2p 3.3's own onDrain() keeps its first promise for ever, so it waits once and never again.
 */
async function drained(stream: Stream, signal: AbortSignal): Promise<void> {
  if (!stream.writableNeedsDrain) return
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onAbort = () => reject(signal.reason)
  const onClose = (event: { error?: Error }) => reject(event.error ?? new StreamEnded('the stream closed'))
  stream.addEventListener('drain', resolve as () => void)
  stream.addEventListener('close', onClose)
  signal.addEventListener('abort', onAbort)
  try {
    await promise
  } finally {
    stream.removeEventListener('drain', resolve as () => void)
    stream.removeEventListener('close', onClose)
    signal.removeEventListener('abort', onAbort)
  }
}
