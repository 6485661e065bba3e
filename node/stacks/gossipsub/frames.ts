// Frames of the request protocols: kind (1 byte), length (4 bytes, big endian), payload.
// An answer ends with an explicit `end` frame, so that a cut connection cannot pass for a short answer.
import { RequestRefused } from '../port.ts'

export type FrameKind = 'data' | 'error' | 'end'
export interface Frame {
  readonly kind: FrameKind
  readonly payload: Uint8Array
}

export const HEADER_BYTES = 5
/** An error frame carries a code and a sentence. */
export const MAX_ERROR_BYTES = 512

export class FrameError extends Error {
  readonly code: 'malformed' | 'oversized'
  constructor(code: FrameError['code'], message: string) {
    super(message)
    this.name = 'FrameError'
    this.code = code
  }
}

const kinds: readonly FrameKind[] = ['data', 'error', 'end']
const empty = new Uint8Array(0)

/** Header of a frame; the payload is sent after it without being copied. */
export function frameHeader(kind: FrameKind, length: number): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES)
  header[0] = kinds.indexOf(kind)
  new DataView(header.buffer).setUint32(1, length)
  return header
}

/** Cuts a byte stream into frames. Throws FrameError as soon as a header breaks the limits, before its payload is awaited. */
export class FrameParser {
  readonly #maxDataBytes: number
  #chunks: Uint8Array[] = []
  #bytes = 0
  #header: { kind: FrameKind; length: number } | null = null
  /** After a bad header nothing that follows is a frame. */
  #broken: FrameError | null = null

  constructor(maxDataBytes: number) {
    this.#maxDataBytes = maxDataBytes
  }

  get bufferedBytes(): number {
    return this.#bytes
  }

  push(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return
    this.#chunks.push(chunk)
    this.#bytes += chunk.byteLength
  }

  /** A whole frame is buffered. Throws FrameError on a bad header. */
  get ready(): boolean {
    const header = this.#readHeader()
    return header !== null && this.#bytes >= header.length
  }

  /** The next whole frame, or null. Throws FrameError on a bad header. */
  next(): Frame | null {
    const header = this.#readHeader()
    if (header === null || this.#bytes < header.length) return null
    this.#header = null
    return { kind: header.kind, payload: this.#take(header.length) }
  }

  #fail(code: FrameError['code'], message: string): FrameError {
    this.#broken = new FrameError(code, message)
    return this.#broken
  }

  #readHeader(): { kind: FrameKind; length: number } | null {
    if (this.#broken !== null) throw this.#broken
    if (this.#header !== null) return this.#header
    if (this.#bytes < HEADER_BYTES) return null
    const bytes = this.#take(HEADER_BYTES)
    const kind = kinds[bytes[0]!]
    if (kind === undefined) throw this.#fail('malformed', `frame kind ${bytes[0]} does not exist`)
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1)
    const limit = kind === 'data' ? this.#maxDataBytes : kind === 'error' ? MAX_ERROR_BYTES : 0
    if (length > limit) throw this.#fail('oversized', `${kind} frame of ${length} bytes, at most ${limit} allowed`)
    this.#header = { kind, length }
    return this.#header
  }

  #take(length: number): Uint8Array {
    if (length === 0) return empty
    this.#bytes -= length
    const first = this.#chunks[0]!
    if (first.byteLength > length) {
      this.#chunks[0] = first.subarray(length)
      return first.subarray(0, length)
    }
    const out = new Uint8Array(length)
    let filled = 0
    let used = 0
    while (filled < length) {
      const chunk = this.#chunks[used]!
      const part = chunk.subarray(0, length - filled)
      out.set(part, filled)
      filled += part.byteLength
      if (part.byteLength < chunk.byteLength) this.#chunks[used] = chunk.subarray(part.byteLength)
      else used++
    }
    this.#chunks.splice(0, used)
    return out
  }
}

const codes: readonly RequestRefused['code'][] = ['rate-limited', 'malformed', 'unknown', 'busy']

/** Payload of the error frame that answers a refused request. */
export function encodeRefusal(refusal: RequestRefused): Uint8Array {
  const text = new TextEncoder().encode(refusal.message).subarray(0, MAX_ERROR_BYTES - 1)
  const payload = new Uint8Array(1 + text.byteLength)
  payload[0] = codes.indexOf(refusal.code)
  payload.set(text, 1)
  return payload
}

/** Reads an error frame. Throws FrameError when the code does not exist. */
export function decodeRefusal(payload: Uint8Array): RequestRefused {
  const code = codes[payload[0] ?? -1]
  if (code === undefined) throw new FrameError('malformed', 'error frame without a known code')
  return new RequestRefused(code, new TextDecoder().decode(payload.subarray(1)))
}
