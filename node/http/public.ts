// The public server: health, status, metrics, the read API, transaction submission and events.
import express, { type Express, type Request } from 'express'
import type { Registry } from 'prom-client'
import { errorHandler, HttpError, onlyMethods, unknownRoute } from './errors.ts'
import { type EventStreamOptions, eventStream } from './event-stream.ts'
import { hashOrHeight, hexParameter, integerQuery, onlyQuery } from './input.ts'
import { listen, type RunningServer } from './server.ts'
import type { NodeView } from './view.ts'

/** Blocks of one answer. */
export const MAX_BLOCKS = 100
export const DEFAULT_BLOCKS = 20
/** One transaction as bytes, with room for any the chain may allow; as JSON in hex it takes twice that and a frame. */
export const MAX_TRANSACTION_BODY_BYTES = 128 * 1024

export interface PublicOptions {
  readonly host: string
  readonly port: number
  readonly view: NodeView
  readonly metrics: { readonly registry: Registry; scrape(): Promise<string> }
  readonly events: EventStreamOptions
  /** Told of errors that are not the client's fault. */
  readonly onDefect: (error: unknown, path: string) => void
}

/** Starts listening. @throws what the system says of the address (EADDRINUSE and the like) */
export async function startPublicServer(options: PublicOptions): Promise<RunningServer> {
  return await listen(publicApp(options), options)
}

function publicApp({ view, metrics, events, onDefect }: PublicOptions): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')

  app.get('/healthz', (_request, response) => {
    response.json({ ok: true })
  })
  app.get('/readyz', (_request, response) => {
    const ready = view.ready()
    response.status(ready ? 200 : 503).json({ ready })
  })
  app.get('/status', (_request, response) => {
    response.json(view.status())
  })
  app.get('/metrics', async (_request, response) => {
    const text = await metrics.scrape()
    response.setHeader('content-type', metrics.registry.contentType)
    response.send(text)
  })

  app.get('/v1/events', eventStream(events))
  app.get('/v1/peers', (request, response) => {
    onlyQuery(request)
    response.json({ peers: view.peers() })
  })
  app.get('/v1/equivocations', async (request, response) => {
    onlyQuery(request)
    response.json({ equivocations: await view.equivocations() })
  })
  app.get('/v1/blocks', async (request, response) => {
    onlyQuery(request, 'from', 'limit')
    const limit = integerQuery(request, 'limit', 1, MAX_BLOCKS, DEFAULT_BLOCKS)
    const latest = Math.max(0, view.status().head.height - limit + 1)
    const from = integerQuery(request, 'from', 0, Number.MAX_SAFE_INTEGER, latest)
    response.json({ blocks: await view.blocks(from, limit) })
  })
  app.get('/v1/blocks/:block', async (request, response) => {
    onlyQuery(request)
    const id = hashOrHeight(request, 'block')
    response.json(found(await view.block(id), `no block ${id} is known here`))
  })
  app.get('/v1/accounts/:address', async (request, response) => {
    onlyQuery(request)
    const address = hexParameter(request, 'address')
    response.json(found(await view.account(address), `no account ${address} in the head's state`))
  })
  app.get('/v1/transactions/:id', async (request, response) => {
    onlyQuery(request)
    const id = hexParameter(request, 'id')
    response.json(found(await view.transaction(id), `no transaction ${id} is known here`))
  })
  app.post(
    '/v1/transactions',
    express.raw({ type: 'application/octet-stream', limit: MAX_TRANSACTION_BODY_BYTES }),
    express.json({ type: 'application/json', limit: 2 * MAX_TRANSACTION_BODY_BYTES + 64, strict: true }),
    async (request, response) => {
      onlyQuery(request)
      const submission = await view.submit(transactionBytes(request))
      switch (submission.kind) {
        case 'accepted':
          response.status(202).json({ id: submission.id })
          return
        case 'known':
          response.json({ id: submission.id })
          return
        case 'malformed':
          throw new HttpError('bad-request', `body: ${submission.reason}`, 'body')
        case 'busy':
          throw new HttpError('busy', submission.reason)
        case 'refused':
          throw new HttpError('refused', submission.reason)
      }
    },
  )

  const reads = [
    '/healthz',
    '/readyz',
    '/status',
    '/metrics',
    '/v1/events',
    '/v1/peers',
    '/v1/equivocations',
    '/v1/blocks',
  ]
  app.all([...reads, '/v1/blocks/:block', '/v1/accounts/:address', '/v1/transactions/:id'], onlyMethods('GET', 'HEAD'))
  app.all('/v1/transactions', onlyMethods('POST'))
  app.use(unknownRoute)
  app.use(errorHandler(onDefect))
  return app
}

function found<T>(value: T | undefined, message: string): T {
  if (value === undefined) throw new HttpError('not-found', message)
  return value
}

function transactionBytes(request: Request): Uint8Array {
  const body: unknown = request.body
  if (body instanceof Uint8Array) {
    if (body.byteLength === 0) throw new HttpError('bad-request', 'body: empty', 'body')
    return body
  }
  if (!request.is('application/json')) {
    const type = 'application/octet-stream (SSZ bytes) or application/json ({"hex": "…"})'
    throw new HttpError('unsupported-media-type', `content-type: expected ${type}`, 'content-type')
  }
  const hex = typeof body === 'object' && body !== null && 'hex' in body ? body.hex : undefined
  if (typeof hex !== 'string' || !/^(0x)?([0-9a-fA-F]{2})+$/.test(hex)) {
    throw new HttpError('bad-request', 'hex: expected an even number of hex digits', 'hex')
  }
  return Buffer.from(hex.replace(/^0x/, ''), 'hex')
}
