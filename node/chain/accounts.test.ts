import fc from 'fast-check'
import { expect, test } from 'vitest'
import { proveAccount, verifyAccountProof } from './account-proof.ts'
import {
  type Account,
  accountsOf,
  emptyAccount,
  emptyState,
  getAccount,
  type State,
  setAccount,
  stateRoot,
} from './accounts.ts'
import { toHex } from './hex.ts'
import { decodeState, encodeState } from './snapshot.ts'
import { DecodeError } from './ssz.ts'

// Few addresses, so that changes meet; the account without anything is a removal.
const address = fc.integer({ min: 0, max: 40 }).map(n => new Uint8Array(32).fill(n))
const account: fc.Arbitrary<Account> = fc.oneof(
  fc.constant(emptyAccount),
  fc.record({ balance: fc.maxSafeNat(), nonce: fc.maxSafeNat() }),
)
const changes = fc.array(fc.tuple(address, account), { maxLength: 80 })

const apply = (state: State, list: readonly (readonly [Uint8Array, Account])[]): State =>
  list.reduce((at, [where, what]) => setAccount(at, where, what), state)
const rootOf = (state: State): string => toHex(stateRoot(state))

test('reads like a map, and the root depends on the accounts only', () => {
  fc.assert(
    fc.property(changes, fc.infiniteStream(fc.nat()), (list, order) => {
      const state = apply(emptyState, list)
      const model = new Map(list.map(([where, what]) => [toHex(where), [where, what] as const]))
      for (const [where, what] of model.values()) expect(getAccount(state, where)).toEqual(what)
      const shuffled = [...model.values()].map(entry => ({ entry, key: order.next().value ?? 0 }))
      shuffled.sort((a, b) => a.key - b.key)
      expect(
        rootOf(
          apply(
            emptyState,
            shuffled.map(({ entry }) => entry),
          ),
        ),
      ).toBe(rootOf(state))
      expect([...accountsOf(state)]).toHaveLength(
        [...model.values()].filter(([, what]) => what !== emptyAccount && (what.balance || what.nonce)).length,
      )
    }),
    { numRuns: 200 },
  )
})

test('an old state is untouched by later ones, and undoing a change gives its root back', () => {
  fc.assert(
    fc.property(changes, address, account, (list, where, what) => {
      const state = apply(emptyState, list)
      const [root, before] = [rootOf(state), getAccount(state, where)]
      const changed = setAccount(state, where, what)
      rootOf(changed)
      expect(rootOf(state)).toBe(root)
      expect(rootOf(setAccount(changed, where, before))).toBe(root)
    }),
    { numRuns: 200 },
  )
})

test('proofs of presence and absence hold for their root and for nothing else', () => {
  fc.assert(
    fc.property(changes, address, fc.nat(), fc.maxSafeNat(), (list, where, at, other) => {
      const state = apply(emptyState, list)
      const root = stateRoot(state)
      const proof = proveAccount(state, where)
      expect(verifyAccountProof(root, where, proof)).toEqual(getAccount(state, where))
      if (proof.leaf && other !== proof.leaf.account.balance) {
        const account = { ...proof.leaf.account, balance: other }
        expect(verifyAccountProof(root, where, { ...proof, leaf: { ...proof.leaf, account } })).toBeUndefined()
      }
      if (proof.leaf) expect(verifyAccountProof(root, where, { siblings: proof.siblings })).toBeUndefined()
      if (proof.siblings.length > 0) {
        const siblings = proof.siblings.map(sibling => sibling.slice())
        siblings[at % siblings.length]![0]! ^= 1
        expect(verifyAccountProof(root, where, { ...proof, siblings })).toBeUndefined()
        expect(verifyAccountProof(root, where, { ...proof, siblings: proof.siblings.slice(1) })).toBeUndefined()
      }
    }),
    { numRuns: 200 },
  )
})

test('a leaf of another place proves no absence', () => {
  const accounts = [1, 2, 3, 4, 5, 6, 7, 8].map(n => [new Uint8Array(32).fill(n), { balance: n, nonce: 0 }] as const)
  const state = apply(emptyState, accounts)
  const root = stateRoot(state)
  for (const [mine] of accounts) {
    for (const [theirs] of accounts) {
      if (mine === theirs) continue
      expect(verifyAccountProof(root, mine, proveAccount(state, theirs))).toBeUndefined()
    }
  }
})

test('a state survives its bytes; broken bytes are refused', () => {
  fc.assert(
    fc.property(changes, list => {
      const state = apply(emptyState, list)
      expect(rootOf(decodeState(encodeState(state)))).toBe(rootOf(state))
    }),
    { numRuns: 50 },
  )
  expect(() => decodeState(new Uint8Array(47))).toThrow(DecodeError)
})
