// Heights of the branches, and connections across the cuts, over time.
import type { Observations } from '../../verdict/observations.ts'
import { bands, chart, scale, type TimeAxis, ticks, timeTicks, valueTicks } from './axes.ts'
import { type Branches, branchName } from './branches.ts'
import { element, rounded, textElement } from './markup.ts'
import type { Point } from './peers.ts'

const TOP = 12
const HEIGHT = 200
const BOTTOM = TOP + HEIGHT
/** Markers along a line, so that lines differ by more than colour. */
const MARKERS = 9
/** Points of one line; more would not be seen at this width. */
const MAX_POINTS = 800

interface Line {
  readonly name: string
  /** Classes of the line: its colour and dashes. */
  readonly style: string
  readonly points: readonly Point[]
  /** Drawn as steps: the value holds until the next point. */
  readonly steps: boolean
}

export function heightsChart(observations: Observations, { lines }: Branches, axis: TimeAxis): string {
  const finalized = observations.rounds.flatMap(({ at, digests }) =>
    digests.size === 0
      ? []
      : [{ at, value: Math.min(...[...digests.values()].map(digest => digest.finalized.height)) }],
  )
  const all: Line[] = lines.map(({ branch, points }) => ({
    name: branchName(branch),
    style: `l${branch}`,
    points: points.map(({ at, height }) => ({ at, value: height })),
    steps: false,
  }))
  all.push({ name: 'finalized', style: 'finalized', points: finalized, steps: true })
  return lineChart(
    'Height of the highest head of each branch, and the height all nodes have finalized',
    observations,
    all,
    axis,
  )
}

export function peersChart(
  observations: Observations,
  across: readonly Point[] | null,
  perNode: readonly Point[],
  axis: TimeAxis,
): string {
  const lines: Line[] = [{ name: 'peers per node', style: 'l0', points: perNode, steps: true }]
  if (across) {
    const before = across.filter(({ at }) => at < axis.from).at(-1)
    const inside = across.filter(({ at }) => at >= axis.from && at <= axis.to)
    const points = [...(before ? [{ at: axis.from, value: before.value }] : []), ...inside]
    const last = points.at(-1)
    if (last) points.push({ at: axis.to, value: last.value })
    lines.push({ name: 'across the cut', style: 'l1', points, steps: true })
  }
  return lineChart('Peers per node, and connections between nodes that the cut parts', observations, lines, axis, 0)
}

function lineChart(
  label: string,
  observations: Observations,
  lines: readonly Line[],
  axis: TimeAxis,
  floor?: number,
): string {
  const values = lines.flatMap(({ points }) => points.map(({ value }) => value))
  const low = floor ?? Math.min(...values, Number.POSITIVE_INFINITY)
  const bounds = Number.isFinite(low) ? ([low, Math.max(...values, low + 1)] as const) : ([0, 1] as const)
  const y = scale(bounds[0], bounds[1], BOTTOM, TOP)
  return chart(
    label,
    BOTTOM + 24,
    bands(observations, axis, TOP, BOTTOM),
    valueTicks(y, ticks(bounds[0], bounds[1], 5).filter(Number.isInteger)),
    ...lines.map((line, index) => drawn(line, index, axis, y)),
    element('line', { class: 'frame', x1: axis.x(axis.from), x2: axis.x(axis.to), y1: BOTTOM, y2: BOTTOM }),
    timeTicks(axis, BOTTOM),
  )
}

function drawn(
  { name, style, points, steps }: Line,
  shape: number,
  { x }: TimeAxis,
  y: (value: number) => number,
): string {
  if (points.length === 0) return ''
  const every = Math.max(1, Math.ceil(points.length / MAX_POINTS))
  const kept = steps ? points : points.filter((_, index) => index % every === 0 || index === points.length - 1)
  const path = kept
    .map(({ at, value }, index) => {
      const [px, py] = [rounded(x(at)), rounded(y(value))]
      if (index === 0) return `M${px} ${py}`
      return steps ? `H${px}V${py}` : `L${px} ${py}`
    })
    .join('')
  const markers = Array.from({ length: MARKERS }, (_, index) => {
    const point = kept[Math.floor(((index + 0.5) / MARKERS) * kept.length)]!
    return marker(shape, x(point.at), y(point.value), style)
  })
  return (
    element('path', { class: `line ${style}`, d: path }, textElement('title', {}, name)) +
    [...new Set(markers)].join('')
  )
}

/** Disc, square, triangle, diamond in turn. */
export function marker(shape: number, x: number, y: number, style: string): string {
  const at = (dx: number, dy: number): string => `${rounded(x + dx)} ${rounded(y + dy)}`
  const attributes = { class: `marker ${style}` }
  switch (shape % 4) {
    case 0:
      return element('circle', { ...attributes, cx: x, cy: y, r: 3.2 })
    case 1:
      return element('rect', { ...attributes, x: x - 3, y: y - 3, width: 6, height: 6 })
    case 2:
      return element('path', { ...attributes, d: `M${at(0, -4)}L${at(4, 3)}L${at(-4, 3)}Z` })
    default:
      return element('path', { ...attributes, d: `M${at(0, -4.5)}L${at(4.5, 0)}L${at(0, 4.5)}L${at(-4.5, 0)}Z` })
  }
}
