import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RequestRefused } from '../port.ts'
import {
  decodeRefusal,
  encodeRefusal,
  type Frame,
  FrameError,
  FrameParser,
  frameHeader,
  HEADER_BYTES,
  MAX_ERROR_BYTES,
} from './frames.ts'

const MAX = 1_000
const encode = (frames: readonly Frame[]) =>
  Buffer.concat(frames.flatMap(frame => [frameHeader(frame.kind, frame.payload.byteLength), frame.payload]))
function parse(bytes: Uint8Array, cuts: readonly number[]): Frame[] {
  const parser = new FrameParser(MAX)
  const frames: Frame[] = []
  let at = 0
  for (const cut of [...cuts, bytes.byteLength]) {
    parser.push(bytes.subarray(at, at + cut))
    at = Math.min(bytes.byteLength, at + cut)
    for (let frame = parser.next(); frame !== null; frame = parser.next()) frames.push(frame)
    // Bounded: what waits is less than one frame beyond what was just pushed.
    expect(parser.bufferedBytes).toBeLessThan(HEADER_BYTES + MAX)
  }
  return frames
}

const payload = (max: number) => fc.uint8Array({ maxLength: max })
const frame: fc.Arbitrary<Frame> = fc.oneof(
  payload(MAX).map(bytes => ({ kind: 'data' as const, payload: bytes })),
  payload(MAX_ERROR_BYTES).map(bytes => ({ kind: 'error' as const, payload: bytes })),
  fc.constant({ kind: 'end' as const, payload: new Uint8Array(0) }),
)

describe('frames', () => {
  test('a broken stream stays broken the same way, whatever comes after', () => {
    const parser = new FrameParser(MAX)
    parser.push(frameHeader('data', MAX + 1))
    for (const more of [new Uint8Array(0), new Uint8Array(100).fill(255), frameHeader('end', 0)]) {
      parser.push(more)
      expect(() => parser.next()).toThrow(expect.objectContaining({ name: 'FrameError', code: 'oversized' }))
    }
  })

  test('however the bytes are cut, the same frames come out', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.nat(300), { maxLength: 30 }), (frames, cuts) => {
        const bytes = encode(frames)
        const out = parse(bytes, cuts).map(f => [f.kind, Buffer.from(f.payload).toString('hex')])
        expect(out).toEqual(frames.map(f => [f.kind, Buffer.from(f.payload).toString('hex')]))
      }),
      { numRuns: 300 },
    )
  })

  test('any bytes give frames within the limits or a FrameError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), bytes => {
        try {
          for (const { kind, payload } of parse(bytes, [])) {
            expect(payload.byteLength).toBeLessThanOrEqual(
              kind === 'data' ? MAX : kind === 'error' ? MAX_ERROR_BYTES : 0,
            )
          }
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  test.each([
    ['a length above the limit', frameHeader('data', MAX + 1), 'oversized'],
    ['an end with a payload', frameHeader('end', 1), 'oversized'],
    ['a kind that does not exist', Uint8Array.of(9, 0, 0, 0, 0), 'malformed'],
  ])('%s is refused by its header alone', (_, bytes, code) => {
    const parser = new FrameParser(MAX)
    parser.push(bytes)
    expect(() => parser.next()).toThrow(expect.objectContaining({ name: 'FrameError', code }))
  })

  test('refusals keep their code, and their text is cut to the limit', () => {
    const decoded = decodeRefusal(encodeRefusal(new RequestRefused('busy', 'x'.repeat(10_000))))
    expect([decoded.code, decoded.message.length]).toEqual(['busy', MAX_ERROR_BYTES - 1])
    expect(() => decodeRefusal(Uint8Array.of(200))).toThrow(FrameError)
    expect(() => decodeRefusal(new Uint8Array(0))).toThrow(FrameError)
  })
})
