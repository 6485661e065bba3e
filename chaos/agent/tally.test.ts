import { expect, test } from 'vitest'
import { type Meter, type Metered, Tally } from './tally.ts'

type Told = readonly [name: string, metered: Metered, packets: number]
const totalsAfter = (...rounds: (readonly Told[])[]): Record<Metered, number> => {
  const tally = new Tally()
  for (const round of rounds)
    tally.see(new Map(round.map(([name, metered, packets]): [string, Meter] => [name, { metered, packets }])))
  return { in: tally.total('in'), out: tally.total('out'), shaped: tally.total('shaped') }
}

test.each<[what: string, rounds: (readonly Told[])[], totals: Record<Metered, number>]>([
  ['nothing yet', [], { in: 0, out: 0, shaped: 0 }],
  [
    'what is there',
    [
      [
        ['a', 'in', 3],
        ['b', 'out', 5],
        ['c', 'shaped', 7],
        ['d', 'in', 1],
      ],
    ],
    { in: 4, out: 5, shaped: 7 },
  ],
  ['the newest of each', [[['a', 'in', 3]], [['a', 'in', 9]]], { in: 9, out: 0, shaped: 0 }],
  ['what is gone', [[['a', 'in', 3]], []], { in: 3, out: 0, shaped: 0 }],
  ['what is gone, once', [[['a', 'in', 3]], [], []], { in: 3, out: 0, shaped: 0 }],
  ['what was made anew', [[['a', 'out', 3]], [['a', 'out', 1]], [['a', 'out', 2]]], { in: 0, out: 5, shaped: 0 }],
  ['what came again', [[['a', 'out', 3]], [], [['a', 'out', 4]]], { in: 0, out: 7, shaped: 0 }],
])('counts %s', (_, rounds, totals) => {
  expect(totalsAfter(...rounds)).toEqual(totals)
})
