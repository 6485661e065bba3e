import { expect, test } from 'vitest'
import { mintToken, readToken } from './token.ts'

const key = Buffer.alloc(32, 7)
const claim = { experiment: 'halves-7f3a', notAfter: 1_800_000_000_000 }
const token = mintToken(claim, key)
const [prefix, payload = '', signature] = token.split('.')
const forged = Buffer.from(JSON.stringify({ ...claim, notAfter: 9e15 })).toString('base64url')

test('says what it was made for', () => {
  expect(readToken(token, key)).toEqual(claim)
})

test.each([
  ['another key', token, Buffer.alloc(32, 8)],
  ['another claim', `${prefix}.${forged}.${signature}`, key],
  ['no signature', `${prefix}.${payload}.`, key],
  ['half a signature', token.slice(0, -20), key],
  ['more behind it', `${token}.x`, key],
  ['nothing', '', key],
  ['dots', '...', key],
  ['much', 'x'.repeat(100_000), key],
])('%s is worth nothing', (_name, text, otherKey) => {
  expect(readToken(text, otherKey)).toBeUndefined()
})

test('a short key makes no tokens', () => {
  expect(() => mintToken(claim, Buffer.alloc(31))).toThrow(RangeError)
})
