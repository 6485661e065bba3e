import { expect, test } from 'vitest'
import { number } from './numbers.ts'

test.each([
  ['the first', [], ['a', 'b'], { a: 1, b: 2 }],
  [
    'what stays',
    [
      ['a', 1],
      ['b', 2],
    ],
    ['b', 'a'],
    { a: 1, b: 2 },
  ],
  [
    'a number whose bearer goes now',
    [
      ['a', 1],
      ['b', 2],
    ],
    ['b', 'c'],
    { b: 2, c: 3 },
  ],
  ['a number whose bearer went before', [['b', 2]], ['b', 'c'], { b: 2, c: 1 }],
] as const)('%s', (_name, before, keys, expected) => {
  expect(Object.fromEntries(number(keys, new Map(before)))).toEqual(expected)
})
