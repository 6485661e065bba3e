// Follows /v1/events of one node through reconnects and restarts, and notes where events may be missing.
import { createParser } from 'eventsource-parser'
import { isNodeEvent } from '../../api/run.ts'
import { type NodeClient, pause } from './node-client.ts'
import type { Recorder } from './recorder.ts'

const KINDS = 'head,block,reorg,finalized,equivocation,peer,mesh'
const RECONNECT_MS = 250
const CONNECT_TIMEOUT_MS = 5_000
/** Nodes send a comment every ten seconds; a stream silent for longer is dead or its node is paused. */
const SILENCE_MS = 25_000
/** One event's line; the largest are mesh events of some hundred peers. */
const MAX_EVENT_CHARS = 1_048_576

/** What is told of events; a Recorder keeps them. */
export type EventSink = Pick<Recorder, 'event' | 'gap'>

/** Resolves once the signal aborts. `history` asks for what the node still keeps, so that the present mesh is known. */
export async function collectEvents(
  client: NodeClient,
  recorder: EventSink,
  options: { readonly signal: AbortSignal; readonly history: boolean; readonly now: () => number },
): Promise<void> {
  const { signal, now } = options
  const place = { lastId: undefined as string | undefined, lastAt: now() }
  let lostAt: number | undefined
  let first = true
  while (!signal.aborted) {
    try {
      await follow(client, recorder, place, {
        signal,
        now,
        history: options.history,
        first,
        onOpen: () => {
          first = false
          lostAt = undefined
        },
      })
    } catch {
      // Whatever ended the stream, the next connection tells by its ids whether anything was missed.
    }
    if (signal.aborted) break
    lostAt ??= now()
    await pause(RECONNECT_MS, signal)
  }
  // A stream that was down at the end may have missed what came after it broke.
  if (lostAt !== undefined) recorder.gap(client.name, place.lastAt, now())
}

interface FollowOptions {
  readonly signal: AbortSignal
  readonly now: () => number
  readonly history: boolean
  readonly first: boolean
  readonly onOpen: () => void
}

async function follow(
  client: NodeClient,
  recorder: EventSink,
  place: { lastId: string | undefined; lastAt: number },
  options: FollowOptions,
): Promise<void> {
  const { signal, now } = options
  const url = new URL('/v1/events', client.endpoint.statusUrl)
  url.searchParams.set('kinds', KINDS)
  // Without an id of ours: all that is kept when history is wanted or when an earlier stream broke before its first event.
  if (place.lastId === undefined && (options.history || !options.first)) url.searchParams.set('after', '0')
  const watchdog = new AbortController()
  let timer = setTimeout(() => watchdog.abort(), CONNECT_TIMEOUT_MS)
  const alive = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => watchdog.abort(), SILENCE_MS)
  }
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([signal, watchdog.signal]),
      headers: { accept: 'text/event-stream', ...(place.lastId !== undefined && { 'last-event-id': place.lastId }) },
    })
    if (!response.ok || !response.body) {
      await response.body?.cancel()
      return
    }
    options.onOpen()
    alive()
    const parser = createParser({
      maxBufferSize: MAX_EVENT_CHARS,
      onEvent: ({ id, event, data }) => {
        const known = place.lastId
        // Ids are `<start of the process>-<number>`: another process's first event follows a loss of the old one's last.
        if (known !== undefined && id !== undefined && processOf(id) !== processOf(known))
          recorder.gap(client.name, place.lastAt, now())
        if (event === 'gap') {
          if (known !== undefined) recorder.gap(client.name, place.lastAt, now())
        } else {
          const value = parsed(data)
          if (isNodeEvent(value)) {
            recorder.event(client.name, value)
            place.lastAt = value.at
          } else recorder.gap(client.name, place.lastAt, now())
        }
        if (id !== undefined) place.lastId = id
      },
    })
    const decoder = new TextDecoder()
    for await (const chunk of response.body) {
      alive()
      parser.feed(decoder.decode(chunk, { stream: true }))
    }
  } finally {
    clearTimeout(timer)
  }
}

const processOf = (id: string): string => id.split('-')[0] ?? ''

function parsed(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}
