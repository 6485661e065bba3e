// The rows of each view, filtered and sorted as its list says.
import type { TestnetReport } from '../../model/testnet-summary.ts'
import { blockColumns } from './block-columns.ts'
import { type Column, sortValue } from './columns.ts'
import { experimentColumns, libraryColumns } from './experiment-columns.ts'
import { type NodeLine, nodeColumns, nodeLines } from './node-columns.ts'
import { keyOf, type LibraryEntry, type WatchedBlock, type WatchedExperiment } from './picture.ts'
import { filtered, sorted } from './rows.ts'
import { type State, topOf } from './state.ts'
import { testnetColumns } from './testnet-columns.ts'

/** A list of any view; `id` tells its rows apart. */
export interface Listing<T> {
  readonly rows: readonly T[]
  readonly all: number
  readonly columns: readonly Column<T>[]
  readonly id: (row: T) => string
}

export type AnyListing =
  | Listing<TestnetReport>
  | Listing<NodeLine>
  | Listing<WatchedExperiment>
  | Listing<LibraryEntry>
  | Listing<WatchedBlock>

/** Undefined for views that are texts. */
export function listingOf(state: State): AnyListing | undefined {
  switch (topOf(state).kind) {
    case 'testnets':
      return testnetListing(state)
    case 'testnet':
      return nodeListing(state)
    case 'experiments':
      return experimentListing(state)
    case 'library':
      return libraryListing(state)
    case 'blocks':
      return blockListing(state)
    default:
      return undefined
  }
}

export const testnetListing = (state: State): Listing<TestnetReport> =>
  listing(state, state.testnets, testnetColumns(state.testnets), keyOf)

/** Of a thousand nodes it costs more than a frame may: the last one is kept until something of it changes. */
export function nodeListing(state: State): Listing<NodeLine> {
  const { filter, sort, descending } = topOf(state).list
  const from = [state.picture?.nodes, state.sides, filter, sort, descending]
  if (lastNodes?.from.every((value, index) => value === from[index])) return lastNodes.listing
  const lines = nodeLines(state.picture?.nodes ?? [], state.sides)
  lastNodes = { from, listing: listing(state, lines, nodeColumns, ({ name }) => name) }
  return lastNodes.listing
}
let lastNodes: { readonly from: readonly unknown[]; readonly listing: Listing<NodeLine> } | undefined

export const experimentListing = (state: State): Listing<WatchedExperiment> =>
  listing(state, state.picture?.experiments ?? [], experimentColumns, ({ name }) => name)

export const libraryListing = (state: State): Listing<LibraryEntry> =>
  listing(state, state.library ?? [], libraryColumns, ({ file }) => file)

export const blockListing = (state: State): Listing<WatchedBlock> =>
  listing(state, state.blocks, blockColumns(state), ({ hash }) => hash)

function listing<T>(
  state: State,
  all: readonly T[],
  columns: readonly Column<T>[],
  id: (row: T) => string,
): Listing<T> {
  const { filter, sort, descending } = topOf(state).list
  const found = filtered(all, filter, row => columns.map(column => column.cell(row)).join(' '))
  const by = columns.find(({ title }) => title === sort)
  return { rows: sorted(found, sortValue(by), descending), all: all.length, columns, id }
}

/** Ids of the rows in view, in order. */
export function idsOf(state: State): readonly string[] {
  const list = listingOf(state)
  return list ? (list.rows as readonly never[]).map(row => (list.id as (row: never) => string)(row)) : []
}
