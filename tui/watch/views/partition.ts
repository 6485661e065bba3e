// The band under the header: who follows which chain, how far the heights are apart, and which faults are in force.
import { glyphs } from '../../theme.ts'
import { cut, padEnd, padStart } from '../../views/width.ts'
import type { WatchedExperiment, WatchedFault } from '../model/picture.ts'
import { type Side, toneOfSide } from '../model/sides.ts'
import { sparkline } from '../model/sparkline.ts'
import { type Line, line, type Span } from './line.ts'

const BAR_COLUMNS = 24
/** A bar of each side looks different, also without colour. */
const fills = ['█', '▓', '▒', '░', '■', '▪', '▬', '•']

/** One line a side, at most `height`. */
export function sideLines(sides: readonly Side[], columns: number, height: number): Line[] {
  const shown = sides.slice(0, sides.length > height ? height - 1 : height)
  const nodes = sides.reduce((sum, { count }) => sum + count, 0)
  const width = Math.max(6, Math.min(BAR_COLUMNS, columns - 64))
  const digits = String(Math.max(0, ...sides.map(side => side.height))).length
  const lines = shown.map((side, index) => {
    const bar = Math.max(1, Math.round((side.count / nodes) * width))
    const forked = side.forkDepth ? `, forked ${side.forkDepth} ago` : ''
    const names = side.members.join(' ')
    return line(
      ['strong', ` ${side.letter} `],
      [toneOfSide(side.letter), padEnd(fills[index % fills.length]!.repeat(bar), width)],
      [undefined, ` ${padStart(String(side.count), String(nodes).length)} on ${side.hash.slice(0, 8)} at `],
      [undefined, padStart(String(side.height), digits)],
      [index === 0 ? undefined : 'warn', forked],
      ['dim', names === '' ? '' : `  ${names}`],
    )
  })
  if (shown.length < sides.length)
    lines.push(line(['warn', ` ${glyphs.warn} and ${sides.length - shown.length} more heads`]))
  return lines
}

export function spreadLine(spreads: readonly (number | null)[], columns: number): Line {
  const now = spreads.findLast(value => value !== null) ?? null
  const text = now === null ? 'unknown' : now === 0 ? 'none' : `${now} ${now === 1 ? 'block' : 'blocks'}`
  const width = Math.max(8, Math.min(60, columns - 30))
  return line(['dim', ' height spread '], ['accent', sparkline(spreads, width, 4)], [undefined, ` ${text}`])
}

const active = new Set(['active', 'injecting', 'lifting', 'failed'])

/** The experiment that runs and its faults, at most `height` lines. */
export function faultLines(
  experiments: readonly WatchedExperiment[],
  now: number,
  columns: number,
  height: number,
): Line[] {
  const running = experiments.find(({ over }) => !over)
  if (!running) return []
  const head = line(
    ['warn', ` ${glyphs.warn} ${running.name}`],
    [undefined, ` ${running.phase}${left(running.until, now)}`],
    ['dim', running.message === '' ? '' : `: ${running.message}`],
  )
  const faults = [...running.faults].sort((a, b) => Number(active.has(b.state)) - Number(active.has(a.state)))
  return [head, ...faults.map(fault => faultLine(fault, now, columns))].slice(0, height)
}

function faultLine({ name, state, until, targets, sides }: WatchedFault, now: number, columns: number): Line {
  const mark: Span =
    state === 'failed'
      ? ['bad', `${glyphs.bad} ${name}`]
      : active.has(state)
        ? ['warn', `${glyphs.warn} ${name}`]
        : ['dim', `${glyphs.idle} ${name}`]
  const what = sides.length > 1 ? `cuts ${sides.join(' from ')}` : `${targets} ${targets === 1 ? 'node' : 'nodes'}`
  return line([undefined, '   '], mark, [undefined, cut(` ${state}${left(until, now)}, ${what}`, columns)])
}

export function left(until: number | null, now: number): string {
  if (until === null) return ''
  const seconds = Math.ceil((until - now) / 1_000)
  return seconds > 0 ? `, ${seconds} s left` : ''
}
