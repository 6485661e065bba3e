// A table under a cursor: only the rows on screen are made.
import { cellText, fitColumns, GAP } from '../model/columns.ts'
import type { Listing } from '../model/lists.ts'
import { cursorIndex, type ListState, windowTop } from '../model/rows.ts'
import { empty, type Line, line, type Span } from './line.ts'

/** A header and `height - 1` rows; fewer rows leave the rest empty. */
export function tableLines<T>(listing: Listing<T>, list: ListState, columns: number, height: number): Line[] {
  const { rows, id } = listing
  const fitted = fitColumns(listing.columns, rows, columns - MARK.length)
  const heads = fitted.columns.map((column, index) => {
    const mark = column.title === list.sort ? (list.descending ? '↓' : '↑') : ''
    return cellText(column, `${column.title}${mark}`, fitted.widths[index]!)
  })
  const body = Math.max(0, height - 1)
  const cursor = cursorIndex(rows.map(id), list)
  const top = windowTop(rows.length, body, cursor)
  const shown = rows.slice(top, top + body).map((row, offset): Line => {
    const chosen = top + offset === cursor
    const spans: Span[] = [['accent', chosen ? MARK : ' '.repeat(MARK.length)]]
    fitted.columns.forEach((column, index) => {
      const text = cellText(column, column.cell(row), fitted.widths[index]!)
      spans.push([column.tone?.(row), text], [undefined, ' '.repeat(GAP)])
    })
    return { spans: spans.slice(0, -1), chosen }
  })
  const header = line(['dim', ' '.repeat(MARK.length) + heads.join(' '.repeat(GAP))])
  return [header, ...shown, ...Array.from({ length: body - shown.length }, () => empty)]
}

const MARK = '❯ '

/** `12 of 40`, or how many there are. */
export const countOf = <T>({ rows, all }: Listing<T>): string =>
  rows.length === all ? String(all) : `${rows.length} of ${all}`
