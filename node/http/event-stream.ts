// GET /v1/events: the node's events as server-sent events. The ring of recent events is every client's buffer: a client
// has a place in it and is closed when the ring overtakes it, so a slow client costs a number and one socket buffer.
import type { Request, RequestHandler, Response } from 'express'
import type { NodeEventKind } from '../../api/observation.ts'
import type { Events } from '../observe/events.ts'
import { HttpError } from './errors.ts'
import { onlyQuery, textQuery } from './input.ts'

export const MAX_EVENT_CLIENTS = 64
/** Comments keep the connection from looking idle, and show the client that it is alive. */
export const HEARTBEAT_MS = 10_000

/** Every kind once: a kind that is missing here does not compile. */
const kindTable: Record<NodeEventKind, true> = {
  head: true,
  block: true,
  reorg: true,
  justified: true,
  finalized: true,
  equivocation: true,
  peer: true,
  mesh: true,
  sync: true,
  faults: true,
}
const allKinds = Object.keys(kindTable)

export interface EventStreamOptions {
  readonly events: Events
  /** Tells one process's numbering from the next one's. Milliseconds since the epoch. */
  readonly startedAt: number
  readonly maxClients?: number
  readonly heartbeatMs?: number
  /** Told the number of open streams whenever it changes. */
  readonly onClients?: (count: number) => void
}

/**
 * The handler. Query: `kinds` (comma-separated) and `after` (an event id, like the Last-Event-ID header; 0 is all that
 * is kept). Without either id the stream begins with the next event. Events that are no longer kept are announced by
 * an event `gap` with their number.
 */
export function eventStream(options: EventStreamOptions): RequestHandler {
  const { events, startedAt, maxClients = MAX_EVENT_CLIENTS, heartbeatMs = HEARTBEAT_MS } = options
  let clients = 0
  const count = (change: number): void => {
    clients += change
    options.onClients?.(clients)
  }

  return (request, response) => {
    onlyQuery(request, 'kinds', 'after')
    const kinds = kindsOf(textQuery(request, 'kinds'))
    const from = startOf(request, startedAt, events.last)
    if (clients >= maxClients) throw new HttpError('busy', `${maxClients} event streams are open; no more are served`)
    count(1)
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    response.write(': events\n\n')

    let next = Math.min(from, events.last) + 1
    if (next < events.oldest) {
      response.write(frame('gap', `${startedAt}-${events.oldest - 1}`, { kind: 'gap', missed: events.oldest - next }))
      next = events.oldest
    }
    const pump = (): void => {
      if (next < events.oldest) {
        response.destroy()
        return
      }
      while (next <= events.last && !response.writableNeedDrain && !response.destroyed) {
        const numbered = events.at(next++)
        if (!numbered || (kinds && !kinds.has(numbered.event.kind))) continue
        response.write(frame(numbered.event.kind, `${startedAt}-${numbered.number}`, numbered.event))
      }
    }
    const heartbeat = setInterval(() => {
      if (!response.writableNeedDrain) response.write(': alive\n\n')
    }, heartbeatMs)
    const unsubscribe = events.subscribe(pump)
    response.on('drain', pump)
    onEnd(response, () => {
      clearInterval(heartbeat)
      unsubscribe()
      count(-1)
    })
    pump()
  }
}

function onEnd(response: Response, end: () => void): void {
  // A write to a socket the client has closed is an error of the response; 'close' follows.
  response.on('error', () => {})
  response.once('close', end)
}

function frame(name: string, id: string, data: unknown): string {
  return `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}

function kindsOf(text: string | undefined): ReadonlySet<NodeEventKind> | undefined {
  if (text === undefined) return undefined
  const kinds = text.split(',')
  for (const kind of kinds) {
    if (!Object.hasOwn(kindTable, kind)) {
      throw new HttpError('bad-request', `kinds: "${kind.slice(0, 32)}" is none of ${allKinds.join(', ')}`, 'kinds')
    }
  }
  return new Set(kinds as NodeEventKind[])
}

/** Number of the event after which the stream begins. An id of another process's numbering means all that is kept. */
function startOf(request: Request, startedAt: number, last: number): number {
  const header = request.headers['last-event-id']
  const [field, text] = typeof header === 'string' ? ['Last-Event-ID', header] : ['after', textQuery(request, 'after')]
  if (text === undefined) return last
  if (/^\d{1,15}$/.test(text)) return Number(text)
  const [, process, number] = /^(\d{1,15})-(\d{1,15})$/.exec(text) ?? []
  if (number === undefined) throw new HttpError('bad-request', `${field}: expected the id of an event or 0`, field)
  return Number(process) === startedAt ? Number(number) : 0
}
