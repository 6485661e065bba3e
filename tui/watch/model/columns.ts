// Which columns of a table fit: the least important go first, and the rest keep their order.

import type { Tone } from '../../theme.ts'
import { cut, padEnd, padStart, widthOf } from '../../views/width.ts'

export interface Column<T> {
  readonly title: string
  readonly cell: (row: T) => string
  /** 0 stays always; the greatest number goes first. */
  readonly priority: number
  readonly right?: boolean
  readonly tone?: (row: T) => Tone | undefined
  /** What it is sorted by; its text when absent. */
  readonly value?: (row: T) => string | number | null
  /** A longer text is cut. */
  readonly max?: number
}

export interface Fitted<T> {
  readonly columns: readonly Column<T>[]
  readonly widths: readonly number[]
}

export const GAP = 2
const MIN_CUT = 8

/** Columns that fit into `columns`, as wide as the widest text of `rows`. */
export function fitColumns<T>(all: readonly Column<T>[], rows: readonly T[], columns: number): Fitted<T> {
  const widths = widthsOf(all, rows)
  const measured = all.map((column, index) => ({ column, width: widths[index]! }))
  const total = (): number => measured.reduce((sum, { width }) => sum + width, 0) + GAP * (measured.length - 1)
  while (total() > columns) {
    const last = measured.reduce((a, b) => (b.column.priority >= a.column.priority ? b : a))
    if (last.column.priority === 0) break
    measured.splice(measured.indexOf(last), 1)
  }
  const over = total() - columns
  const widest = measured.reduce((a, b) => (b.width > a.width ? b : a))
  if (over > 0) widest.width = Math.max(MIN_CUT, widest.width - over)
  return { columns: measured.map(({ column }) => column), widths: measured.map(({ width }) => width) }
}

/** Of the same rows measured once: frames are drawn more often than rows change. */
const measuredRows = new WeakMap<readonly unknown[], { readonly all: readonly unknown[]; readonly widths: number[] }>()

function widthsOf<T>(all: readonly Column<T>[], rows: readonly T[]): readonly number[] {
  const known = measuredRows.get(rows)
  if (known?.all === all) return known.widths
  const widths = all.map(column => {
    let width = widthOf(column.title) + 1
    for (const row of rows) width = Math.max(width, widthOf(column.cell(row)))
    return Math.min(width, column.max ?? width)
  })
  measuredRows.set(rows, { all, widths })
  return widths
}

/** A text as wide as its column. */
export function cellText<T>(column: Column<T>, text: string, width: number): string {
  const short = cut(text, width)
  return column.right ? padStart(short, width) : padEnd(short, width)
}

export const sortValue = <T>(column: Column<T> | undefined): ((row: T) => string | number | null) | undefined =>
  column && (column.value ?? column.cell)
