// The columns of the list of blocks.
import { glyphs } from '../../theme.ts'
import type { Column } from './columns.ts'
import type { WatchedBlock } from './picture.ts'
import type { State } from './state.ts'

export function blockColumns({ sides, producers, delays }: State): Column<WatchedBlock>[] {
  const branch = ({ heads }: WatchedBlock): string =>
    sides
      .filter(({ hash }) => heads.includes(hash))
      .map(({ letter }) => letter)
      .join('')
  const delay = ({ hash }: WatchedBlock): number | null => median(delays.get(hash) ?? [])
  return [
    { title: 'HEIGHT', priority: 0, right: true, cell: row => String(row.height), value: row => row.height },
    { title: 'BRANCH', priority: 0, cell: row => branch(row) || '-' },
    { title: 'BLOCK', priority: 0, cell: row => row.hash.slice(0, 10) },
    { title: 'PARENT', priority: 5, cell: row => row.parent.slice(0, 10) },
    { title: 'PRODUCER', priority: 1, max: 32, cell: row => producers.get(row.producer) ?? row.producer.slice(0, 10) },
    {
      title: 'DELAY',
      priority: 2,
      right: true,
      cell: row => (delay(row) === null ? '-' : `${delay(row)} ms`),
      value: delay,
    },
    { title: 'TXS', priority: 3, right: true, cell: row => String(row.transactions), value: row => row.transactions },
    {
      title: 'FINAL',
      priority: 4,
      cell: row => (row.finalized ? `${glyphs.good} yes` : glyphs.idle),
      tone: row => (row.finalized ? 'good' : 'dim'),
    },
  ]
}

/** Null of none. */
function median(values: readonly number[]): number | null {
  if (values.length === 0) return null
  const ordered = [...values].sort((a, b) => a - b)
  return Math.round(ordered[Math.floor(ordered.length / 2)]!)
}
