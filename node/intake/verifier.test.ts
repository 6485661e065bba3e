import { expect, test } from 'vitest'
import type { SignatureJob } from '../chain/types.ts'
import { signingKey, Verifier } from './verifier.ts'

const key = signingKey('01'.repeat(32))
const job = (index: number): SignatureJob => {
  const message = Uint8Array.from([index & 255, index >> 8])
  return { publicKey: key.publicKey, message, signature: key.sign(message) }
}
const forged = (index: number): SignatureJob => ({ ...job(index), signature: job(index + 1).signature })
const good = (count: number): SignatureJob[] => Array.from({ length: count }, (_, index) => job(index))

test.each([
  ['nothing', [], true],
  ['one', good(1), true],
  ['more than the pool is given at a time', good(300), true],
  ['a forged one at the end', [...good(300), forged(1)], false],
  ['a forged one at the beginning', [forged(1), ...good(300)], false],
  ['an unparsable key alone', [{ ...job(0), publicKey: new Uint8Array(31) }], false],
  ['an unparsable key among good ones', [...good(5), { ...job(0), publicKey: new Uint8Array(31) }, ...good(5)], false],
] satisfies [string, SignatureJob[], boolean][])('%s', async (_, jobs, expected) => {
  expect(await new Verifier().verify(jobs)).toBe(expected)
})

test('batches at the same time keep their own results, and few signatures do not wait for many', async () => {
  const verifier = new Verifier()
  const order: string[] = []
  const done = (name: string) => (result: boolean) => {
    order.push(name)
    return result
  }
  const results = await Promise.all([
    verifier.verify(good(2_000)).then(done('body')),
    verifier.verify([...good(10), forged(3)]).then(done('forged body')),
    verifier.verify(good(2)).then(done('header')),
  ])
  expect(results).toEqual([true, false, true])
  expect(order[0]).toBe('header')
})
