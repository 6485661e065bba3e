import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FaultAction } from '../api/experiment.ts'
import { shapes } from '../api/experiment.ts'
import { compile } from './matrix.ts'
import { cutUnder, hearing, sidesOf } from './reach.ts'

const nodesOf = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    name: `n${index}`,
    group: index % 3 === 0 ? 'a' : 'b',
    role: 'miner',
    region: 'r',
  }))
const partition = (shape: (typeof shapes)[number], direction: 'both' | 'in' | 'out'): FaultAction => ({
  kind: 'partition',
  shape,
  direction,
  ...(shape === 'groups' && { groups: [['a'], ['b']] }),
})
const cuts = (seed: string, count: number, actions: readonly FaultAction[]) =>
  compile(
    {
      seed,
      faults: actions.map((action, index) => ({ name: `f${index}`, atMs: 0, durationMs: 1, select: {}, action })),
    },
    nodesOf(count),
  )

test('who hears whom over any number of hops is what following every link finds', () => {
  const action = fc
    .record({ shape: fc.constantFrom(...shapes), direction: fc.constantFrom('both', 'in', 'out') })
    .map(({ shape, direction }) => partition(shape, ['bridge', 'majorities-ring'].includes(shape) ? 'both' : direction))
  fc.assert(
    fc.property(
      fc.string(),
      fc.integer({ min: 4, max: 12 }),
      fc.array(action, { maxLength: 3 }),
      (seed, count, list) => {
        const faults = cuts(seed, count, list)
        const names = nodesOf(count).map(({ name }) => name)
        const expected = new Map(
          names.map(name => {
            const heard = new Set([name])
            for (const next of heard) for (const other of names) if (!cutUnder(faults, other, next)) heard.add(other)
            return [name, heard]
          }),
        )
        expect(hearing(faults, names)).toEqual(expected)
      },
    ),
    { numRuns: 60 },
  )
})

test('halves of a thousand nodes are two sides, found at once', () => {
  const names = nodesOf(1_000).map(({ name }) => name)
  const sides = sidesOf(hearing(cuts('s', 1_000, [partition('halves', 'both')]), names))
  expect(sides.map(({ length }) => length)).toEqual([500, 500])
  expect(sides[0]![0]).toBe('n0')
})
