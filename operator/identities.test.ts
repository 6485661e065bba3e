import fc from 'fast-check'
import { expect, test } from 'vitest'
import { identities } from './identities.ts'
import { derive, type Purpose } from './testnet/identity.ts'

test('the platform derives what the pure functions derive', () => {
  const native = identities()
  const purposes: readonly Purpose[] = ['network/miner-0', 'validator/miner-0', 'load/load-0/31', 'canary/7']
  fc.assert(
    fc.property(
      fc.string({ minLength: 1, maxLength: 128, unit: 'binary' }),
      fc.constantFrom(...purposes),
      (seed, purpose) => {
        const [{ seed: key, publicKey, peerId }, expected] = [native(seed, purpose), derive(seed, purpose)]
        expect({ key, publicKey, peerId }).toEqual({
          key: expected.seed,
          publicKey: expected.publicKey,
          peerId: expected.peerId,
        })
      },
    ),
    { numRuns: 40 },
  )
})

test('an identity is kept, and told from one with a similar name', () => {
  const native = identities()
  expect(native('a', 'network/b-0')).toBe(native('a', 'network/b-0'))
  expect(native('a', 'network/b-0').seed).not.toBe(native('ab', 'network/-0').seed)
})
