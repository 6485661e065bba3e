// The canary transactions: when and to which side each was given, and what became of it.
import type { Canary } from '../../../api/run.ts'
import type { Observations } from '../../verdict/observations.ts'
import { shortHash } from '../../verdict/wording.ts'
import { bands, chart, offset, rowLabel, type TimeAxis, timeTicks } from './axes.ts'
import { element, rounded, textElement } from './markup.ts'

/** Rows of the table. */
const MAX_LISTED = 64
const LANE = 30

export const fates: Readonly<Record<Canary['fate'], { readonly glyph: string; readonly words: string }>> = {
  included: { glyph: '●', words: 'included once' },
  pool: { glyph: '◐', words: 'waits in a pool' },
  lost: { glyph: '✘', words: 'lost' },
  doubled: { glyph: '◎', words: 'included twice' },
  refused: { glyph: '–', words: 'refused when given' },
  unknown: { glyph: '?', words: 'nobody could tell' },
}

export function canariesChart(observations: Observations, axis: TimeAxis): string | undefined {
  const { canaries } = observations.record
  if (canaries.length === 0) return undefined
  const sides = [...new Set(canaries.map(({ side }) => side))].sort((a, b) => a - b)
  const bottom = 8 + sides.length * LANE
  const name = (side: number): string => (sides.length > 1 ? `side ${side + 1}` : 'all nodes')
  return chart(
    'Canary transactions by side and time, marked by what became of them',
    bottom + 24,
    bands(observations, axis, 4, bottom),
    ...sides.map((side, index) => rowLabel(name(side), 8 + index * LANE + 19)),
    ...canaries.map(canary => {
      const y = 8 + sides.indexOf(canary.side) * LANE + LANE / 2
      const title = `${offset(canary.submittedAt, axis.zero)} to ${canary.node}: ${fates[canary.fate].words}`
      return element(
        'g',
        { class: `canary ${canary.fate}` },
        textElement('title', {}, title),
        mark(canary.fate, axis.x(canary.submittedAt), y),
      )
    }),
    element('line', { class: 'frame', x1: axis.x(axis.from), x2: axis.x(axis.to), y1: bottom, y2: bottom }),
    timeTicks(axis, bottom),
  )
}

/** Shapes rather than letters: fonts differ in where they put these. */
function mark(fate: Canary['fate'], x: number, y: number): string {
  const circle = (r: number, name: string): string => element('circle', { class: name, cx: x, cy: y, r })
  const at = (dx: number, dy: number): string => `${rounded(x + dx)} ${rounded(y + dy)}`
  switch (fate) {
    case 'included':
      return circle(6, 'full')
    case 'pool':
      return circle(6, 'open') + element('path', { class: 'full', d: `M${at(0, -6)}A6 6 0 0 0 ${at(0, 6)}Z` })
    case 'doubled':
      return circle(7, 'open') + circle(3, 'full')
    case 'lost':
      return element('path', { class: 'cross', d: `M${at(-6, -6)}L${at(6, 6)}M${at(6, -6)}L${at(-6, 6)}` })
    case 'refused':
      return element('path', { class: 'cross', d: `M${at(-6, 0)}L${at(6, 0)}` })
    case 'unknown':
      return circle(6, 'open')
  }
}

export function canariesTable({ record }: Observations, zero: number): string {
  const rows = record.canaries
    .slice(0, MAX_LISTED)
    .map(({ id, node, side, submittedAt, duringFault, fate, blocks, refused }) => {
      const where = blocks.map(({ height }) => height).join(', ')
      const cells = [
        offset(submittedAt, zero),
        node,
        String(side + 1),
        id ? shortHash(id) : '',
        { included: 'in a block', pool: 'in the pool', unknown: 'not told' }[duringFault],
        `${fates[fate].glyph} ${fates[fate].words}${refused ? `: ${refused}` : ''}${where ? `, height ${where}` : ''}`,
      ]
      return element('tr', {}, ...cells.map(cell => textElement('td', {}, cell)))
    })
  const heads = ['given', 'to', 'side', 'transaction', 'when the faults ended', 'in the end']
  const more = record.canaries.length - rows.length
  return (
    element(
      'table',
      {},
      element('thead', {}, element('tr', {}, ...heads.map(head => textElement('th', { scope: 'col' }, head)))),
      element('tbody', {}, ...rows),
    ) + (more > 0 ? textElement('p', { class: 'note' }, `and ${more} more`) : '')
  )
}
