// Rows -> parts: one link in one direction under one row, with the addresses it holds for. A part has its own sets and
// counters in the kernel, so that overlapping rows are counted, and end, apart.
import type { Link, LinkRow } from '../../api/link.ts'
import { type Address, parseAddress } from './address.ts'

/** A row that is in force until `end`, milliseconds of the monotonic clock. */
export interface ActiveRow {
  readonly experiment: string
  readonly row: LinkRow
  readonly end: number
}

export interface Part {
  /** Names the part as long as it exists, whichever peers come and go. */
  readonly key: string
  readonly experiment: string
  readonly rowId: string
  readonly direction: 'in' | 'out'
  readonly link: Link
  readonly addresses: readonly Address[]
  readonly end: number
}

/** The parts of the rows, in their order. Classes of one row with the same direction and link are one part. */
export function partsOf(rows: readonly ActiveRow[]): Part[] {
  const parts = new Map<string, Part & { addresses: Address[] }>()
  for (const { experiment, row, end } of rows) {
    const named = new Map<string, Set<string>>()
    for (const { direction, link, peers } of row.classes) {
      const key = JSON.stringify([experiment, row.id, direction, linkKey(link)])
      let part = parts.get(key)
      if (!part) {
        part = { key, experiment, rowId: row.id, direction, link, addresses: [], end }
        parts.set(key, part)
        named.set(key, new Set())
      }
      const seen = named.get(key)
      for (const { host } of peers) {
        const address = parseAddress(host)
        if (!address || seen?.has(address.text)) continue
        seen?.add(address.text)
        part.addresses.push(address)
      }
    }
  }
  return [...parts.values()].filter(({ addresses }) => addresses.length > 0)
}

/** Equal for links that do the same, whatever the order of their fields. */
export const linkKey = (link: Link): string => {
  const { drop, delayMs = 0, jitterMs = 0, correlation = 0, reordering = 0, loss = 0, rate = 0 } = link
  return [drop ? 'drop' : 'pass', delayMs, jitterMs, correlation, reordering, loss, rate].join(' ')
}
