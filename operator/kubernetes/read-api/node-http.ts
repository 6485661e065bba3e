// What the read API asks of a node when somebody wants it: its peers, and its events as they happen. A node runs an image
// that somebody chose, so nothing it says is trusted to be short, quick or well-formed.
import { createParser } from 'eventsource-parser'
import { z } from 'zod'
import type { NodeEvent, PeerStatus } from '../../../api/observation.ts'

export const NODE_DEADLINE_MS = 2_000
/** A thousand peers take a quarter of it. */
const MAX_PEERS_BYTES = 1024 * 1024
const MAX_PEERS = 2_000
/** A mesh event of a node with all the peers it may have takes a quarter of it. */
const MAX_EVENT_CHARS = 64 * 1024
/** A node says something at least every 10 s. */
const SILENT_STREAM_MS = 30_000

const peer = z.object({
  id: z.string().max(128),
  name: z.string().max(253),
  address: z.string().max(512),
  direction: z.enum(['inbound', 'outbound']),
  score: z.number(),
  latencyMs: z.number().nullable(),
  connectedAt: z.number(),
  head: z.object({ hash: z.string().max(128), height: z.number() }).nullable(),
})
const peersAnswer = z.object({ peers: z.array(peer).max(MAX_PEERS) })
const event = z.looseObject({ at: z.number(), kind: z.string().max(32) })

/** @throws Error that says what the node did instead of answering */
export async function fetchPeers(url: string, signal: AbortSignal): Promise<PeerStatus[]> {
  const late = AbortSignal.timeout(NODE_DEADLINE_MS)
  const response = await fetch(`${url}/v1/peers`, { signal: AbortSignal.any([signal, late]), redirect: 'error' })
  let bytes = 0
  const parts: Uint8Array[] = []
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > MAX_PEERS_BYTES) throw new Error(`its answer is longer than ${MAX_PEERS_BYTES} bytes`)
    parts.push(chunk)
  }
  if (!response.ok) throw new Error(`it answered ${response.status}`)
  const parsed = peersAnswer.safeParse(JSON.parse(Buffer.concat(parts).toString('utf8')))
  if (!parsed.success) throw new Error('its answer is not a list of peers')
  return parsed.data.peers
}

/** Gives each event of the node to `onEvent` until the node ends the stream or falls silent, or the signal. Never throws. */
export async function followEvents(
  url: string,
  signal: AbortSignal,
  onEvent: (event: NodeEvent) => void,
): Promise<void> {
  const silent = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const heard = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => silent.abort(), SILENT_STREAM_MS)
  }
  const parser = createParser({
    maxBufferSize: MAX_EVENT_CHARS,
    onError: error => {
      if (error.type === 'max-buffer-size-exceeded') silent.abort()
    },
    onEvent: ({ data }) => {
      const parsed = parseEvent(data)
      if (parsed) onEvent(parsed)
    },
  })
  const decoder = new TextDecoder()
  try {
    heard()
    const response = await fetch(`${url}/v1/events`, {
      signal: AbortSignal.any([signal, silent.signal]),
      redirect: 'error',
      headers: { Accept: 'text/event-stream' },
    })
    if (!response.ok) return await response.body?.cancel()
    for await (const chunk of response.body ?? []) {
      heard()
      parser.feed(decoder.decode(chunk, { stream: true }))
    }
  } catch {
    // Whoever follows tries again.
  } finally {
    clearTimeout(timer)
  }
}

function parseEvent(data: string): NodeEvent | undefined {
  try {
    const parsed = event.safeParse(JSON.parse(data))
    return parsed.success ? (parsed.data as unknown as NodeEvent) : undefined
  } catch {
    return undefined
  }
}
