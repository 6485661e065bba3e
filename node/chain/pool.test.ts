import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Account, emptyAccount, emptyState, getAccount, type State, setAccount } from './accounts.ts'
import { transactionBytes } from './body.ts'
import { execute } from './execute.ts'
import { toHex } from './hex.ts'
import { Pool, type PoolBounds } from './pool.ts'
import { transactionId } from './roots.ts'
import { hashKey, signTransaction } from './testing.ts'
import type { Hash, SignedTransaction } from './types.ts'

const domain = new Uint8Array(32).fill(1)
const keys = [0, 1, 2].map(n => hashKey(`pool-${n}`))
const rich = (): Account => ({ balance: 1_000, nonce: 0 })
const pay = (by: number, nonce: number, fee: number, change: { amount?: number; payload?: Uint8Array } = {}) =>
  signTransaction(keys[by]!, domain, { recipient: keys[(by + 1) % 3]!.publicKey, nonce, fee, ...change })
const idOf = (signed: SignedTransaction): Hash => transactionId(signed, domain)

/** Adds all; answers the pool and the results by position. */
function filled(list: readonly SignedTransaction[], bounds: Partial<PoolBounds> = {}, view = rich) {
  const pool = new Pool(domain, bounds)
  return { pool, results: list.map(signed => pool.add(signed, view)) }
}

describe('rules of entry', () => {
  const cases: [string, SignedTransaction[], Partial<PoolBounds>, () => Account, object][] = [
    ['a first one', [pay(0, 0, 1)], {}, rich, { kind: 'added', evicted: [] }],
    ['the same again', [pay(0, 0, 1), pay(0, 0, 1)], {}, rich, { kind: 'known' }],
    ['a used nonce', [pay(0, 0, 1)], {}, () => ({ balance: 9, nonce: 1 }), { code: 'stale-nonce' }],
    ['a gap', [pay(0, 5, 1)], { maxNonceAhead: 5 }, rich, { kind: 'added' }],
    ['a gap too wide', [pay(0, 6, 1)], { maxNonceAhead: 5 }, rich, { code: 'nonce-too-far' }],
    ['more than the balance', [pay(0, 0, 1_000)], {}, rich, { code: 'insufficient-balance' }],
    ['an unknown account', [pay(0, 0, 0)], {}, () => emptyAccount, { code: 'insufficient-balance' }],
    ['the same nonce for 109 %', [pay(0, 0, 100), pay(0, 0, 109)], {}, rich, { code: 'replacement-underpriced' }],
    [
      'the same nonce for 110 %',
      [pay(0, 0, 100), pay(0, 0, 110)],
      {},
      rich,
      { kind: 'added', replaced: idOf(pay(0, 0, 100)) },
    ],
    [
      'the same nonce for nothing',
      [pay(0, 0, 0), pay(0, 0, 0, { amount: 2 })],
      {},
      rich,
      { code: 'replacement-underpriced' },
    ],
    [
      "one beyond the sender's share",
      [0, 1, 2].map(n => pay(0, n, 1)),
      { maxPerSender: 2 },
      rich,
      { code: 'sender-limit' },
    ],
    [
      'a dear one into a full pool',
      [pay(0, 0, 2), pay(1, 0, 1), pay(2, 0, 3)],
      { maxCount: 2 },
      rich,
      { kind: 'added', evicted: [idOf(pay(1, 0, 1))] },
    ],
    [
      'a cheap one into a full pool',
      [pay(0, 0, 2), pay(1, 0, 3), pay(2, 0, 1)],
      { maxCount: 2 },
      rich,
      { code: 'pool-full' },
    ],
    [
      'one larger than the pool',
      [pay(0, 0, 9, { payload: new Uint8Array(500) })],
      { maxBytes: 400 },
      rich,
      { code: 'pool-full' },
    ],
  ]
  test.each(cases)('%s', (_, list, bounds, view, expected) => {
    expect(filled(list, bounds, view).results.at(-1)).toMatchObject(expected)
  })
})

describe('selection', () => {
  const select = (list: readonly SignedTransaction[], view: () => Account, maxBytes = 10_000) =>
    [...filled(list, {}, rich).pool.select(view, maxBytes)].map(({ message }) => [
      toHex(message.sender) === keys[0]!.address ? 0 : 1,
      message.nonce,
      message.fee,
    ])
  const [a, b] = [
    [pay(0, 0, 1), pay(0, 1, 9)],
    [pay(1, 0, 5), pay(1, 1, 2)],
  ]
  test('nonce order per sender, highest fee first across senders', () => {
    expect(select([...a, ...b], rich)).toEqual([
      [1, 0, 5],
      [1, 1, 2],
      [0, 0, 1],
      [0, 1, 9],
    ])
  })
  test('not beyond a gap', () => {
    expect(select([pay(0, 0, 1), pay(0, 2, 9)], rich)).toEqual([[0, 0, 1]])
  })
  test('not beyond the balance', () => {
    expect(select(a, () => ({ balance: 11, nonce: 0 }))).toEqual([[0, 0, 1]])
  })
  test("from the account's nonce on", () => {
    expect(select(a, () => ({ balance: 1_000, nonce: 1 }))).toEqual([[0, 1, 9]])
  })
  test('not beyond the bytes', () => {
    expect(select(a, rich, transactionBytes(a[0]!) + 1)).toEqual([[0, 0, 1]])
  })
  test('the next nonce follows what waits without a gap', () => {
    const { pool } = filled([pay(0, 0, 1), pay(0, 1, 1), pay(0, 3, 1)])
    expect(pool.nextNonce(keys[0]!.publicKey, rich)).toBe(2)
    expect(pool.nextNonce(keys[1]!.publicKey, rich)).toBe(0)
  })
})

test('only the very signature that was verified counts as verified', () => {
  const signed = pay(0, 0, 1)
  const { pool } = filled([signed])
  expect(pool.holds(idOf(signed), signed.signature)).toBe(true)
  expect(pool.holds(idOf(signed), new Uint8Array(64))).toBe(false)
})

const transaction = fc
  .tuple(fc.nat({ max: 2 }), fc.nat({ max: 6 }), fc.nat({ max: 30 }), fc.nat({ max: 300 }))
  .map(([by, nonce, fee, size]) => pay(by, nonce, fee, { payload: new Uint8Array(size) }))

test('within its bounds whatever comes, one transaction a sender and nonce, books balanced', () => {
  const bounds = { maxCount: 8, maxBytes: 2_000, maxPerSender: 5, maxNonceAhead: 5 }
  fc.assert(
    fc.property(fc.array(transaction, { maxLength: 60 }), list => {
      const pool = new Pool(domain, bounds)
      const alive = new Map<Hash, SignedTransaction>()
      for (const signed of list) {
        const result = pool.add(signed, rich)
        if (result.kind === 'added') {
          alive.set(result.id, signed)
          for (const id of result.evicted) alive.delete(id)
          if (result.replaced) alive.delete(result.replaced)
        }
        expect([...pool.ids()].sort()).toEqual([...alive.keys()].sort())
        expect(pool.count).toBeLessThanOrEqual(bounds.maxCount)
        expect(pool.bytes).toBeLessThanOrEqual(bounds.maxBytes)
        expect(pool.bytes).toBe([...alive.values()].reduce((sum, one) => sum + transactionBytes(one), 0))
        const slots = [...alive.values()].map(({ message }) => `${toHex(message.sender)} ${message.nonce}`)
        expect(new Set(slots).size).toBe(slots.length)
      }
    }),
    { numRuns: 100 },
  )
})

const start: State = keys.reduce((state, { publicKey }) => setAccount(state, publicKey, rich()), emptyState)

test('over reorgs no valid transaction is lost, and every selection can be executed', () => {
  /** What happens: transactions come in, a block is made of some, or the last blocks are reverted for others. */
  const event = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), signed: transaction }),
    fc.record({ kind: fc.constant('block' as const), maxBytes: fc.nat({ max: 2_000 }) }),
    fc.record({
      kind: fc.constant('reorg' as const),
      depth: fc.integer({ min: 1, max: 4 }),
      maxBytes: fc.nat({ max: 1_000 }),
    }),
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), events => {
      const pool = new Pool(domain)
      const states: State[] = [start]
      const blocks: SignedTransaction[][] = []
      const accepted = new Map<Hash, SignedTransaction>()
      const view = (address: Uint8Array) => getAccount(states.at(-1)!, address)
      const producer = new Uint8Array(32)
      const extend = (maxBytes: number): SignedTransaction[] => {
        const chosen = [...pool.select(view, maxBytes)]
        const result = execute(states.at(-1)!, chosen, producer)
        if (result.kind !== 'executed') throw new Error(result.message)
        states.push(result.state)
        blocks.push(chosen)
        return chosen
      }
      for (const happening of events) {
        if (happening.kind === 'add') {
          const result = pool.add(happening.signed, view)
          if (result.kind === 'added') accepted.set(result.id, happening.signed)
          if (result.kind === 'added' && result.replaced) accepted.delete(result.replaced)
        } else if (happening.kind === 'block') {
          const applied = extend(happening.maxBytes)
          expect(pool.reorg([], applied, view)).toEqual({ returned: [], dropped: [] })
        } else {
          const depth = Math.min(happening.depth, blocks.length)
          const reverted = blocks.splice(blocks.length - depth).flat()
          states.splice(states.length - depth)
          // The other branch holds a transaction of its own making, which may take the place of a reverted one.
          const rival = signTransaction(keys[0]!, domain, {
            nonce: view(keys[0]!.publicKey).nonce,
            amount: 7,
            fee: happening.maxBytes,
          })
          const result = execute(states.at(-1)!, [rival], producer)
          const applied = result.kind === 'executed' ? [rival] : []
          if (result.kind === 'executed') {
            states.push(result.state)
            blocks.push(applied)
          }
          const { returned, dropped } = pool.reorg(reverted, applied, view)
          const ids = reverted.map(idOf)
          expect([...returned, ...dropped].sort()).toEqual(ids.filter(id => !applied.map(idOf).includes(id)).sort())
          for (const id of dropped) {
            const { message } = reverted.find(signed => idOf(signed) === id)!
            const outdone = message.nonce < view(message.sender).nonce || slotTaken(message.sender, message.nonce, id)
            expect(outdone, `${id} was dropped without need`).toBe(true)
            accepted.delete(id)
          }
          for (const [id, { message }] of accepted)
            if (message.nonce < view(message.sender).nonce && !included().has(id)) accepted.delete(id)
        }
        const here = included()
        for (const [id, { message }] of accepted) {
          // Accepted and never replaced: in the chain, in the pool, or outdone by another with its nonce.
          const outdone = message.nonce < view(message.sender).nonce || slotTaken(message.sender, message.nonce, id)
          expect(here.has(id) || pool.has(id) || outdone, `${id} was lost`).toBe(true)
        }
        for (const id of here) expect(pool.has(id)).toBe(false)
      }
      function included(): Set<Hash> {
        return new Set(blocks.flat().map(idOf))
      }
      function slotTaken(sender: Uint8Array, nonce: number, id: Hash): boolean {
        return [...pool.ids()].some(other => {
          const message = pool.get(other)!.message
          return other !== id && message.nonce === nonce && toHex(message.sender) === toHex(sender)
        })
      }
    }),
    { numRuns: 150 },
  )
})
