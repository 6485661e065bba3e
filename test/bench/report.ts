// Keeps the figures: docs/benchmarks.json holds the last run of each benchmark, docs/benchmarks.md shows it between markers.
import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Machine } from './machine.ts'
import type { Row } from './row.ts'

export interface BenchRun {
  readonly date: string
  readonly commit: string
  readonly machine: Machine
  /** False for the version of a few minutes. */
  readonly long: boolean
  readonly rows: readonly Row[]
}
export type Runs = Readonly<Record<string, BenchRun>>

const docs = resolve(import.meta.dirname, '../../docs')
const jsonFile = resolve(docs, 'benchmarks.json')
const pageFile = resolve(docs, 'benchmarks.md')

/** Merges runs into the two files; benchmarks that were not run keep what they had. */
export async function record(runs: Runs): Promise<void> {
  const known = JSON.parse(await readFile(jsonFile, 'utf8').catch(() => '{}')) as Runs
  const merged = { ...known, ...runs }
  await writeFile(jsonFile, `${JSON.stringify(merged, undefined, 2)}\n`)
  const page = await readFile(pageFile, 'utf8').catch(() => undefined)
  if (page !== undefined) await writeFile(pageFile, withTables(page, merged))
}

/** The page with every `<!-- bench NAME -->` ... `<!-- end -->` filled from the runs. */
export const withTables = (page: string, runs: Runs): string =>
  page.replace(/<!-- bench ([\w-]+) -->[\s\S]*?<!-- end -->/g, (whole, name: string) => {
    const run = runs[name]
    return run === undefined ? whole : `<!-- bench ${name} -->\n${table(run)}\n<!-- end -->`
  })

export function table(run: BenchRun): string {
  const { machine, rows } = run
  const lines = rows.map(({ name, value, unit, floor, ratio, aim, peer, note }) =>
    [
      name + (note === undefined ? '' : ` (${note})`),
      `${figure(value)} ${unit}`,
      floor === undefined ? '' : figure(floor),
      ratio === undefined ? '' : ratio.toFixed(2),
      aim ?? '',
      peer === undefined ? '' : `${peer.name} ${figure(peer.value)}`,
    ].join(' | '),
  )
  return [
    '| what | measured | floor | ratio | aim | others |',
    '|---|---|---|---|---|---|',
    ...lines.map(line => `| ${line} |`),
    '',
    `${run.date.slice(0, 16).replace('T', ' ')} UTC, commit ${run.commit}, ${run.long ? 'long' : 'short'} run; ` +
      `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, Node ${machine.node}.`,
  ].join('\n')
}

/** Three significant digits. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(3)))
}
