// A list under a cursor: which rows pass the filter, in which order, and which of them are on screen.

/** Of one list; the cursor stays with its row when the rows around it change. */
export interface ListState {
  /** Id of the chosen row; undefined before one was chosen. */
  readonly cursor: string | undefined
  /** Where the cursor was: it stays there when its row is gone. */
  readonly index: number
  readonly filter: string
  /** Title of a column; undefined: as they come. */
  readonly sort: string | undefined
  readonly descending: boolean
}

export const freshList: ListState = { cursor: undefined, index: 0, filter: '', sort: undefined, descending: false }

/** Rows of which a text contains every word of the filter; `!word` must not be contained. Upper and lower case are one. */
export function filtered<T>(rows: readonly T[], filter: string, textOf: (row: T) => string): readonly T[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return rows
  return rows.filter(row => {
    const text = textOf(row).toLowerCase()
    return words.every(word =>
      word.length > 1 && word[0] === '!' ? !text.includes(word.slice(1)) : text.includes(word),
    )
  })
}

/** Missing values last, whatever the direction; equal ones in the order they came. */
export function sorted<T>(
  rows: readonly T[],
  sortValue: ((row: T) => string | number | null) | undefined,
  descending: boolean,
): readonly T[] {
  if (sortValue === undefined) return rows
  const sign = descending ? -1 : 1
  return rows
    .map(row => ({ row, value: sortValue(row) }))
    .sort((a, b) => {
      if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null)
      return sign * compare(a.value, b.value)
    })
    .map(({ row }) => row)
}

const collator = new Intl.Collator('en', { numeric: true })
const compare = (a: string | number, b: string | number): number =>
  typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b))

/** Place of the cursor among the ids; 0 when there are none. */
export function cursorIndex(ids: readonly string[], { cursor, index }: ListState): number {
  const found = cursor === undefined ? -1 : ids.indexOf(cursor)
  return found >= 0 ? found : Math.max(0, Math.min(index, ids.length - 1))
}

/** The list with its cursor `by` rows further, within the list. */
export function moved(list: ListState, ids: readonly string[], by: number): ListState {
  const index = Math.max(0, Math.min(ids.length - 1, cursorIndex(ids, list) + by))
  return { ...list, index, cursor: ids[index] }
}

/** First row on screen: the cursor is in the middle, but where the list begins or ends. */
export const windowTop = (rows: number, height: number, cursor: number): number =>
  Math.max(0, Math.min(cursor - Math.floor(height / 2), rows - height))
