import { expect, test } from 'vitest'
import { type Format, type Listing, linesOf } from './output.ts'

const rows = [
  { name: 'a', height: 5, ageMs: 10 },
  { name: 'b', height: 6, ageMs: 10 },
]
const listing: Listing<(typeof rows)[number]> = {
  rows,
  name: row => row.name,
  table: wide => [wide ? 'NAME HEIGHT' : 'NAME', ...rows.map(row => `${row.name} ${row.height}`)].join('\n'),
  below: ['all is well'],
  notes: [],
}
const texts = (format: Format, again = false): string[] => linesOf(listing, format, again).map(({ text }) => text)

test.each<[Format, boolean, string[]]>([
  ['table', false, ['NAME', 'a 5', 'b 6', 'all is well']],
  ['wide', false, ['NAME HEIGHT', 'a 5', 'b 6', 'all is well']],
  ['name', false, ['a', 'b']],
  ['json', true, [JSON.stringify(rows)]],
  ['yaml', true, ['---\n- name: a\n  height: 5\n  ageMs: 10\n- name: b\n  height: 6\n  ageMs: 10']],
])('%s, one of several: %j', (format, again, expected) => expect(texts(format, again)).toEqual(expected))

test('JSON that is told once is laid out for people', () => expect(JSON.parse(texts('json')[0]!)).toEqual(rows))

test('no rows: nothing but an empty list for programs', () => {
  const none = { ...listing, rows: [] }
  expect(linesOf(none, 'table', false)).toEqual([])
  expect(linesOf(none, 'name', false)).toEqual([])
  expect(linesOf(none, 'json', false)).toMatchObject([{ text: '[]' }])
})

test('a line says the same when only its age differs', () => {
  const older = { ...listing, rows: rows.map(row => ({ ...row, ageMs: 999, height: row.name === 'a' ? 5 : 7 })) }
  const says = (of: typeof listing): string[] => linesOf(of, 'table', true).map(line => line.says)
  const [before, after] = [says(listing), says(older)]
  expect(after.map((text, at) => text === before[at])).toEqual([true, true, false, true])
})
