// `trellis check`: one line a thing that was looked at.
import type { CheckRow, CheckState } from '../check/row.ts'
import { glyphs, type Paint, type Tone } from '../theme.ts'
import { table } from './table.ts'

const marks: Readonly<Record<CheckState, readonly [string, Tone]>> = {
  ok: [glyphs.good, 'good'],
  missing: [glyphs.bad, 'bad'],
  without: [glyphs.warn, 'warn'],
}

/** What is not ok stands below the table in whole sentences: a column would cut it. */
export function checkText(rows: readonly CheckRow[], options: { columns: number; paint: Paint }): string {
  const { columns, paint } = options
  const text = table<CheckRow>(
    rows,
    [
      { title: 'CHECK', cell: row => row.name },
      {
        title: 'STATE',
        cell: row => `${marks[row.state][0]} ${row.state}`,
        paint: (row, cell) => paint(marks[row.state][1], cell),
      },
      { title: 'FOUND', cell: row => row.found },
    ],
    { wide: false, columns },
  )
  const mends = rows.filter(({ mend }) => mend !== '')
  if (mends.length === 0) return text
  const lines = mends.map(
    ({ name, state, found, mend }) => `${paint(marks[state][1], marks[state][0])} ${name}: ${found}; ${mend}`,
  )
  return [text, '', ...lines].join('\n')
}
