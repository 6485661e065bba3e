// Heads by node over time, coloured and patterned by branch, with the faults above.
import { staggerOf } from '../../matrix.ts'
import type { Observations } from '../../verdict/observations.ts'
import { bands, chart, offset, rowLabel, type TimeAxis, timeTicks, WIDTH } from './axes.ts'
import { type Branches, branchName, type HeadRun } from './branches.ts'
import { element, textElement } from './markup.ts'

/** Nodes that have a row; of more, an even choice. */
export const MAX_ROWS = 60
/** Faults that have a lane. */
const MAX_LANES = 16
const LANE = 22
const ROW = 18
/** Runs narrower than this have no letter. */
const LETTER_WIDTH = 14
/** Width of one letter of a fault's name, at most. */
const FAULT_LETTER = 8

export function headsChart(observations: Observations, branches: Branches, axis: TimeAxis): string {
  const lanes = observations.record.windows.slice(0, MAX_LANES)
  const names = rowNames(observations)
  const top = 6 + lanes.length * LANE + (lanes.length > 0 ? 8 : 0)
  const bottom = top + names.length * ROW
  const rows = names.map((name, index) => {
    const y = top + index * ROW
    return rowLabel(name, y + 13) + (branches.runs.get(name) ?? []).map(run => runMark(run, name, y, axis)).join('')
  })
  return chart(
    'Heads by node over time: one row a node, one colour and pattern a branch',
    bottom + 24,
    bands(observations, axis, 4, bottom),
    ...lanes.map((_, index) => faultLane(observations, index, axis)),
    ...rows,
    element('line', { class: 'frame', x1: axis.x(axis.from), x2: axis.x(axis.to), y1: bottom, y2: bottom }),
    timeTicks(axis, bottom),
  )
}

/** Nodes of one side under each other, in the testnet's order otherwise. */
export function rowNames({ names, record }: Observations): string[] {
  const sides = record.windows.find(window => window.sides.length > 1)?.sides ?? []
  const rank = (name: string): number => {
    const side = sides.findIndex(list => list.includes(name))
    return side < 0 ? sides.length : side
  }
  const sorted = names
    .map((name, index) => ({ name, index }))
    .sort((a, b) => rank(a.name) - rank(b.name) || a.index - b.index)
  const step = Math.max(1, sorted.length / MAX_ROWS)
  return Array.from({ length: Math.min(sorted.length, MAX_ROWS) }, (_, index) => sorted[Math.floor(index * step)]!.name)
}

function runMark({ from, to, branch }: HeadRun, name: string, y: number, { x, zero }: TimeAxis): string {
  const box = { x: x(from), y: y + 1, width: Math.max(0.8, x(to) - x(from)), height: ROW - 2 }
  const what = branch === null ? 'no answer' : `branch ${branchName(branch)}`
  const title = textElement('title', {}, `${name}: ${what}, ${offset(from, zero)} to ${offset(to, zero)}`)
  const pattern = branch === null ? 'silent' : branch === 0 ? undefined : `branch-${branch}`
  const letter =
    branch !== null && branch > 0 && box.width >= LETTER_WIDTH
      ? textElement(
          'text',
          { class: 'letter', x: box.x + box.width / 2, y: y + 13, 'text-anchor': 'middle' },
          branchName(branch),
        )
      : ''
  return (
    element('rect', { class: branch === null ? 'silent' : `branch b${branch}`, ...box }, title) +
    (pattern ? element('rect', { class: 'pattern', fill: `url(#${pattern})`, ...box }) : '') +
    (letter &&
      element('rect', {
        class: `chip b${branch}`,
        x: box.x + box.width / 2 - 6,
        y: y + 2.5,
        width: 12,
        height: 13,
        rx: 2,
      })) +
    letter
  )
}

/** One fault: a bar from injected to lifted; each turn of a staggered one apart. */
function faultLane({ record, windows }: Observations, index: number, { x, to, zero }: TimeAxis): string {
  const window = record.windows[index]!
  const y = 6 + index * LANE
  const compiled = windows.find(other => other.record === window)?.compiled
  const from = window.injectedAt ?? window.plannedStart
  const until = window.liftedAt ?? window.endedAt ?? to
  const turns = compiled && staggerOf(compiled) > 0 ? (window.hits ?? []) : []
  const spans = turns.length > 0 ? turns.map(hit => ({ from: hit.at, to: hit.until ?? until })) : [{ from, to: until }]
  const kind =
    compiled?.fault.action.kind ?? record.experiment.faults.find(({ name }) => name === window.fault)?.action.kind
  const text = `${window.fault}${kind && kind !== window.fault ? ` (${kind})` : ''}${window.injectedAt === null ? ': not injected' : ''}`
  const title = `${text}, ${offset(from, zero)} to ${offset(until, zero)}, ${window.targets.length} nodes`
  return (
    rowLabel(window.fault, y + 13) +
    spans
      .map(part =>
        element(
          'rect',
          {
            class: 'fault',
            x: x(part.from),
            y: y + 2,
            width: Math.max(2, x(part.to) - x(part.from)),
            height: LANE - 6,
            rx: 2,
          },
          textElement('title', {}, title),
        ),
      )
      .join('') +
    faultName(kind ?? '', x(spans[0]!.from), x(spans.at(-1)!.to), x(spans[0]!.to), y + 14)
  )
}

/** In the bar where it fits, else beside it: on the right, or on the left of a bar near the edge. */
function faultName(name: string, from: number, to: number, firstTo: number, y: number): string {
  const width = name.length * FAULT_LETTER + 10
  if (firstTo - from >= width) return textElement('text', { class: 'fault-name', x: from + 6, y }, name)
  const right = to + 5 + width <= WIDTH
  const place = right ? { x: to + 5, y } : { x: from - 5, y, 'text-anchor': 'end' }
  return textElement('text', { class: 'fault-kind', ...place }, name)
}
