// One node: what it says of itself, its peers, what happened to it, and the end of its log.

import { stateMark } from '../../views/nodes.ts'
import { age } from '../../views/status.ts'
import { padEnd, padStart } from '../../views/width.ts'
import { nodeLines } from '../model/node-columns.ts'
import { type State, topOf } from '../model/state.ts'
import type { Room } from './bodies.ts'
import { clock, eventLines } from './events.ts'
import { type Line, line, rule } from './line.ts'

const MIN_LOG = 5

export function nodeBody(state: State, { columns, height, now }: Room): Line[] {
  const facts = factLines(state, now)
  const events = state.events.filter(({ node }) => node === topOf(state).node)
  const peers = peerLines(state, now)
  const room = height - facts.length - 3
  const eventRoom = Math.min(4, events.length, Math.max(0, Math.floor(room / 4)))
  const logRoom = Math.max(MIN_LOG, Math.floor((room - eventRoom) / 2))
  const peerRoom = Math.max(2, Math.min(peers.length, room - eventRoom - logRoom))
  const rest = peers.length > peerRoom ? `${peers.length - peerRoom} more with a taller window` : ''
  const log = state.detail?.log ?? []
  return [
    ...facts,
    rule(`peers ${state.detail?.peers.length ?? ''}`, columns, rest),
    ...peers.slice(0, peerRoom),
    ...(eventRoom > 0 ? [rule('events', columns), ...eventLines(events, eventRoom)] : []),
    rule('log', columns),
    ...log.slice(-Math.max(0, height - facts.length - peerRoom - eventRoom - (eventRoom > 0 ? 3 : 2))).map(logLine),
  ].slice(0, height)
}

/** All that is known, a line each; scrolls. */
export function describeBody(state: State, { columns, height, now }: Room): Line[] {
  const { node } = topOf(state)
  const known = nodeLines(state.picture?.nodes ?? [], state.sides).find(({ name }) => name === node)
  if (!known) return [line(['dim', ` ${node} is not there any more`])]
  const { sideTone: _, ...facts } = known
  const lines = [
    rule(`describe ${node}`, columns),
    ...Object.entries(facts).map(([name, value]) =>
      line(
        ['dim', ` ${padEnd(name, 14)}`],
        value === null ? '-' : typeof value === 'object' ? JSON.stringify(value) : String(value),
      ),
    ),
    ...peerLines(state, now),
  ]
  const top = Math.min(topOf(state).list.index, Math.max(0, lines.length - height))
  return lines.slice(top, top + height)
}

/** The end of the log; scrolls back. */
export function logBody(state: State, { columns, height }: Room): Line[] {
  const log = state.detail?.log ?? []
  const back = Math.min(topOf(state).list.index, Math.max(0, log.length - (height - 1)))
  const end = log.length - back
  const shown = log.slice(Math.max(0, end - (height - 1)), end)
  return [rule(`log of ${topOf(state).node}`, columns, back > 0 ? `${back} lines below` : ''), ...shown.map(logLine)]
}

function factLines(state: State, now: number): Line[] {
  const { node } = topOf(state)
  const known = nodeLines(state.picture?.nodes ?? [], state.sides).find(({ name }) => name === node)
  if (!known) return [line(['dim', ` ${node} is not there any more`])]
  const { glyph, tone } = stateMark(known.state)
  const up = known.startedAt === null ? '' : `, up ${age(now - known.startedAt)}`
  const sync = known.sync === null ? '-' : known.sync.state === 'syncing' ? `syncs to ${known.sync.target}` : 'in sync'
  const mesh = Object.entries(known.meshes ?? {}).map(([topic, peers]) => `${topic} ${peers}`)
  return [
    line(
      [tone, ` ${glyph} ${known.state}${up}`],
      ['dim', '  '],
      `${known.role} in ${known.region}, group ${known.group}`,
      ['warn', known.reason === '' ? '' : `  ${known.reason}`],
    ),
    line(
      ['dim', ' head '],
      known.head === null ? '-' : `${known.side || '?'} ${known.head.slice(0, 12)} at ${known.height}`,
      ['dim', '  lag '],
      String(known.lag ?? '-'),
      ['dim', '  final '],
      String(known.finalized ?? '-'),
      ['dim', '  sync '],
      sync,
    ),
    line(
      ['dim', ' peers '],
      known.inbound === null ? '-' : `${known.inbound} in, ${known.outbound} out`,
      ['dim', '  mesh '],
      mesh.join(', ') || '-',
      ['dim', '  pool '],
      String(known.pool ?? '-'),
      ['dim', '  reorgs '],
      known.reorgs ? `${known.reorgs}, deepest ${known.deepestReorg}` : String(known.reorgs ?? '-'),
      ['dim', '  restarts '],
      String(known.restarts),
    ),
    ...lastReorgs(state),
  ]
}

/** Those that were seen happen. */
function lastReorgs(state: State): Line[] {
  const seen = state.events.filter(({ kind, node }) => kind === 'reorg' && node === topOf(state).node)
  if (seen.length === 0) return []
  const texts = seen.slice(0, SHOWN_REORGS).map(({ at, text }) => `${clock(at)} ${text.replace(/^reorg of /, '')}`)
  return [line(['dim', ' last reorgs '], texts.join('; '))]
}
const SHOWN_REORGS = 3

function peerLines({ detail, picture }: State, now: number): Line[] {
  if (!detail) return [line(['dim', ' asking'])]
  if (detail.peersError !== '') return [line(['warn', ` ▲ ${detail.peersError}`])]
  const names = Math.min(32, Math.max(4, ...detail.peers.map(({ name, id }) => (name || id.slice(-12)).length)))
  const top = picture?.report.height?.max ?? 0
  return [
    line(['dim', ` ${padEnd('NAME', names)}  WAY     SCORE  LATENCY  HEIGHT  FOR  ADDRESS`]),
    ...detail.peers.map(peer =>
      line(
        ` ${padEnd(peer.name || peer.id.slice(-12), names)}  `,
        padEnd(peer.direction === 'inbound' ? '← in' : '→ out', 6),
        [peer.score < 0 ? 'warn' : undefined, padStart(peer.score.toFixed(1), 7)],
        padStart(peer.latencyMs === null ? '-' : `${Math.round(peer.latencyMs)} ms`, 9),
        [peer.head && top - peer.head.height > 2 ? 'warn' : undefined, padStart(String(peer.head?.height ?? '-'), 8)],
        padStart(age(now - peer.connectedAt), 5),
        ['dim', `  ${peer.address}`],
      ),
    ),
  ]
}

/** JSON lines as people read them: time, level, message, and what else there is. */
function logLine(text: string): Line {
  let value: Record<string, unknown>
  try {
    value = JSON.parse(text) as Record<string, unknown>
  } catch {
    return line(` ${text}`)
  }
  if (typeof value !== 'object' || value === null) return line(` ${text}`)
  const { time, level, message, node: _node, testnet: _testnet, ...rest } = value
  const at = typeof time === 'string' ? time.slice(11, 19) : ''
  const more = Object.entries(rest).map(
    ([name, each]) => `${name}=${typeof each === 'string' ? each : JSON.stringify(each)}`,
  )
  const tone = level === 'error' || level === 'fatal' ? 'bad' : level === 'warn' ? 'warn' : 'dim'
  return line(['dim', ` ${at} `], [tone, `${String(level ?? '').padEnd(5)} `], String(message ?? ''), [
    'dim',
    more.length > 0 ? `  ${more.join(' ')}` : '',
  ])
}
