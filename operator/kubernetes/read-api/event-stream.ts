// GET .../events: one reader's stream. Its bytes are not kept for it: a reader that does not keep up is cut off, and gets
// the whole picture when it comes back.
import type { Response } from 'express'
import { frame, heartbeat } from './frames.ts'
import type { LiveViews } from './live-views.ts'
import type { NodeEvents } from './node-events.ts'
import type { TestnetName } from './source.ts'

export const MAX_READERS = 256
/** Comments keep proxies from cutting an idle stream, and show the reader that it is alive. */
export const HEARTBEAT_MS = 15_000
/** What may wait for one reader: two whole pictures of the largest testnet. */
export const MAX_WAITING_BYTES = 8 * 1024 * 1024

export interface StreamParts {
  readonly views: LiveViews
  readonly nodeEvents: NodeEvents
  readonly heartbeatMs: number
}

/** False when there is no such testnet. @throws ReadError when too many nodes are followed */
export function stream(
  response: Response,
  of: TestnetName,
  nodes: readonly string[],
  { views, nodeEvents, heartbeatMs }: StreamParts,
): boolean {
  let stalled = false
  const send = (bytes: Buffer): void => {
    if (response.destroyed || response.writableEnded) return
    if (response.writableLength + bytes.length > MAX_WAITING_BYTES) return void response.destroy()
    response.write(bytes)
  }
  const ends: (() => void)[] = []
  const end = (): void => {
    for (const one of ends.splice(0)) one()
  }
  // The head goes out with the first frame, once everything that can be refused has been.
  const first: Buffer[] = []
  let open = false
  const stopViews = views.listen(of, {
    frames: bytes => (open ? send(bytes) : void first.push(bytes)),
    gone: () => {
      send(frame('deleted', JSON.stringify(of)))
      response.end()
    },
  })
  if (!stopViews) return false
  ends.push(stopViews)
  try {
    if (nodes.length > 0)
      ends.push(nodeEvents.listen(of, nodes, (node, event) => send(frame('node', JSON.stringify({ ...event, node })))))
  } catch (error) {
    end()
    throw error
  }
  response.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store, no-transform',
    'X-Accel-Buffering': 'no',
  })
  open = true
  for (const bytes of first) send(bytes)
  const timer = setInterval(() => {
    // Two heartbeats without a byte taken: nobody reads.
    if (response.writableNeedDrain && stalled) return void response.destroy()
    stalled = response.writableNeedDrain
    if (!stalled) send(heartbeat)
  }, heartbeatMs)
  ends.push(() => clearInterval(timer))
  // A write to a socket the reader has closed is an error of the response; 'close' follows.
  response.on('error', () => {})
  response.once('close', end)
  return true
}
