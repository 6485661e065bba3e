// The experiments of a testnet: how they go, when what happened, what was found; and those that can be started.
import { glyphs } from '../../theme.ts'
import { experimentListing, libraryListing } from '../model/lists.ts'
import type { TimelineEntry, WatchedExperiment } from '../model/picture.ts'
import { cursorIndex } from '../model/rows.ts'
import { type State, topOf } from '../model/state.ts'
import { filterText, type Room } from './bodies.ts'
import { clock } from './events.ts'
import { type Line, line, rule } from './line.ts'
import { faultLines } from './partition.ts'
import { countOf, tableLines } from './table.ts'

const MIN_TABLE = 3

export function experimentsBody(state: State, { columns, height, now }: Room): Line[] {
  const listing = experimentListing(state)
  if (state.picture && listing.all === 0)
    return [line(''), line(`  no experiment was run yet${state.readonly ? '' : '; r chooses one and starts it'}`)]
  const chosen = listing.rows[cursorIndex(listing.rows.map(listing.id), topOf(state).list)]
  const details = chosen ? detailLines(chosen, now, columns) : []
  const rows = Math.max(MIN_TABLE, Math.min(listing.rows.length + 1, height - 1 - details.length))
  return [
    rule(`experiments ${countOf(listing)}`, columns, filterText(state)),
    ...tableLines(listing, topOf(state).list, columns, rows),
    ...details,
  ].slice(0, height)
}

function detailLines(experiment: WatchedExperiment, now: number, columns: number): Line[] {
  const { name, verdict, timeline, message, over } = experiment
  const faults = over ? [] : faultLines([experiment], now, columns, 10)
  const lines = verdict.map(text => line([toneOf(text), ` ${text}`]))
  return [
    rule(name, columns),
    ...(over && message !== '' ? [line(` ${message}`)] : []),
    ...faults,
    ...(lines.length > 0 ? [rule('findings', columns), ...lines] : []),
    ...(timeline.length > 0 ? [rule('timeline', columns), ...timeline.map(entry => timeLine(entry, now))] : []),
  ]
}

const toneOf = (finding: string) => (finding.startsWith(glyphs.bad) || finding.startsWith('failed') ? 'bad' : undefined)

function timeLine({ at, text }: TimelineEntry, now: number): Line {
  const due = Math.ceil((at - now) / 1_000)
  if (due > 0) return line(['dim', ` ${clock(at)} ${text}, in ${due} s`])
  return line(['dim', ` ${clock(at)} `], text)
}

export function libraryBody(state: State, { columns, height }: Room): Line[] {
  const listing = libraryListing(state)
  if (state.library === undefined) return [line(['dim', '  looking for experiments'])]
  if (listing.all === 0) return [line(''), line('  there is no library here; `:run FILE` starts one of your own')]
  return [
    rule(`library ${countOf(listing)}`, columns, filterText(state)),
    ...tableLines(listing, topOf(state).list, columns, height - 1),
  ]
}
