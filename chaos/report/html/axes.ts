// Scales, ticks and the frame that all charts over time share: one width, one time axis, the faults as bands behind.
import type { Observations } from '../../verdict/observations.ts'
import { element, textElement } from './markup.ts'

export const WIDTH = 960
export const LEFT = 132
export const RIGHT = 24
/** Longer names are cut in the middle, as the ends tell them apart; the tooltip has them whole. */
const MAX_LABEL = 14

export type Scale = (value: number) => number

export const scale =
  (from: number, to: number, low: number, high: number): Scale =>
  value =>
    low + ((value - from) / (to - from || 1)) * (high - low)

export interface TimeAxis {
  readonly x: Scale
  readonly from: number
  readonly to: number
  /** Moment that the axis calls 0: when the first fault was due. */
  readonly zero: number
}

export function timeAxis({ began, ended, injecting, rounds }: Observations): TimeAxis {
  const from = Math.min(began, rounds[0]?.at ?? began)
  const to = Math.max(ended, rounds.at(-1)?.at ?? ended, from + 1)
  const zero = Number.isFinite(injecting) ? injecting : from
  return { x: scale(from, to, LEFT, WIDTH - RIGHT), from, to, zero }
}

/** About `count` round values within the range. */
export function ticks(from: number, to: number, count: number): number[] {
  const rough = (to - from) / Math.max(1, count)
  if (!(rough > 0)) return [from]
  const magnitude = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map(factor => factor * magnitude).find(candidate => candidate >= rough)!
  const list: number[] = []
  for (let value = Math.ceil(from / step) * step; value <= to + step / 1e6; value += step)
    list.push(Math.round(value / step) * step)
  return list
}

/** Seconds since the faults began: `+12 s`; minutes of long runs. */
export function offset(at: number, zero: number): string {
  const seconds = (at - zero) / 1_000
  const sign = seconds < 0 ? '−' : '+'
  const size = Math.abs(seconds)
  if (size >= 600) return `${sign}${trimmed(size / 60)} min`
  return `${sign}${trimmed(size)} s`
}
const trimmed = (value: number): string => String(Math.round(value * 10) / 10)

export function timeTicks({ x, from, to, zero }: TimeAxis, y: number): string {
  const unit = to - from >= 1_200_000 ? 60_000 : 1_000
  return ticks((from - zero) / unit, (to - zero) / unit, 8)
    .map(value => {
      const at = x(zero + value * unit)
      const name = `${value < 0 ? '−' : ''}${trimmed(Math.abs(value))} ${unit === 1_000 ? 's' : 'min'}`
      return (
        element('line', { class: 'tick', x1: at, x2: at, y1: y, y2: y + 4 }) +
        textElement('text', { class: 'axis', x: at, y: y + 17, 'text-anchor': 'middle' }, name)
      )
    })
    .join('')
}

/** The times in which faults were in force, behind everything else of a chart. */
export const bands = ({ windows }: Observations, { x }: TimeAxis, top: number, bottom: number): string =>
  windows
    .map(({ from, to }) =>
      element('rect', { class: 'band', x: x(from), y: top, width: Math.max(1, x(to) - x(from)), height: bottom - top }),
    )
    .join('')

export function rowLabel(name: string, y: number): string {
  const half = MAX_LABEL / 2
  const short = name.length > MAX_LABEL ? `${name.slice(0, half)}…${name.slice(1 - half)}` : name
  return element(
    'text',
    { class: 'label', x: LEFT - 8, y, 'text-anchor': 'end' },
    ...(short === name ? [] : [textElement('title', {}, name)]),
    textElement('tspan', {}, short),
  )
}

export function valueTicks(y: Scale, values: readonly number[], right = WIDTH - RIGHT): string {
  return values
    .map(
      value =>
        element('line', { class: 'grid', x1: LEFT, x2: right, y1: y(value), y2: y(value) }) +
        textElement('text', { class: 'axis', x: LEFT - 8, y: y(value) + 4, 'text-anchor': 'end' }, trimmed(value)),
    )
    .join('')
}

export const chart = (label: string, height: number, ...children: readonly string[]): string =>
  element('svg', { viewBox: `0 0 ${WIDTH} ${Math.ceil(height)}`, role: 'img', 'aria-label': label }, ...children)
