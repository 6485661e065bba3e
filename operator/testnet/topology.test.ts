import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seededRng } from '../../api/random.ts'
import { peerings, type StaticShape } from './topology.ts'

const named = (count: number) => Array.from({ length: count }, (_, index) => `n-${index}`)

test.each([
  ['full', 4, { 'n-0': ['n-1', 'n-2', 'n-3'], 'n-2': ['n-0', 'n-1', 'n-3'] }],
  ['ring', 4, { 'n-0': ['n-1', 'n-3'], 'n-2': ['n-1', 'n-3'] }],
  ['star', 4, { 'n-0': ['n-1', 'n-2', 'n-3'], 'n-2': ['n-0'] }],
  ['full', 1, { 'n-0': [] }],
  ['star', 1, { 'n-0': [] }],
] as const)('%s of %d', (shape, count, expected) => {
  const peers = peerings(shape, named(count), 2, seededRng('x'))
  for (const [name, list] of Object.entries(expected)) expect(peers.get(name)).toEqual(list)
})

test('every shape is connected, symmetric, without loops and the same for the same seed; random keeps its degree', () => {
  const world = fc.record({
    shape: fc.constantFrom<StaticShape>('full', 'ring', 'star', 'random'),
    count: fc.integer({ min: 3, max: 60 }),
    wanted: fc.integer({ min: 2, max: 32 }),
    seed: fc.string(),
  })
  fc.assert(
    fc.property(world, ({ shape, count, wanted, seed }) => {
      const degree = Math.min(wanted, count - 1)
      const names = named(count)
      const peers = peerings(shape, names, degree, seededRng(seed))
      expect(peerings(shape, names, degree, seededRng(seed))).toEqual(peers)
      for (const [name, list] of peers) {
        expect(list).not.toContain(name)
        expect(new Set(list).size).toBe(list.length)
        for (const other of list) expect(peers.get(other)).toContain(name)
        if (shape === 'random') {
          expect(list.length).toBeGreaterThanOrEqual(degree)
          expect(list.length).toBeLessThanOrEqual(Math.min(64, degree + 6))
        }
      }
      const reached = new Set([names[0]!])
      for (const name of reached) for (const other of peers.get(name)!) reached.add(other)
      expect(reached.size).toBe(count)
    }),
    { numRuns: 50 },
  )
})
