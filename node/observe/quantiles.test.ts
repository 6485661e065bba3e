import { expect, test } from 'vitest'
import { quantiles } from './quantiles.ts'

test.each([
  [[], [0, 0.5, 1], []],
  [[7], [0, 0.5, 1], [7, 7, 7]],
  [
    [4, -1, 3, 2],
    [0, 0.25, 0.5, 0.75, 1],
    [-1, -1, 2, 3, 4],
  ],
  [
    [3, 1, 2],
    [0.5, 1],
    [2, 3],
  ],
] as const)('%j has %j at %j', (values, wanted, expected) => {
  expect(quantiles(values, wanted)).toEqual(expected)
})
