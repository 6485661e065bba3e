// A text table: columns as wide as they must be, two blanks between them, no lines.
import { cut, padEnd, padStart, widthOf } from './width.ts'

export interface Column<T> {
  readonly title: string
  readonly cell: (row: T) => string
  /** Numbers stand at the right. */
  readonly right?: boolean
  /** Shown with `-o wide` only. */
  readonly wide?: boolean
  /** Applied after padding, so that colour codes do not count. */
  readonly paint?: (row: T, text: string) => string
}

const GAP = '  '
const MIN_LAST = 12

/** Lines of the table with its header; the last column is cut so that no line is wider than `columns`. */
export function table<T>(
  rows: readonly T[],
  all: readonly Column<T>[],
  options: { wide: boolean; columns: number },
): string {
  const shown = all.filter(column => options.wide || !column.wide)
  const cells = rows.map(row => shown.map(column => oneLine(column.cell(row))))
  const widths = shown.map((column, index) =>
    Math.max(widthOf(column.title), ...cells.map(line => widthOf(line[index] ?? ''))),
  )
  const last = shown.length - 1
  const before = widths.slice(0, last).reduce((sum, width) => sum + width + GAP.length, 0)
  widths[last] = Math.min(widths[last] ?? 0, Math.max(MIN_LAST, options.columns - before))
  const line = (texts: readonly string[], row: T | undefined): string =>
    shown
      .map((column, index) => {
        const width = widths[index] ?? 0
        const text = cut(texts[index] ?? '', width)
        const padded = column.right ? padStart(text, width) : index === last ? text : padEnd(text, width)
        return row !== undefined && column.paint ? column.paint(row, padded) : padded
      })
      .join(GAP)
      .trimEnd()
  return [
    line(
      shown.map(column => column.title),
      undefined,
    ),
    ...cells.map((texts, at) => line(texts, rows[at])),
  ].join('\n')
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what nodes say may hold them, and must not move the cursor
const oneLine = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
