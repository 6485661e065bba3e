import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Chain } from './chain.ts'
import { type Orphan, Orphans } from './orphans.ts'
import { hashNetwork, makeBlock } from './testing.ts'

const { genesis, validators } = hashNetwork(1, 0)
const block = makeBlock(new Chain(genesis), validators[0]!)
const orphan = (hash: string, change: Partial<Orphan> = {}): Orphan => ({
  hash,
  parent: `${hash}-parent`,
  block,
  bytes: 10,
  from: 'a',
  at: 0,
  ...change,
})

test('children come back by their parent', () => {
  const orphans = new Orphans()
  orphans.add(orphan('c', { parent: 'b' }))
  orphans.add(orphan('d', { parent: 'c' }))
  orphans.add(orphan('e', { parent: 'b' }))
  expect(orphans.children('b').map(({ hash }) => hash)).toEqual(['c', 'e'])
  expect(orphans.take('c')?.hash).toBe('c')
  expect(orphans.children('b').map(({ hash }) => hash)).toEqual(['e'])
})

test('the old ones and those below finality expire', () => {
  const orphans = new Orphans({ maxAgeMs: 100 })
  orphans.add(orphan('old', { at: 0 }))
  orphans.add(orphan('young', { at: 50 }))
  expect(orphans.expire(101, 0).map(({ hash }) => hash)).toEqual(['old'])
  expect(orphans.expire(101, 1).map(({ hash }) => hash)).toEqual(['young'])
  expect([orphans.count, orphans.bytes]).toEqual([0, 0])
})

test('bounds hold whatever comes: count, bytes and the share of a peer', () => {
  const arrival = fc.record({
    hash: fc.nat({ max: 30 }).map(String),
    bytes: fc.nat({ max: 60 }),
    from: fc.constantFrom('a', 'b', 'c'),
  })
  fc.assert(
    fc.property(fc.array(arrival, { maxLength: 80 }), list => {
      const orphans = new Orphans({ maxCount: 6, maxBytes: 100, maxPerPeer: 3 })
      const from = new Map<string, string>()
      for (const { hash, bytes, from: peer } of list) {
        if (!orphans.has(hash) && orphans.add(orphan(hash, { bytes, from: peer }))) from.set(hash, peer)
        const held = [...from].filter(([known]) => orphans.has(known))
        expect(orphans.count).toBe(held.length)
        expect(orphans.count).toBeLessThanOrEqual(6)
        expect(orphans.bytes).toBeLessThanOrEqual(100)
        for (const one of ['a', 'b', 'c']) expect(held.filter(([, by]) => by === one).length).toBeLessThanOrEqual(3)
      }
    }),
    { numRuns: 100 },
  )
})
