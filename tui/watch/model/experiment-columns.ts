// The columns of the list of experiments, and of those that can be started.
import { glyphs, type Tone } from '../../theme.ts'
import type { Column } from './columns.ts'
import type { LibraryEntry, WatchedExperiment } from './picture.ts'

export const experimentColumns: readonly Column<WatchedExperiment>[] = [
  { title: 'NAME', priority: 0, max: 40, cell: row => row.name },
  { title: 'PHASE', priority: 0, cell: row => markOf(row).join(' '), tone: row => toneOf(row) },
  { title: 'FAULTS', priority: 1, max: 60, cell: row => row.faults.map(({ name }) => name).join(', ') },
  { title: 'WHY', priority: 2, max: 80, cell: row => row.message },
]

export const libraryColumns: readonly Column<LibraryEntry>[] = [
  { title: 'NAME', priority: 0, max: 40, cell: row => row.name },
  { title: 'FAULTS', priority: 2, max: 40, cell: row => row.faults },
  { title: 'WHAT IT DOES', priority: 1, max: 120, cell: row => row.says },
]

function markOf({ phase, over }: WatchedExperiment): [string, string] {
  const word = phase.toLowerCase()
  if (word === 'passed') return [glyphs.good, phase]
  if (word === 'failed') return [glyphs.bad, phase]
  return [over || word === 'pending' ? glyphs.idle : glyphs.warn, phase]
}

function toneOf(row: WatchedExperiment): Tone {
  const [glyph] = markOf(row)
  return glyph === glyphs.good ? 'good' : glyph === glyphs.bad ? 'bad' : glyph === glyphs.warn ? 'warn' : 'dim'
}
