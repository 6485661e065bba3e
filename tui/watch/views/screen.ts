// The whole screen of a state: exactly `rows` lines. Pure.

import { cut, padEnd } from '../../views/width.ts'
import { bindingsOf } from '../keys.ts'
import { type State, topOf } from '../model/state.ts'
import { blocksBody, type Room, testnetBody, testnetsBody } from './bodies.ts'
import { experimentsBody, libraryBody } from './experiments.ts'
import { dataAt, headerLines, isStale } from './header.ts'
import { empty, type Line, line, rule, type Span } from './line.ts'
import { describeBody, logBody, nodeBody } from './node.ts'

export const MIN_COLUMNS = 60
export const MIN_ROWS = 14

export interface Size {
  readonly columns: number
  readonly rows: number
}

const bodies = {
  testnets: testnetsBody,
  testnet: testnetBody,
  node: nodeBody,
  log: logBody,
  describe: describeBody,
  experiments: experimentsBody,
  library: libraryBody,
  blocks: blocksBody,
} as const

export function screen(state: State, { columns, rows }: Size, now: number): Line[] {
  if (columns < MIN_COLUMNS || rows < MIN_ROWS)
    return full([line(`${columns}x${rows} is too small`), line(`make it ${MIN_COLUMNS}x${MIN_ROWS} or more`)], rows)
  const header = headerLines(state, columns, now)
  const height = rows - header.length - 1
  const room: Room = { columns, height, now }
  const body = state.help ? helpLines(state, columns) : bodies[topOf(state).kind](state, room)
  const old = !state.help && dataAt(state) !== null && isStale(state, now)
  const [first, ...others] = header
  const content = [...others, ...full(body, height)]
  return [first!, ...(old ? content.map(each => ({ ...each, stale: true })) : content), footer(state, columns)]
}

/** Rows by which a page key goes. */
export const pageOf = ({ rows }: Size): number => Math.max(1, rows - 12)

const full = (lines: readonly Line[], height: number): Line[] => [
  ...lines.slice(0, height),
  ...Array.from({ length: Math.max(0, height - lines.length) }, () => empty),
]

function footer(state: State, columns: number): Line {
  const { prompt, notice, lost } = state
  if (prompt?.kind === 'confirm')
    return line(['warn', ` ▲ ${prompt.question}: `], ['strong', 'y'], ' or any other key for no')
  if (prompt) return line(['accent', prompt.kind === 'filter' ? ' /' : ' :'], prompt.text, ['accent', '▏'])
  if (notice !== '') return line(['warn', ` ${notice}`])
  if (lost) {
    const end = '; trying again'
    return line(['warn', ` ▲ ${cut(lost.reason, columns - end.length - 3)}${end}`])
  }
  return hints(state, columns)
}

/** In the order in which a newcomer needs them, as many as fit. */
const order = ['enter', 'esc', '/', 'x', 'r', ':', 's', 'l', 'b', 'd', 'ctrl-d']

function hints(state: State, columns: number): Line {
  const known = bindingsOf(topOf(state).kind, state.readonly)
  const wanted = order.flatMap(key => known.find(({ keys }) => keys.includes(key)) ?? [])
  const always = known.filter(({ deed }) => deed === 'help' || deed === 'quit')
  const shown: Span[] = []
  let used = 1
  const fixed = always.reduce((sum, { label, word }) => sum + label.length + word.length + 3, 0)
  for (const { label, word } of wanted) {
    const size = label.length + word.length + 3
    if (used + size + fixed > columns) continue
    used += size
    shown.push(['accent', label], ['dim', ` ${word}  `])
  }
  for (const { label, word } of always) shown.push(['accent', label], ['dim', ` ${word}  `])
  return line(' ', ...shown)
}

function helpLines(state: State, columns: number): Line[] {
  const shown = bindingsOf(topOf(state).kind, state.readonly)
  const width = Math.max(...shown.map(({ label }) => label.length))
  return [
    rule('keys', columns, 'esc back'),
    ...shown.map(({ label, help }) => line(['accent', ` ${padEnd(label, width)}  `], help)),
    ...(state.readonly ? [line(['dim', ' --readonly: nothing can be changed from here'])] : []),
  ]
}
