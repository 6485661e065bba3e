// A running experiment: phase, faults with their countdown, and the heads with their members. While a partition lasts,
// and until it healed, its sides stand under each other in one order, so that their two chains can be watched growing.
import { type ChainView, forkDepth } from '../../chaos/convergence.ts'
import type { FaultProgress, Progress } from '../../chaos/runner/progress.ts'
import { listed } from '../../operator/testnet/convergence.ts'
import { glyphs, type Paint, type Tone } from '../theme.ts'

/** Sides of one partition that are shown. */
const MAX_SIDES = 6

const phases: Readonly<Record<Progress['phase'], string>> = {
  preflight: 'checking',
  'steady-state': 'steady state',
  inject: 'fault',
  heal: 'healing',
  observe: 'observing',
  done: 'done',
}

/** Several lines, for a terminal that redraws them. */
export function progressBlock(progress: Progress, now: number, paint: Paint): string {
  const { phase, message, until, silent, faults } = progress
  const lines = [`${paint('strong', phases[phase])}${left(until, now)}${message ? `: waiting for ${message}` : ''}`]
  for (const fault of faults) lines.push(`  ${faultLine(fault, now, paint)}`)
  const cut = cutOf(progress)
  lines.push(...(cut ? sideLines(cut, progress, paint) : headLines(progress, paint)))
  if (silent.length > 0) lines.push(`  ${paint('warn', `${glyphs.warn} no answer`)} from ${listed(silent)}`)
  return lines.join('\n')
}

/** The same in one line, for logs. */
export function progressLine(progress: Progress, now: number): string {
  const { phase, message, heads, silent, faults, until } = progress
  const active = faults.filter(({ state }) => state === 'active').map(fault => `${fault.name}${left(fault.until, now)}`)
  const what =
    active.length > 0 ? ` ${active.join('; ')}` : `${left(until, now)}${message ? `: waiting for ${message}` : ''}`
  const cut = cutOf(progress)
  const chains = cut
    ? sides(cut, progress).map(({ number, top, members }) => `side ${number}: ${headOf(top)} (${listed(members)})`)
    : heads.map(({ hash, height, members }) => `${nodes(members)} on ${hash.slice(0, 8)} at ${height}`)
  const parted = cut ? [partedText(sides(cut, progress))] : []
  return [
    `${phases[phase]}${what}`,
    ...chains,
    ...parted,
    ...(silent.length > 0 ? [`no answer: ${listed(silent)}`] : []),
  ].join(' | ')
}

const faultMarks: Partial<Record<FaultProgress['state'], readonly [Tone, string]>> = {
  active: ['warn', glyphs.warn],
  failed: ['bad', glyphs.bad],
}

function faultLine({ name, state, until, targets, sides }: FaultProgress, now: number, paint: Paint): string {
  const [tone, glyph] = faultMarks[state] ?? (['dim', glyphs.idle] as const)
  const what = sides.length > 1 ? `cuts ${sides.map(side => side.length).join(' from ')} nodes` : nodes(targets)
  return `${paint(tone, `${glyph} ${name} ${state}`)}${left(until, now)}, ${what}`
}

function headLines({ heads }: Progress, paint: Paint): string[] {
  const [tone, glyph] = heads.length > 1 ? (['warn', glyphs.warn] as const) : (['good', glyphs.good] as const)
  return heads.map(
    ({ hash, height, members }) =>
      `  ${paint(tone, glyph)} ${nodes(members)} on head ${paint('accent', hash.slice(0, 8))} at ${height}${heads.length > 1 ? `: ${listed(members)}` : ''}`,
  )
}

/** The partition whose sides are worth watching: one in force, or one that is over and not healed yet. */
function cutOf({ phase, faults, heads, views }: Progress): FaultProgress | undefined {
  if (views.length === 0) return undefined
  const cuts = faults.filter(({ sides }) => sides.length > 1)
  return (
    cuts.find(({ state }) => state === 'active' || state === 'lifting') ??
    (phase === 'heal' && heads.length > 1 ? cuts.find(({ state }) => state === 'over') : undefined)
  )
}

interface Side {
  readonly number: number
  readonly members: readonly string[]
  /** The side's highest head; undefined when nobody answered. */
  readonly top: ChainView | undefined
}

const sides = (cut: FaultProgress, { views }: Progress): Side[] =>
  cut.sides.slice(0, MAX_SIDES).map((members, index) => ({
    number: index + 1,
    members,
    top: views
      .filter(({ name }) => members.includes(name))
      .reduce<ChainView | undefined>((best, view) => (best && best.height >= view.height ? best : view), undefined),
  }))

function sideLines(cut: FaultProgress, progress: Progress, paint: Paint): string[] {
  const all = sides(cut, progress)
  const lines = all.map(
    ({ number, top, members }) =>
      `  ${paint('accent', `side ${number}`)}  head ${paint('accent', headOf(top))}: ${listed(members)}`,
  )
  const parted = partedText(all)
  return [...lines, `  ${partedAfter(all) === null ? parted : paint('warn', `${glyphs.warn} ${parted}`)}`]
}

const headOf = (top: ChainView | undefined): string =>
  top ? `${top.recent[0]?.slice(0, 8)} at ${top.height}` : 'unknown'

/** The last height that all sides have in common; null when they still follow one chain, undefined when too long ago to tell. */
function partedAfter(all: readonly Side[]): number | null | undefined {
  const [first, ...others] = all.flatMap(({ top }) => top ?? [])
  let height: number | null = null
  for (const other of others) {
    const depth = forkDepth(first!, other)
    if (depth === undefined) return undefined
    if (depth > 0) height = Math.min(height ?? Number.POSITIVE_INFINITY, first!.height - depth, other.height - depth)
  }
  return height
}

function partedText(all: readonly Side[]): string {
  const height = partedAfter(all)
  if (height === null) return 'still one chain'
  return `different chains${height === undefined ? '' : ` after height ${height}`}`
}

const nodes = ({ length }: readonly string[]): string => `${length} ${length === 1 ? 'node' : 'nodes'}`

function left(until: number | null, now: number): string {
  if (until === null) return ''
  const seconds = Math.ceil((until - now) / 1_000)
  return seconds > 0 ? `, ${seconds} s left` : ''
}
