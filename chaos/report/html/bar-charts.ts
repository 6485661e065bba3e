// How deep each node reorganised, and how long blocks took before, during and after the faults.
import type { Observations } from '../../verdict/observations.ts'
import { plural, span } from '../../verdict/wording.ts'
import { chart, LEFT, RIGHT, rowLabel, scale, ticks, WIDTH } from './axes.ts'
import type { DelaySpread } from './delays.ts'
import { element, textElement } from './markup.ts'

/** Nodes with a bar, the deepest first. */
const MAX_BARS = 40
const ROW = 20
/** Room for the words behind a bar. */
const WORDS = 150

export interface NodeReorgs {
  readonly node: string
  readonly deepest: number
  readonly count: number
}

export function reorgsByNode({ events, faults }: Observations): NodeReorgs[] {
  const nodes = new Map<string, { deepest: number; count: number }>()
  for (const { node, event } of events('reorg')) {
    if (!faults || event.at < faults.from) continue
    const { deepest, count } = nodes.get(node) ?? { deepest: 0, count: 0 }
    nodes.set(node, { deepest: Math.max(deepest, event.depth), count: count + 1 })
  }
  return [...nodes].map(([node, fields]) => ({ node, ...fields })).sort((a, b) => b.deepest - a.deepest)
}

/** Undefined when no node reorganised. */
export function reorgChart(reorgs: readonly NodeReorgs[], limit: number | undefined): string | undefined {
  if (reorgs.length === 0) return undefined
  const rows = reorgs.slice(0, MAX_BARS)
  const most = Math.max(...rows.map(({ deepest }) => deepest))
  // A limit far beyond what was seen is told in words: as a line it would leave the bars no room.
  const shown = limit !== undefined && limit <= most * 3
  const right = WIDTH - RIGHT - WORDS
  const x = scale(0, shown ? Math.max(most, limit) : most, LEFT, right)
  const bottom = 8 + rows.length * ROW
  return chart(
    'Deepest reorganisation of each node, in blocks',
    bottom + 24,
    ...ticks(0, shown ? Math.max(most, limit) : most, 6)
      .filter(Number.isInteger)
      .map(
        value =>
          element('line', { class: 'grid', x1: x(value), x2: x(value), y1: 4, y2: bottom }) +
          textElement('text', { class: 'axis', x: x(value), y: bottom + 16, 'text-anchor': 'middle' }, String(value)),
      ),
    ...rows.map(({ node, deepest, count }, index) => {
      const y = 8 + index * ROW
      const over = limit !== undefined && deepest > limit
      const words = `${plural(deepest, 'block')}, ${plural(count, 'reorg')}${over ? ' ✘' : ''}`
      return (
        rowLabel(node, y + 12) +
        element('rect', {
          class: over ? 'bar over' : 'bar',
          x: LEFT,
          y: y + 2,
          width: x(deepest) - LEFT,
          height: ROW - 7,
        }) +
        textElement('text', { class: 'value', x: x(deepest) + 6, y: y + 12 }, words)
      )
    }),
    shown ? element('line', { class: 'limit', x1: x(limit), x2: x(limit), y1: 4, y2: bottom }) : '',
  )
}

/** A box from quarter to quarter, whiskers to the 5th and 95th part, on a logarithmic axis. */
export function delayChart(spreads: readonly DelaySpread[]): string | undefined {
  const values = spreads.flatMap(({ quantiles }) => (quantiles ? Object.values(quantiles) : [])).map(atLeastOne)
  if (values.length === 0) return undefined
  const [low, high] = [Math.log10(Math.min(...values)), Math.log10(Math.max(...values))]
  // A decade at least, or no round value might lie within.
  const room = Math.max(0.05, (1 - (high - low)) / 2)
  const [from, to] = [Math.max(0, low - room), high + room]
  const right = WIDTH - RIGHT - WORDS
  const log = scale(from, to, LEFT, right)
  const x = (ms: number): number => log(Math.log10(atLeastOne(ms)))
  const row = 34
  const bottom = 8 + spreads.length * row
  return chart(
    'Delay of blocks from their producer to a node: before, during and after the faults',
    bottom + 24,
    ...[1, 2, 5]
      .flatMap(factor => [1, 10, 100, 1_000, 10_000, 100_000].map(power => factor * power))
      .filter(value => Math.log10(value) >= from - 1e-9 && Math.log10(value) <= to + 1e-9)
      .map(
        value =>
          element('line', { class: 'grid', x1: x(value), x2: x(value), y1: 4, y2: bottom }) +
          textElement('text', { class: 'axis', x: x(value), y: bottom + 16, 'text-anchor': 'middle' }, brief(value)),
      ),
    ...spreads.map(({ name, count, quantiles }, index) => {
      const middle = 8 + index * row + row / 2
      const label = rowLabel(name, middle + 4)
      if (!quantiles)
        return (
          label +
          textElement(
            'text',
            { class: 'value', x: LEFT + 6, y: middle + 4 },
            `${plural(count, 'block')} delivered: too few`,
          )
        )
      const { p5, p25, p50, p75, p95 } = quantiles
      return (
        label +
        element('line', { class: 'whisker', x1: x(p5), x2: x(p95), y1: middle, y2: middle }) +
        [p5, p95]
          .map(ms => element('line', { class: 'whisker', x1: x(ms), x2: x(ms), y1: middle - 5, y2: middle + 5 }))
          .join('') +
        element('rect', { class: 'bar', x: x(p25), y: middle - 8, width: Math.max(1, x(p75) - x(p25)), height: 16 }) +
        element('line', { class: 'median', x1: x(p50), x2: x(p50), y1: middle - 10, y2: middle + 10 }) +
        textElement(
          'text',
          { class: 'value', x: Math.min(x(p95) + 10, right + 10), y: middle + 4 },
          `${span(p50)} median, ${count}×`,
        )
      )
    }),
  )
}

/** A clock that a fault has set may let a block seem to come before it was made. */
const atLeastOne = (ms: number): number => Math.max(1, ms)
const brief = (ms: number): string => (ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`)
