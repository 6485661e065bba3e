// `trellis status`: a testnet in a few lines.
import { listed } from '../../operator/testnet/convergence.ts'
import type { ConditionRow, HeadSummary, TestnetSummary } from '../model/testnet-summary.ts'
import { glyphs, type Paint } from '../theme.ts'
import { type Column, table } from './table.ts'

/** One line a testnet. */
export function testnetTable(
  rows: readonly TestnetSummary[],
  options: { wide: boolean; columns: number; namespaces: boolean },
): string {
  const columns: Column<TestnetSummary>[] = [
    ...(options.namespaces ? [{ title: 'NAMESPACE', cell: (row: TestnetSummary) => row.namespace }] : []),
    { title: 'NAME', cell: row => row.name },
    { title: 'STATE', cell: row => row.state },
    { title: 'READY', cell: row => `${row.ready}/${row.nodes}`, right: true },
    { title: 'HEADS', cell: row => String(row.headCount || '-'), right: true },
    { title: 'HEIGHT', cell: row => heights(row), right: true },
    { title: 'FINALIZED', cell: row => String(row.finalized ?? '-'), right: true },
    { title: 'RESTARTS', cell: row => String(row.restarts ?? '-'), right: true },
    { title: 'AGE', cell: row => age(row.ageMs), right: true },
    { title: 'PLACE', cell: row => row.place, wide: true },
    { title: 'FILE', cell: row => row.file, wide: true },
  ]
  return table(rows, columns, options)
}

/** Conditions, and the heads when there is more than one. */
export function conditionLines(
  conditions: readonly ConditionRow[],
  heads: readonly HeadSummary[],
  paint: Paint,
): string {
  const nameWidth = Math.max(...conditions.map(({ name }) => name.length))
  const lines = conditions.map(({ name, holds, reason }) => {
    const glyph = holds ? paint('good', glyphs.good) : paint('warn', glyphs.warn)
    return `${glyph} ${name.padEnd(nameWidth)}  ${reason}`
  })
  return [...lines, ...(heads.length > 1 ? headLines(heads) : [])].join('\n')
}

/** Each head with the nodes that are on it. */
export function headLines(groups: readonly HeadSummary[]): string[] {
  return groups.map(
    ({ hash, height, count, members, forkDepth }) =>
      `  head ${hash.slice(0, 10)} at ${height}${forkDepth ? `, forked ${forkDepth} blocks ago` : ''}: ${count}${members.length > 0 ? ` (${listed(members)})` : ''}`,
  )
}

/** `45s`, `12m`, `3h12m`, `2d4h` */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  if (seconds < 120) return `${seconds}s`
  if (minutes < 120) return `${minutes}m`
  return hours < 48 ? `${hours}h${minutes % 60}m` : `${Math.floor(hours / 24)}d${hours % 24}h`
}

function heights({ height }: TestnetSummary): string {
  if (height === null) return '-'
  return height.min === height.max ? String(height.max) : `${height.min}-${height.max}`
}
