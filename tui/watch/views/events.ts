// Recent events, the newest first.

import { padEnd } from '../../views/width.ts'
import type { EventLine } from '../model/event-text.ts'
import { type Line, line } from './line.ts'

export function eventLines(events: readonly EventLine[], height: number): Line[] {
  const shown = events.slice(0, Math.max(0, height))
  const names = Math.min(24, Math.max(0, ...shown.map(({ node }) => node.length)))
  return shown.map(({ at, node, tone, text }) =>
    line(['dim', ` ${clock(at)} `], [undefined, `${padEnd(node, names)} `], [tone, text]),
  )
}

/** Local time of the day. */
export const clock = (at: number): string => {
  const date = new Date(at)
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(part => String(part).padStart(2, '0')).join(':')
}
