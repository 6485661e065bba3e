// `trellis nodes`: one line a node.
import type { NodeRow } from '../model/node-rows.ts'
import { glyphs, type Paint, type Tone } from '../theme.ts'
import { type Column, table } from './table.ts'

const marks: Readonly<Record<NodeRow['state'], readonly [string, Tone]>> = {
  ready: [glyphs.good, 'good'],
  pending: [glyphs.idle, 'accent'],
  starting: [glyphs.idle, 'accent'],
  waiting: [glyphs.warn, 'warn'],
  silent: [glyphs.warn, 'warn'],
  paused: [glyphs.paused, 'warn'],
  killed: [glyphs.idle, 'dim'],
  stopped: [glyphs.idle, 'dim'],
  failed: [glyphs.bad, 'bad'],
}

/** Glyph and colour of a state: whoever does not see the one sees the other. */
export function stateMark(state: NodeRow['state']): { readonly glyph: string; readonly tone: Tone } {
  const [glyph, tone] = marks[state]
  return { glyph, tone }
}

export function nodeTable(rows: readonly NodeRow[], options: { wide: boolean; columns: number; paint: Paint }): string {
  const number = (value: number | null): string => (value === null ? '-' : String(value))
  const columns: Column<NodeRow>[] = [
    { title: 'NAME', cell: row => row.name },
    { title: 'ROLE', cell: row => row.role },
    { title: 'REGION', cell: row => row.region },
    {
      title: 'STATE',
      cell: row => `${marks[row.state][0]} ${row.state}`,
      paint: (row, text) => options.paint(marks[row.state][1], text),
    },
    { title: 'HEIGHT', cell: row => number(row.height), right: true },
    { title: 'HEAD', cell: row => row.head?.slice(0, 10) ?? '-' },
    { title: 'FINALIZED', cell: row => number(row.finalized), right: true },
    {
      title: 'PEERS IN+OUT',
      cell: row => (row.inbound === null ? '-' : `${row.inbound}+${row.outbound}`),
      right: true,
    },
    { title: 'POOL', cell: row => number(row.pool), right: true },
    {
      title: 'REORGS',
      cell: row => (row.reorgs ? `${row.reorgs} (max ${row.deepestReorg})` : number(row.reorgs)),
      right: true,
    },
    { title: 'RESTARTS', cell: row => String(row.restarts), right: true },
    { title: 'PROCESS', cell: processOf, wide: true },
    { title: 'URL', cell: row => row.url, wide: true },
    { title: 'PEER ID', cell: row => row.peerId, wide: true },
    { title: 'REASON', cell: row => row.reason },
  ]
  const anyReason = rows.some(row => row.reason !== '')
  return table(rows, anyReason ? columns : columns.filter(column => column.title !== 'REASON'), options)
}

/** The pid on this machine, the pod and its machine in a cluster. */
const processOf = ({ pid, pod, machine }: NodeRow): string =>
  pid !== null ? String(pid) : pod === '' ? '-' : machine === '' ? pod : `${pod} on ${machine}`
