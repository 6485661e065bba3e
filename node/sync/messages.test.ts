import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DecodeError } from '../chain/ssz.ts'
import { MAX_BODIES_PER_REQUEST, MAX_HEADERS_PER_ANSWER, MAX_LOCATOR, MAX_POOL_REQUEST } from './bounds.ts'
import * as messages from './messages.ts'
import { judgeStatus } from './status.ts'

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytes => Buffer.from(bytes).toString('hex'))
const height = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const word = (maxLength: number) => fc.string({ unit: fc.constantFrom(...'abz09-_ .~!'), maxLength })
const checkpoint = fc.record({ hash, height })
const status: fc.Arbitrary<messages.Status> = fc.record({
  protocolVersion: fc.integer({ min: 0, max: 65_535 }),
  genesisHash: hash,
  chainId: word(63),
  head: fc.record({ hash, height, work: fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }) }),
  justified: checkpoint,
  finalized: checkpoint,
  name: word(63),
  capabilities: fc.array(word(32), { maxLength: messages.MAX_CAPABILITIES }),
})
const runs = { numRuns: Number(process.env.TRELLIS_FUZZ ?? 2_000) }

const codecs = [
  ['status', status, messages.encodeStatus, messages.decodeStatus],
  [
    'headers request',
    fc.record({
      locator: fc.array(hash, { maxLength: MAX_LOCATOR }),
      max: fc.integer({ min: 1, max: MAX_HEADERS_PER_ANSWER }),
    }),
    messages.encodeHeadersRequest,
    messages.decodeHeadersRequest,
  ],
  [
    'bodies request',
    fc.array(hash, { minLength: 1, maxLength: MAX_BODIES_PER_REQUEST }),
    messages.encodeBodiesRequest,
    messages.decodeBodiesRequest,
  ],
  ['finality request', height, messages.encodeFinalityRequest, messages.decodeFinalityRequest],
  [
    'pool request',
    fc.array(hash, { maxLength: MAX_POOL_REQUEST }),
    messages.encodePoolRequest,
    messages.decodePoolRequest,
  ],
  [
    'body frame',
    fc.option(fc.uint8Array({ maxLength: 200 }), { nil: undefined }),
    messages.encodeBodyFrame,
    messages.decodeBodyFrame,
  ],
] as unknown as [string, fc.Arbitrary<unknown>, (value: unknown) => Uint8Array, (bytes: Uint8Array) => unknown][]

describe.each(codecs)('%s', (_, arbitrary, encode, decode) => {
  test('decode(encode(x)) = x', () => {
    fc.assert(
      fc.property(arbitrary, value => {
        expect(decode(encode(value))).toEqual(value)
      }),
      { numRuns: 100 },
    )
  })

  test('mutated bytes decode to a canonical value or raise DecodeError', () => {
    const mutation = fc.record({ at: fc.nat(5_000), to: fc.nat(255), cut: fc.nat(40), add: fc.nat(3) })
    fc.assert(
      fc.property(arbitrary, mutation, (value, { at, to, cut, add }) => {
        const bytes = Uint8Array.from([...encode(value), ...new Uint8Array(add)])
        if (bytes.length > 0) bytes[at % bytes.length] = to
        const mutated = cut < bytes.length && cut % 3 === 0 ? bytes.subarray(0, bytes.length - cut) : bytes
        let decoded: unknown
        try {
          decoded = decode(mutated)
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
          return
        }
        expect(Buffer.from(encode(decoded)).equals(mutated)).toBe(true)
      }),
      runs,
    )
  })
})

test.each([
  ['a status of a megabyte', () => messages.decodeStatus(new Uint8Array(1_048_576)), 'oversized'],
  ['an endless locator', () => messages.decodeHeadersRequest(new Uint8Array(32 * 65 + 6)), 'oversized'],
  ['no bodies at all', () => messages.decodeBodiesRequest(new Uint8Array(0)), 'malformed'],
  ['too many bodies', () => messages.decodeBodiesRequest(new Uint8Array(32 * 65)), 'oversized'],
  ['an empty body frame', () => messages.decodeBodyFrame(new Uint8Array(0)), 'malformed'],
])('%s is refused', (_, decode, code) => {
  expect(decode).toThrow(expect.objectContaining({ name: 'DecodeError', code }))
})

describe('judgeStatus', () => {
  const zero = { hash: '00'.repeat(32), height: 0 }
  const ours: messages.Status = {
    protocolVersion: 1,
    genesisHash: 'aa'.repeat(32),
    chainId: 'quickstart',
    head: { ...zero, work: 0n },
    justified: zero,
    finalized: zero,
    name: 'miner-0',
    capabilities: [],
  }
  test.each([
    ['the same', {}, { kind: 'ok' }],
    ['another head and name', { name: 'x', head: { ...zero, height: 9, work: 5n } }, { kind: 'ok' }],
    [
      'another chain',
      { chainId: 'b' },
      { kind: 'wrong', code: 'wrong-network', reason: 'chain b, ours is quickstart' },
    ],
    [
      'another genesis',
      { genesisHash: 'bb'.repeat(32) },
      { code: 'wrong-network', reason: 'genesis bbbbbbbbbbbbbbbb, ours is aaaaaaaaaaaaaaaa' },
    ],
    ['another version', { protocolVersion: 2 }, { code: 'wrong-version', reason: 'protocol version 2, ours is 1' }],
  ])('%s', (_, change, expected) => {
    expect(judgeStatus(ours, { ...ours, ...change })).toMatchObject(expected)
  })
})
