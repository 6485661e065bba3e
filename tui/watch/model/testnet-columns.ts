// The columns of the list of testnets.
import type { TestnetReport } from '../../model/testnet-summary.ts'
import { glyphs, type Tone } from '../../theme.ts'
import { age } from '../../views/status.ts'
import type { Column } from './columns.ts'

export function testnetColumns(reports: readonly TestnetReport[]): Column<TestnetReport>[] {
  const namespaces = reports.some(({ namespace }) => namespace !== '')
  return [
    ...(namespaces ? [{ title: 'NAMESPACE', priority: 5, cell: (row: TestnetReport) => row.namespace, max: 24 }] : []),
    { title: 'NAME', priority: 0, max: 40, cell: row => row.name },
    { title: 'STATE', priority: 0, cell: row => stateOf(row).join(' '), tone: row => toneOf(row) },
    {
      title: 'READY',
      priority: 1,
      right: true,
      cell: row => (row.state === 'dead' ? '-' : `${row.ready}/${row.nodes}`),
      value: row => row.ready,
    },
    {
      title: 'HEADS',
      priority: 2,
      right: true,
      cell: row => (row.headCount > 1 ? `▲ ${row.headCount}` : String(row.headCount || '-')),
      tone: row => (row.headCount > 1 ? 'warn' : undefined),
      value: row => row.headCount,
    },
    {
      title: 'HEIGHT',
      priority: 1,
      right: true,
      cell: row => String(row.height?.max ?? '-'),
      value: row => row.height?.max ?? null,
    },
    {
      title: 'FINAL',
      priority: 3,
      right: true,
      cell: row => String(row.finalized ?? '-'),
      value: row => row.finalized,
    },
    { title: 'AGE', priority: 4, right: true, cell: row => age(row.ageMs), value: row => row.ageMs },
    { title: 'PLACE', priority: 6, cell: row => row.place, max: 60 },
  ]
}

function stateOf({ state, headCount, ready, nodes }: TestnetReport): [string, string] {
  if (state === 'dead' || state === 'failed') return [glyphs.bad, state]
  if (state !== 'running') return [glyphs.idle, state]
  return headCount > 1 || ready < nodes ? [glyphs.warn, state] : [glyphs.good, state]
}

function toneOf(row: TestnetReport): Tone {
  const [glyph] = stateOf(row)
  return glyph === glyphs.bad ? 'bad' : glyph === glyphs.warn ? 'warn' : glyph === glyphs.good ? 'good' : 'dim'
}
