import { expect, test } from 'vitest'
import { controlledBy, controllerOf, isForeign } from './owner.ts'

const testnet = { apiVersion: 'trellis.dev/v1alpha1', kind: 'Testnet', metadata: { name: 'a', uid: 'u-1' } }
const owned = (...ownerReferences: ReturnType<typeof controlledBy>[]) => ({ metadata: { name: 'x', ownerReferences } })

test('an object is its controller’s, and foreign to all others', () => {
  const reference = controlledBy(testnet)
  const other = { ...reference, uid: 'u-2' }
  expect(controllerOf(owned(reference), 'Testnet')).toEqual(reference)
  expect(controllerOf(owned(reference), 'ChaosExperiment')).toBeUndefined()
  expect(controllerOf(owned({ ...reference, controller: false }), 'Testnet')).toBeUndefined()
  expect([
    isForeign(owned(reference), reference),
    isForeign(owned(other), reference),
    isForeign(owned(), reference),
  ]).toEqual([false, true, true])
})

test('what was never stored owns nothing', () => {
  expect(() => controlledBy({ ...testnet, metadata: { name: 'a' } })).toThrow('Testnet a was never stored')
})
