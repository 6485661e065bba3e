// What a node is asked to do to its own process, on the administration port:
//
//   PUT    /v1/lifecycle/kill   {"until"}   ends at once; whatever is started in its place holds still until then
//   DELETE /v1/lifecycle/kill               lets that one start now
//   PUT    /v1/lifecycle/pause  {"until"}   stands still until then
//   DELETE /v1/lifecycle/pause              goes on now
//   POST   /v1/lifecycle/restart            ends in order; whoever runs it starts another
//   GET    /v1/lifecycle                    {"state", "until"?}
//
// Times are absolute, milliseconds since the epoch. Three answer: the node that runs, the one that is held, and the child
// that stands for one that is paused. What is asked for and is so already is no error.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { HttpError } from '../http/errors.ts'

/** The longest fault is a day; lifting it may take a little more. */
export const MAX_HOLD_MS = 25 * 3_600_000
const MAX_BODY_BYTES = 1_024

export type LifecycleState =
  | { readonly state: 'running' }
  | { readonly state: 'killed' | 'paused'; readonly until: number }

/** Each resolves when it is prepared. */
export interface LifecycleActs {
  state(): LifecycleState
  kill(until: number): Promise<Afterwards>
  revive(): Promise<Afterwards>
  pause(until: number): Promise<Afterwards | HandOver>
  resume(): Promise<Afterwards>
  restart(): Promise<Afterwards>
}
/** What is left to do once the answer is on its way. */
export type Afterwards = (() => void) | undefined
/** Somebody else does it and then answers, over this connection. */
export interface HandOver {
  handOver(connection: Socket): void
}

export const isLifecycle = (path: string): boolean => path === '/v1/lifecycle' || path.startsWith('/v1/lifecycle/')

/** Answers one request whose sender may ask. @throws HttpError, and then has answered nothing */
export async function answerLifecycle(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  acts: LifecycleActs,
): Promise<void> {
  const { method = '' } = request
  const afterwards = await act(method, path, request, acts)
  if (typeof afterwards === 'object') {
    const { socket } = request
    response.detachSocket(socket)
    return afterwards.handOver(socket)
  }
  if (afterwards) response.once('finish', () => setImmediate(afterwards))
  response.writeHead(200, { 'content-type': 'application/json', ...(afterwards && { connection: 'close' }) })
  response.end(JSON.stringify(acts.state()))
}

async function act(
  method: string,
  path: string,
  request: IncomingMessage,
  acts: LifecycleActs,
): Promise<Afterwards | HandOver> {
  switch (path) {
    case '/v1/lifecycle':
      return allowed(method, { GET: async () => undefined })
    case '/v1/lifecycle/kill':
      return allowed(method, { PUT: async () => await acts.kill(await untilOf(request)), DELETE: () => acts.revive() })
    case '/v1/lifecycle/pause':
      return allowed(method, { PUT: async () => await acts.pause(await untilOf(request)), DELETE: () => acts.resume() })
    case '/v1/lifecycle/restart':
      return allowed(method, { POST: () => acts.restart() })
    default:
      throw new HttpError('not-found', `no such route: ${method} ${path.slice(0, 200)}`)
  }
}

async function allowed(
  method: string,
  by: Readonly<Record<string, () => Promise<Afterwards | HandOver>>>,
): Promise<Afterwards | HandOver> {
  const found = by[method]
  if (found) return await found()
  throw new HttpError('method-not-allowed', `${method} is not possible here; use ${Object.keys(by).join(' or ')}`)
}

async function untilOf(request: IncomingMessage): Promise<number> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) throw new HttpError('too-large', 'the body is too large', 'body')
    chunks.push(chunk)
  }
  const until = untilIn(Buffer.concat(chunks).toString('utf8'))
  if (until === undefined)
    throw new HttpError('bad-request', 'body: expected {"until": milliseconds since the epoch}', 'body')
  const left = until - Date.now()
  if (left <= 0) throw new HttpError('refused', `until: was ${-left} ms ago; are both clocks right?`, 'until')
  if (left > MAX_HOLD_MS) throw new HttpError('refused', `until: is ${left} ms away; ${MAX_HOLD_MS} at most`, 'until')
  return until
}

/** Of `{"until": ...}`; undefined when it is something else. Without a library: a child that is small starts sooner. */
export function untilIn(text: string): number | undefined {
  try {
    const { until } = JSON.parse(text) as { until?: unknown }
    return typeof until === 'number' && Number.isSafeInteger(until) && until > 0 ? until : undefined
  } catch {
    return undefined
  }
}

/** A listener for what has no other routes: `authorize` throws HttpError when the sender may not ask. */
export function lifecycleListener(acts: LifecycleActs, authorize: (request: IncomingMessage) => void): RequestListener {
  return (request, response) => {
    const [path = ''] = (request.url ?? '').split('?')
    const answer = async (): Promise<void> => {
      authorize(request)
      if (!isLifecycle(path)) throw new HttpError('busy', `the node is ${acts.state().state}`)
      await answerLifecycle(request, response, path, acts)
    }
    answer().catch(error => {
      const { status, code, message } = error instanceof HttpError ? error : new HttpError('internal', String(error))
      if (response.headersSent) return void response.destroy()
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: { code, message } }))
    })
  }
}

/** Probes find the process alive, or whoever runs it would start it anew; nobody else finds anything. */
export const lifeSigns =
  (others: (response: ServerResponse) => void): RequestListener =>
  (request, response) => {
    if (request.url !== '/healthz') return others(response)
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ status: 'ok' }))
  }
