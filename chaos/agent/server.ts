// The agent's HTTP server (protocol.ts). Plain node:http: six routes, and the agent stands in every pod.
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { z } from 'zod'
import { type Agent, Busy, Unsupported } from './agent.ts'
import { KernelRefused } from './kernel.ts'
import { LeaseRefused } from './leases.ts'
import { MAX_BODY_BYTES } from './limits.ts'
import { leaseSchema, rowsSchema } from './protocol.ts'
import { ForeignScheduler } from './schedulers.ts'
import { type Claim, readToken } from './token.ts'

const MAX_CONNECTIONS = 64
const REQUEST_TIMEOUT_MS = 10_000
const IDLE_TIMEOUT_MS = 30_000
const MAX_HEADER_BYTES = 8 * 1024

export interface ServerOptions {
  /** Every address when absent. */
  readonly host?: string | undefined
  readonly port: number
  readonly key: Uint8Array
  readonly agent: Agent
  readonly onDefect: (error: unknown, path: string) => void
}

export interface RunningServer {
  readonly port: number
  close(): Promise<void>
}

/** @throws what the system says: EADDRINUSE, EADDRNOTAVAIL */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const limits = {
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: REQUEST_TIMEOUT_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
  }
  const server = createServer({ ...limits, connectionsCheckingInterval: 1_000 }, listener(options))
  server.maxConnections = MAX_CONNECTIONS
  server.timeout = IDLE_TIMEOUT_MS
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(options.port, options.host, resolve)
  await promise
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise<void>(done => server.close(() => done()))
      server.closeAllConnections()
      await closed
    },
  }
}

/** An answer that is an error: {"error": {"code", "message", "field"?}}. */
class HttpError extends Error {
  readonly status: number
  readonly code: string
  readonly field: string | undefined
  constructor(status: number, code: string, message: string, field?: string) {
    super(message)
    this.status = status
    this.code = code
    this.field = field
  }
}

function listener(options: ServerOptions): RequestListener {
  return (request, response) => {
    const path = request.url ?? '/'
    answer(request, options)
      .catch(error => {
        const refused = asHttpError(error, () => options.onDefect(error, path))
        options.agent.meters.refused(refused.code)
        return refused
      })
      .then(result => send(response, result))
      .catch(error => options.onDefect(error, path))
  }
}

async function answer(request: IncomingMessage, { agent, key }: ServerOptions): Promise<unknown> {
  const { method = '' } = request
  const [path = ''] = (request.url ?? '').split('?')
  if (path === '/healthz') return { status: 'ok' }
  if (path === '/metrics') {
    allow(method, 'GET')
    return new Exposition(await agent.meters.scrape())
  }
  const claim = authorize(request, key)
  if (path === '/v1/preflight') {
    allow(method, 'GET')
    return await agent.preflight()
  }
  const [, experiment, lease] = /^\/v1\/experiments\/([^/]+)(\/lease)?$/.exec(path) ?? []
  if (experiment === undefined) throw new HttpError(404, 'not-found', `no such route: ${path.slice(0, 200)}`)
  if (experiment !== claim.experiment) {
    throw new HttpError(403, 'forbidden', `the token is for ${claim.experiment}`, 'authorization')
  }
  if (lease) {
    allow(method, 'POST')
    const { until } = await body(request, leaseSchema)
    return await agent.renew(claim, until)
  }
  allow(method, 'GET', 'PUT', 'DELETE')
  if (method === 'PUT') return await agent.put(claim, await body(request, rowsSchema))
  return method === 'DELETE' ? await agent.end(claim) : await agent.report(claim)
}

function authorize(request: IncomingMessage, key: Uint8Array): Claim {
  const [, token] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '') ?? []
  const claim = token === undefined ? undefined : readToken(token, key)
  if (!claim) {
    throw new HttpError(401, 'unauthorized', 'needs the experiment’s token as `authorization: Bearer`', 'authorization')
  }
  return claim
}

/** Prometheus' text format instead of JSON. */
class Exposition {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

function allow(method: string, ...methods: string[]): void {
  if (methods.includes(method)) return
  throw new HttpError(405, 'method-not-allowed', `${method} is not possible here; use ${methods.join(' or ')}`)
}

async function body<T extends z.ZodType>(request: IncomingMessage, schema: T): Promise<z.output<T>> {
  const tooLarge = new HttpError(413, 'too-large', `the body is larger than ${MAX_BODY_BYTES} bytes`, 'body')
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw tooLarge
  const chunks: Buffer[] = []
  let bytes = 0
  // The rest of a body that is too large is read and thrown away: who still sends does not hear the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) throw tooLarge
    chunks.push(chunk)
  }
  const parsed = schema.safeParse(json(Buffer.concat(chunks).toString()))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new HttpError(400, 'bad-request', issue?.message ?? 'wrong form', issue?.path.join('.') || 'body')
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new HttpError(400, 'bad-request', `the body is not JSON: ${(error as Error).message}`, 'body')
  }
}

function asHttpError(error: unknown, onDefect: () => void): HttpError {
  if (error instanceof HttpError) return error
  if (error instanceof LeaseRefused) {
    const status = { unknown: 404, ended: 409, 'too-long': 422, 'too-late': 422, 'too-many': 422 }[error.code]
    return new HttpError(status, error.code, error.message, error.field)
  }
  if (error instanceof Unsupported) return new HttpError(501, 'unsupported', error.message, error.field)
  if (error instanceof ForeignScheduler) return new HttpError(409, 'foreign-scheduler', error.message)
  if (error instanceof Busy) return new HttpError(503, 'busy', error.message)
  onDefect()
  if (error instanceof KernelRefused) return new HttpError(500, 'kernel-refused', error.message)
  return new HttpError(500, 'internal', 'internal error; the agent’s log has more')
}

function send(response: ServerResponse, result: unknown): void {
  if (result instanceof Exposition) {
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
    return void response.end(result.text)
  }
  const failed = result instanceof HttpError
  if (failed && result.status === 401) response.setHeader('www-authenticate', 'Bearer')
  response.writeHead(failed ? result.status : 200, { 'content-type': 'application/json' })
  if (!failed) response.end(JSON.stringify(result))
  else response.end(JSON.stringify({ error: { code: result.code, message: result.message, field: result.field } }))
}
