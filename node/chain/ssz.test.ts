import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_BLOCK_BYTES, MAX_CERTIFICATE_BYTES, MAX_HEADER_BYTES, MAX_PARENTS, VOTE_BYTES } from './bounds.ts'
import { toHex } from './hex.ts'
import * as ssz from './ssz.ts'
import type { Header, SignedHeader, SignedTransaction } from './types.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const uint = fc.maxSafeNat()
const transaction: fc.Arbitrary<SignedTransaction> = fc.record({
  message: fc.record({
    sender: bytes(32),
    recipient: bytes(32),
    amount: uint,
    fee: uint,
    nonce: uint,
    payload: fc.uint8Array({ maxLength: 100 }),
  }),
  signature: bytes(64),
})
const headerMessage: fc.Arbitrary<Header> = fc.record({
  parents: fc.array(bytes(32), { maxLength: MAX_PARENTS }),
  height: uint,
  timestamp: uint,
  producer: bytes(32),
  difficulty: uint,
  ticket: bytes(64),
  stateRoot: bytes(32),
  bodyRoot: bytes(32),
})
const header: fc.Arbitrary<SignedHeader> = fc.record({ message: headerMessage, signature: bytes(64) })
const body = fc.array(transaction, { maxLength: 4 })
const checkpoint = fc.record({ hash: bytes(32).map(toHex), height: uint })
const voteMessage = fc.record({ source: checkpoint, target: checkpoint })
const signer = fc.record({ validator: bytes(32), signature: bytes(64) })

interface Codec<T> {
  readonly name: string
  readonly value: fc.Arbitrary<T>
  readonly encode: (value: T) => Uint8Array
  readonly decode: (bytes: Uint8Array) => T
}
const codec = <T>(
  name: string,
  value: fc.Arbitrary<T>,
  encode: (value: T) => Uint8Array,
  decode: (bytes: Uint8Array) => T,
) => ({ name, value, encode, decode }) as Codec<unknown>

const codecs = [
  codec('transaction', transaction, ssz.encodeTransaction, ssz.decodeTransaction),
  codec('header', header, ssz.encodeHeader, ssz.decodeHeader),
  codec('headers', fc.array(header, { maxLength: 4 }), ssz.encodeHeaders, ssz.decodeHeaders),
  codec('body', body, ssz.encodeBody, ssz.decodeBody),
  codec('block', fc.record({ header, transactions: body }), ssz.encodeBlock, ssz.decodeBlock),
  codec(
    'vote',
    signer.chain(by => voteMessage.map(message => ({ message, ...by }))),
    ssz.encodeVote,
    ssz.decodeVote,
  ),
  codec(
    'certificate',
    fc.record({ vote: voteMessage, signatures: fc.array(signer, { maxLength: 5 }) }),
    ssz.encodeCertificate,
    ssz.decodeCertificate,
  ),
]

describe.each(codecs)('$name', ({ value, encode, decode }) => {
  test('decode(encode(x)) = x', () => {
    fc.assert(
      fc.property(value, x => {
        expect(decode(encode(x))).toEqual(x)
      }),
      { numRuns: 100 },
    )
  })

  test('a cut or a trailing byte is refused or decodes to what encodes the same', () => {
    fc.assert(
      fc.property(value, fc.nat(), (x, cut) => {
        const encoded = encode(x)
        for (const changed of [encoded.subarray(0, cut % (encoded.length || 1)), new Uint8Array([...encoded, 0])]) {
          canonicalOrRefused(changed, encode, decode)
        }
      }),
      { numRuns: 100 },
    )
  })

  test('decoded bytes are copies', () => {
    const encoded = encode(fc.sample(value, { numRuns: 1, seed: 7 })[0])
    const decoded = decode(Buffer.from(encoded))
    const buffer = Buffer.from(encoded)
    const again = decode(buffer)
    buffer.fill(0xff)
    expect(again).toEqual(decoded)
  })
})

function canonicalOrRefused(
  input: Uint8Array,
  encode: (value: unknown) => Uint8Array,
  decode: (bytes: Uint8Array) => unknown,
): boolean {
  let value: unknown
  try {
    value = decode(input)
  } catch (error) {
    if (error instanceof ssz.DecodeError) return false
    throw error
  }
  if (Buffer.compare(encode(value), input) !== 0) throw new Error(`not canonical: ${toHex(input)}`)
  return true
}

test.each([
  [
    'a transaction with an amount above 2^53-1',
    () => {
      const encoded = ssz.encodeTransaction(fc.sample(transaction, 1)[0]!)
      encoded.fill(0xff, 4 + 64 + 64, 4 + 64 + 72)
      ssz.decodeTransaction(encoded)
    },
    'malformed',
  ],
  ['an empty header', () => ssz.decodeHeader(new Uint8Array(0)), 'malformed'],
  ['a header one byte too long', () => ssz.decodeHeader(new Uint8Array(MAX_HEADER_BYTES + 1)), 'oversized'],
  ['a block one byte too long', () => ssz.decodeBlock(new Uint8Array(MAX_BLOCK_BYTES + 1)), 'oversized'],
  ['a vote one byte too long', () => ssz.decodeVote(new Uint8Array(VOTE_BYTES + 1)), 'oversized'],
  ['a vote one byte too short', () => ssz.decodeVote(new Uint8Array(VOTE_BYTES - 1)), 'malformed'],
  [
    'a certificate one byte too long',
    () => ssz.decodeCertificate(new Uint8Array(MAX_CERTIFICATE_BYTES + 1)),
    'oversized',
  ],
] as const)('%s is refused', (_, decode, code) => {
  expect(decode).toThrow(expect.objectContaining({ name: 'DecodeError', code }))
})

test('the bounds are those of the encodings', () => {
  const widest: SignedHeader = {
    message: { ...fc.sample(headerMessage, 1)[0]!, parents: Array(MAX_PARENTS).fill(new Uint8Array(32)) },
    signature: new Uint8Array(64),
  }
  expect(ssz.encodeHeader(widest)).toHaveLength(MAX_HEADER_BYTES)
})

/** Inputs in the default run; `TRELLIS_FUZZ=1000000` for the long one. */
const inputs = Number(process.env.TRELLIS_FUZZ ?? 50_000)

test(`decoders survive ${inputs} mutated inputs`, { timeout: 1_800_000 }, () => {
  const seed = Number(process.env.TRELLIS_SEED ?? 1)
  const corpus = codecs.map(({ value, encode, decode }) => ({
    encode,
    decode,
    samples: fc.sample(value, { numRuns: 40, seed }).map(encode),
  }))
  let state = seed
  // xorshift32: the run is repeated by its seed.
  const random = (below: number): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
  let accepted = 0
  for (let i = 0; i < inputs; i++) {
    const { encode, decode, samples } = corpus[i % corpus.length]!
    const input = mutate(samples[random(samples.length)]!, samples[random(samples.length)]!, random)
    if (canonicalOrRefused(input, encode, decode)) accepted++
  }
  // Both ways must have been gone, or the mutations test nothing.
  expect(accepted).toBeGreaterThan(inputs / 100)
  expect(accepted).toBeLessThan(inputs)
})

function mutate(from: Uint8Array, other: Uint8Array, random: (below: number) => number): Uint8Array {
  let bytes = from.slice()
  for (let n = 1 + random(3); n > 0; n--) {
    const at = random(bytes.length || 1)
    switch (random(6)) {
      case 0: // flip a bit
        if (bytes.length > 0) bytes[at]! ^= 1 << random(8)
        break
      case 1: // an extreme byte, often in an offset at the front
        if (bytes.length > 0)
          bytes[random(2) ? at : random(Math.min(bytes.length, 16))] = [0, 1, 0x7f, 0x80, 0xff][random(5)]!
        break
      case 2: // truncate
        bytes = bytes.slice(0, at)
        break
      case 3: // extend
        bytes = new Uint8Array([...bytes, ...other.subarray(0, random(64))])
        break
      case 4: // remove a part
        bytes = new Uint8Array([...bytes.subarray(0, at), ...bytes.subarray(at + random(40))])
        break
      default: // splice two inputs
        bytes = new Uint8Array([...bytes.subarray(0, at), ...other.subarray(Math.min(at, other.length))])
    }
  }
  return bytes
}
