// What is said of faults that nobody renewed while their runner was replaced.
import { expect, test } from 'vitest'
import type { FaultWindow } from '../../../api/run.ts'
import { rowId } from '../../../chaos/matrix.ts'
import type { Target } from '../../../chaos/runner/target.ts'
import { lapses } from './lapses.ts'

const window = (fault: string, more: Partial<FaultWindow> = {}): FaultWindow => ({
  fault,
  plannedStart: 0,
  plannedEnd: 20_000,
  injectedAt: 100,
  liftedAt: null,
  endedAt: null,
  targets: ['a', 'b', 'c'],
  sides: [],
  failures: [],
  counters: [],
  ...more,
})
/** Rows in force by node; a node that is not named does not answer. */
const holding = (rows: Readonly<Record<string, readonly string[]>>): Pick<Target, 'links'> => ({
  links: {
    put: async () => {},
    end: async () => undefined,
    inForce: async node => rows[node]?.map(fault => rowId('x', fault)) ?? Promise.reject(new Error('no answer')),
  },
})

test.each<[string, FaultWindow, Readonly<Record<string, readonly string[]>>, string[]]>([
  ['all hold', window('cut'), { a: ['cut'], b: ['cut'], c: ['other', 'cut'] }, []],
  [
    'two have lost it',
    window('cut'),
    { a: ['cut'], b: [], c: ['other'] },
    ['cut had lapsed at 2 of 3 nodes before another runner took over'],
  ],
  ['one does not answer', window('cut'), { a: ['cut'], c: ['cut'] }, []],
  ['it was not in force yet', window('cut', { injectedAt: null }), {}, []],
  ['it was lifted', window('cut', { liftedAt: 900 }), { a: [], b: [], c: [] }, []],
  ['its time is over', window('cut', { plannedEnd: 1_000 }), { a: [], b: [], c: [] }, []],
  ['it is none of links', window('kill', { hits: [] }), { a: [], b: [], c: [] }, []],
])('%s', async (_name, each, rows, said) => {
  expect(await lapses(holding(rows), 'x', [each], new AbortController().signal, 1_000)).toEqual(said)
})
