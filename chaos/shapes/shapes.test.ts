import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { directions, type PartitionAction, shapes } from '../../api/experiment.ts'
import { seededRng } from '../../api/random.ts'
import { drops, type Grudge } from '../grudge.ts'
import type { SelectableNode } from '../select.ts'
import { halves, randomHalves } from './halves.ts'
import { grudgeOf } from './index.ts'
import { minoritySize } from './minority.ts'

const nodesOf = (count: number): SelectableNode[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `n${index}`,
    group: index % 3 === 0 ? 'a' : 'b',
    role: 'miner',
    region: 'r',
  }))
const names = (nodes: readonly SelectableNode[]): string[] => nodes.map(({ name }) => name)
const shape = (name: PartitionAction['shape'], direction: PartitionAction['direction'] = 'both'): PartitionAction => ({
  kind: 'partition',
  shape: name,
  direction,
  ...(name === 'groups' && { groups: [['a'], ['b']] }),
})
const cut = (
  name: PartitionAction['shape'],
  count: number,
  seed: string,
  direction: PartitionAction['direction'] = 'both',
): Grudge => grudgeOf(shape(name, direction), nodesOf(count), nodesOf(count), seededRng(seed))
const heardBy = (grudge: Grudge, node: string, count: number): string[] =>
  names(nodesOf(count)).filter(other => !drops(grudge, other, node))

const count = fc.integer({ min: 4, max: 40 })
const seed = fc.string()

describe('every shape', () => {
  test.each(shapes)('%s in both directions is symmetric, spares oneself and follows from the seed', name => {
    fc.assert(
      fc.property(count, seed, (n, s) => {
        const grudge = cut(name, n, s)
        for (const a of names(nodesOf(n))) {
          expect(drops(grudge, a, a)).toBe(false)
          for (const b of names(nodesOf(n))) expect(drops(grudge, a, b)).toBe(drops(grudge, b, a))
        }
        expect(cut(name, n, s)).toEqual(grudge)
        expect([...grudge.values()].some(set => set.size > 0)).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  test.each(['halves', 'random-halves', 'isolate', 'minority-third', 'groups'] as const)(
    '%s: in and out are the two one-way parts of both',
    name => {
      fc.assert(
        fc.property(count, seed, (n, s) => {
          const [both, inward, outward] = directions.map(direction => cut(name, n, s, direction))
          for (const a of names(nodesOf(n))) {
            for (const b of names(nodesOf(n))) {
              const ways = [drops(inward!, a, b), drops(outward!, a, b)]
              expect(ways.includes(true)).toBe(drops(both!, a, b))
              expect(ways).not.toEqual([true, true])
              expect(drops(inward!, a, b)).toBe(drops(outward!, b, a))
            }
          }
        }),
        { numRuns: 20 },
      )
    },
  )
})

test('halves differ by at most one node and divide each group as evenly', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 99 }), seed, (n, s) => {
      const all = names(nodesOf(n))
      for (const [left, right] of [halves(all), randomHalves(all, seededRng(s))]) {
        expect(Math.abs(left!.length - right!.length)).toBeLessThanOrEqual(1)
        expect([...left!, ...right!].sort()).toEqual([...all].sort())
      }
    }),
  )
  expect(halves(['bootstrap-0', 'miner-0', 'miner-1', 'miner-2', 'miner-3', 'load-0'])).toEqual([
    ['bootstrap-0', 'miner-1', 'miner-3'],
    ['miner-0', 'miner-2', 'load-0'],
  ])
})

test('bridge: one node hears everybody, the others only their half and the bridge', () => {
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 40 }), seed, (n, s) => {
      const grudge = cut('bridge', n, s)
      const heard = new Map(names(nodesOf(n)).map(name => [name, heardBy(grudge, name, n).length]))
      const bridges = [...heard].filter(([, total]) => total === n)
      expect(bridges).toHaveLength(1)
      const sizes = new Set([...heard].filter(([name]) => name !== bridges[0]![0]).map(([, total]) => total))
      for (const size of sizes) expect([Math.floor(n / 2) + 1, n - Math.floor(n / 2)]).toContain(size)
    }),
  )
})

test('majorities-ring: each hears a majority, no two the same, and somebody is cut', () => {
  fc.assert(
    fc.property(count, seed, (n, s) => {
      const grudge = cut('majorities-ring', n, s)
      const majorities = names(nodesOf(n)).map(name => heardBy(grudge, name, n))
      for (const heard of majorities) expect(heard.length).toBeGreaterThan(n / 2)
      expect(new Set(majorities.map(heard => heard.sort().join())).size).toBe(n)
    }),
    { numRuns: 50 },
  )
  // Five nodes: everybody loses exactly two, as in Jepsen's example.
  expect([...cut('majorities-ring', 5, 's').values()].map(set => set.size)).toEqual([2, 2, 2, 2, 2])
})

test('isolate and minority-third', () => {
  expect([1, 3, 4, 6, 7, 9, 10, 100].map(minoritySize)).toEqual([0, 0, 1, 1, 2, 2, 3, 33])
  const grudge = cut('minority-third', 8, 's')
  expect([...grudge.values()].map(set => set.size).sort()).toEqual([2, 2, 2, 2, 2, 2, 6, 6])
  const all = nodesOf(5)
  const one = grudgeOf(shape('isolate'), [all[2]!], all, seededRng('s'))
  expect(heardBy(one, 'n2', 5)).toEqual(['n2'])
  expect(heardBy(one, 'n0', 5)).toEqual(['n0', 'n1', 'n3', 'n4'])
  const deaf = grudgeOf(shape('isolate', 'in'), [all[2]!], all, seededRng('s'))
  expect(heardBy(deaf, 'n2', 5)).toEqual(['n2'])
  expect(heardBy(deaf, 'n0', 5)).toEqual(['n0', 'n1', 'n2', 'n3', 'n4'])
})
