// What stands between header and last line, view by view.

import { blockListing, nodeListing, testnetListing } from '../model/lists.ts'
import { type State, topOf } from '../model/state.ts'
import { eventLines } from './events.ts'
import { type Line, line, rule } from './line.ts'
import { faultLines, sideLines, spreadLine } from './partition.ts'
import { countOf, tableLines } from './table.ts'

export interface Room {
  readonly columns: number
  readonly height: number
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** Rows that the node table keeps, whatever else wants room. */
const MIN_TABLE = 7
const MAX_EVENT_LINES = 6
const MAX_SIDE_LINES = 6
const MAX_FAULT_LINES = 4

export function testnetsBody(state: State, { columns, height }: Room): Line[] {
  const listing = testnetListing(state)
  if (state.testnetsAt !== null && listing.all === 0)
    return [line(''), line(`  ${state.note || 'no testnet runs here; start one with `trellis up FILE`'}`)]
  return [
    rule(`testnets ${countOf(listing)}`, columns, filterText(state)),
    ...tableLines(listing, topOf(state).list, columns, height - 1),
  ]
}

export function testnetBody(state: State, { columns, height, now }: Room): Line[] {
  const { picture, sides, spreads, events } = state
  if (!picture) return []
  const wrong = picture.report.conditions.find(({ holds }) => !holds)
  const why = wrong ? [line(['warn', ` ▲ ${wrong.name}: `], wrong.reason)] : []
  if (picture.note) why.push(line(['warn', ` ▲ ${picture.note}`]))
  const faults = faultLines(picture.experiments, now, columns, MAX_FAULT_LINES)
  const room = height - MIN_TABLE - why.length - faults.length - 2
  const band = sideLines(sides, columns, Math.max(1, Math.min(MAX_SIDE_LINES, room)))
  const above = [...why, rule(heads(sides.length), columns), ...band, spreadLine(spreads, columns), ...faults]
  const listing = nodeListing(state)
  const rows = listing.rows.length + 2
  const left = height - above.length
  // Events get what the table does not need, and a little where it could take all.
  const eventRoom = Math.min(MAX_EVENT_LINES, Math.max(left - rows, left - MIN_TABLE - 8, 0))
  const below = eventRoom >= 2 ? [rule('events', columns), ...eventLines(events, eventRoom - 1)] : []
  while (below.length > 0 && below.length < eventRoom) below.push(line(''))
  return [
    ...above,
    rule(`nodes ${countOf(listing)}`, columns, filterText(state)),
    ...tableLines(listing, topOf(state).list, columns, left - 1 - below.length),
    ...below,
  ]
}

const heads = (count: number): string =>
  count > 1 ? `${count} chains: a partition, or a fork` : count === 1 ? 'one chain' : 'no node answers'

export function blocksBody(state: State, { columns, height }: Room): Line[] {
  const listing = blockListing(state)
  const band = state.sides.length > 1 ? sideLines(state.sides, columns, 3) : []
  return [
    ...band,
    rule(`blocks ${countOf(listing)}`, columns, filterText(state)),
    ...tableLines(listing, topOf(state).list, columns, height - 1 - band.length),
  ]
}

/** For the right end of a rule. */
export function filterText(state: State): string {
  const { filter } = topOf(state).list
  return filter === '' ? '' : `/${filter}`
}
