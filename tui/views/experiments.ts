// `trellis chaos list`: one line an experiment.
import type { ExperimentRow } from '../model/experiment-rows.ts'
import { age } from './status.ts'
import { type Column, table } from './table.ts'

export function experimentTable(
  rows: readonly ExperimentRow[],
  options: { wide: boolean; columns: number; namespaces: boolean },
): string {
  const columns: Column<ExperimentRow>[] = [
    ...(options.namespaces ? [{ title: 'NAMESPACE', cell: (row: ExperimentRow) => row.namespace }] : []),
    { title: 'NAME', cell: row => row.name },
    { title: 'TESTNET', cell: row => row.testnet },
    { title: 'PHASE', cell: row => row.phase },
    { title: 'REASON', cell: row => row.reason || '-' },
    { title: 'HEAL', cell: row => row.healTime ?? '-', right: true },
    { title: 'REORG', cell: row => String(row.deepestReorg ?? '-'), right: true },
    { title: 'AGE', cell: row => age(row.ageMs), right: true },
    { title: 'FIDELITY', cell: row => row.fidelity ?? '-', wide: true },
    { title: 'PID', cell: row => String(row.pid ?? '-'), right: true, wide: true },
    { title: 'MESSAGE', cell: row => row.message || '-', wide: true },
  ]
  return table(rows, columns, options)
}
