// Events of nodes as sentences; those that say nothing to a person are left out.
import type { NodeEvent } from '../../../api/observation.ts'
import type { Tone } from '../../theme.ts'
import type { TestnetPicture } from './picture.ts'

export interface EventLine {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** A node, or an experiment. */
  readonly node: string
  readonly kind: NodeEvent['kind'] | 'experiment'
  readonly tone: Tone | undefined
  readonly text: string
}

/** Undefined for what happens all the time: blocks, heads, checkpoints, the mesh. */
export function eventLine(node: string, event: NodeEvent): EventLine | undefined {
  const line = (tone: Tone | undefined, text: string): EventLine => ({
    at: event.at,
    node,
    kind: event.kind,
    tone,
    text,
  })
  switch (event.kind) {
    case 'reorg':
      // One block is how two winners of one height are settled.
      return event.depth < 2
        ? undefined
        : line('warn', `reorg of ${event.depth} blocks to ${event.to.hash.slice(0, 8)} at ${event.to.height}`)
    case 'equivocation':
      return line('bad', `equivocation of ${event.producer.slice(0, 8)} at ${event.height}`)
    case 'peer': {
      const peer = event.name || event.peer.slice(-8)
      if (event.change === 'connected') return line(undefined, `connected to ${peer}`)
      return line('warn', `lost ${peer}${event.reason ? `: ${event.reason}` : ''}`)
    }
    case 'sync':
      return event.state === 'started'
        ? line(undefined, `syncs from ${event.height} to ${event.target}`)
        : line(undefined, `synced to ${event.height}`)
    case 'faults':
      // Its lease was renewed: no news.
      if (event.change === 'replaced') return undefined
      return line(event.change === 'ended' ? 'good' : 'warn', `fault ${event.id} ${event.change}`)
    default:
      return undefined
  }
}

/** What experiments did since the picture before; nothing when there was none. */
export function experimentLines(before: TestnetPicture | undefined, now: TestnetPicture): EventLine[] {
  if (before === undefined) return []
  const told = new Set(
    before.experiments.flatMap(({ name, timeline }) =>
      timeline.filter(({ at }) => at <= before.at).map(({ at, text }) => `${name} ${at} ${text}`),
    ),
  )
  return now.experiments.flatMap(({ name, timeline }) =>
    timeline
      .filter(({ at, text }) => at <= now.at && !told.has(`${name} ${at} ${text}`))
      .map(({ at, text }): EventLine => ({ at, node: name, kind: 'experiment', tone: 'accent', text })),
  )
}
