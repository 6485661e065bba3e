// A running experiment: phase, faults with their countdown, and the heads with their members side by side.
import type { FaultProgress, Progress } from '../../chaos/runner/progress.ts'
import { listed } from '../model/convergence.ts'
import { glyphs, type Paint } from '../theme.ts'

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
  const lines = [`${paint('strong', phases[phase])}${message ? `: waiting for ${message}` : ''}${left(until, now)}`]
  for (const fault of faults) lines.push(`  ${faultLine(fault, now, paint)}`)
  lines.push(...headLines(progress, paint))
  if (silent.length > 0) lines.push(`  ${paint('warn', `${glyphs.warn} no answer`)} from ${listed(silent)}`)
  return lines.join('\n')
}

/** The same in one line, for logs; without the countdown of phases, so that it changes only when something happened. */
export function progressLine(progress: Progress, now: number): string {
  const { phase, message, heads, silent, faults, until } = progress
  const active = faults.filter(fault => fault.state === 'active')
  const parts = [
    `${phases[phase]}${active.length > 0 ? ` ${active.map(fault => `${fault.name}${left(fault.until, now)}`).join(', ')}` : message ? `: waiting for ${message}${left(until, now)}` : ''}`,
    ...heads.map(
      ({ hash, height, members }) => `${hash.slice(0, 8)} at ${height}: ${members.length} (${listed(members)})`,
    ),
    ...(silent.length > 0 ? [`no answer: ${listed(silent)}`] : []),
  ]
  return parts.join(' | ')
}

function faultLine({ name, state, until, targets, sides }: FaultProgress, now: number, paint: Paint): string {
  const tone = state === 'active' ? 'bad' : state === 'failed' ? 'bad' : 'dim'
  const what =
    sides.length > 1
      ? `sides ${sides.map(side => side.length).join(' | ')}`
      : `${targets.length} ${targets.length === 1 ? 'node' : 'nodes'}`
  return `${paint(tone, `${state === 'active' ? '⚡' : glyphs.idle} ${name} ${state}`)}${left(until, now)}, ${what}`
}

function headLines({ heads, faults }: Progress, paint: Paint): string[] {
  const sides = faults.find(fault => fault.state === 'active' && fault.sides.length > 1)?.sides ?? []
  return heads.map(({ hash, height, members }) => {
    const side = sides.findIndex(names => members.every(member => names.includes(member)))
    const label = side >= 0 ? `side ${side + 1}: ` : ''
    const tone = heads.length > 1 ? 'warn' : 'good'
    const glyph = heads.length > 1 ? glyphs.warn : glyphs.good
    return `  ${paint(tone, glyph)} ${label}head ${paint('accent', hash.slice(0, 10))} at ${height}: ${members.length} ${members.length === 1 ? 'node' : 'nodes'} (${listed(members)})`
  })
}

function left(until: number | null, now: number): string {
  if (until === null) return ''
  const seconds = Math.ceil((until - now) / 1_000)
  return seconds > 0 ? `, ${seconds} s left` : ''
}
