import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Progress } from '../progress.ts'
import { coloured } from '../theme.ts'
import { table } from './table.ts'
import { cut, widthOf } from './width.ts'

test.each([
  ['abc', 3],
  ['日本', 4],
  ['e\u0301', 1],
  ['👩‍👩‍👧', 2],
  [coloured('bad', 'ab'), 2],
  ['‖●✗', 3],
  ['', 0],
])('%j takes %i columns', (text, columns) => {
  expect(widthOf(text)).toBe(columns)
})

test('what is cut is never wider than asked, and whole when it fits', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), fc.nat(20), (text, columns) => {
      const clean = text.replace(/\p{Cc}/gu, '')
      const short = cut(clean, columns)
      expect(widthOf(short)).toBeLessThanOrEqual(columns)
      if (widthOf(clean) <= columns) expect(short).toBe(clean)
    }),
  )
})

test('columns line up with wide characters; the last is cut; control characters do not get through', () => {
  const rows = [
    { name: '日本', count: 5, text: 'a\u001b[2Jb' },
    { name: 'x', count: 12, text: 'a long reason that does not fit' },
  ]
  const text = table(
    rows,
    [
      { title: 'NAME', cell: row => row.name },
      { title: 'COUNT', cell: row => String(row.count), right: true },
      { title: 'MORE', cell: () => 'more', wide: true },
      { title: 'REASON', cell: row => row.text },
    ],
    { wide: false, columns: 30 },
  )
  expect(text.split('\n')).toEqual(['NAME  COUNT  REASON', '日本      5  a [2Jb', 'x        12  a long reason th…'])
})

test('progress: a terminal redraws in place, a log gets new lines only and not too often', () => {
  let now = 0
  const written: string[] = []
  const sink = { live: true, columns: () => 20, write: (text: string) => void written.push(text) }
  const live = new Progress(sink, () => now)
  live.update('one\ntwo')
  live.update('one\ntwo')
  live.update('a line that is far too long for it')
  live.line('done')
  expect(written).toEqual([
    'one\ntwo\n',
    '\r\u001b[2A\u001b[0J',
    'a line that is fa…\n'.replace('fa…', 'far…'),
    '\r\u001b[1A\u001b[0J',
    'done\n',
  ])

  written.length = 0
  const log = new Progress({ ...sink, live: false }, () => now)
  log.update('a')
  log.update('b')
  now = 1_000
  log.update('b')
  log.update('b')
  expect(written).toEqual(['a\n', 'b\n'])
})
