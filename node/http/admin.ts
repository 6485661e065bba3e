// The administration server: link rows, the chain's clock, peers and the process itself. It listens on loopback, or asks for a bearer token.
import { BlockList, isIP } from 'node:net'
import express, { type Express } from 'express'
import type { z } from 'zod'
import type { LinkRow } from '../../api/link.ts'
import { clockSkewSchema, linkRowSchema } from '../../api/node-config.ts'
import { SkewRefused } from '../clock.ts'
import { RowRefused } from '../faults/table.ts'
import { answerLifecycle, isLifecycle } from '../lifecycle/requests.ts'
import { authorizer } from './authorization.ts'
import { errorHandler, HttpError, onlyMethods, unknownRoute } from './errors.ts'
import { onlyQuery, parameter, textQuery } from './input.ts'
import { listen, type RunningServer } from './server.ts'
import type { NodeControl } from './view.ts'

/** A row of 10,000 peers takes about 1.5 MiB. */
export const MAX_ROW_BODY_BYTES = 8 * 1024 * 1024

const MAX_SKEW_BODY_BYTES = 4 * 1024

export interface AdminOptions {
  readonly host: string
  readonly port: number
  /** When present every request must carry it, on loopback too. */
  readonly token?: string
  readonly control: NodeControl
  readonly onDefect: (error: unknown, path: string) => void
}

/** The configuration asks for something unsafe. */
export class AdminRefused extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'AdminRefused'
  }
}

/** Starts listening. @throws AdminRefused for a host off loopback without a token; else what the system says */
export async function startAdminServer(options: AdminOptions): Promise<RunningServer> {
  if (options.token === undefined && !isLoopback(options.host)) {
    throw new AdminRefused(
      `listen.host: the administration port would be open on ${options.host} to everybody; set adminToken or listen on 127.0.0.1`,
    )
  }
  return await listen(adminApp(options), options)
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Only addresses count: what a name resolves to may change. */
export function isLoopback(host: string): boolean {
  const version = isIP(host)
  return version !== 0 && loopback.check(host, version === 6 ? 'ipv6' : 'ipv4')
}

function adminApp({ token, control, onDefect }: AdminOptions): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  const authorize = authorizer(token)
  app.use((request, _response, next) => {
    authorize(request)
    next()
  })

  app.get('/v1/faults', (request, response) => {
    onlyQuery(request, 'ended')
    response.json({ faults: control.faults.status({ ended: textQuery(request, 'ended') === 'true' }) })
  })
  app.get('/v1/faults/:id', (request, response) => {
    onlyQuery(request)
    const id = parameter(request, 'id')
    const fault = control.faults.find(id)
    if (!fault) throw unknownRow(id)
    response.json(fault)
  })
  app.put('/v1/faults/:id', express.json({ limit: MAX_ROW_BODY_BYTES }), (request, response) => {
    onlyQuery(request)
    const row: LinkRow = bodyOf(linkRowSchema, 'a row', request.body, parameter(request, 'id'))
    try {
      const change = control.faults.apply(row)
      response.status(change === 'applied' ? 201 : 200).json({ id: row.id, change, endsAt: row.endsAt })
    } catch (error) {
      if (error instanceof RowRefused) throw new HttpError('refused', error.message, fieldOf(error))
      throw error
    }
  })
  app.delete('/v1/faults/:id', (request, response) => {
    onlyQuery(request)
    const id = parameter(request, 'id')
    const fault = control.faults.remove(id)
    if (!fault) throw unknownRow(id)
    response.json(fault)
  })
  app.delete('/v1/faults', (request, response) => {
    onlyQuery(request)
    response.json({ faults: control.faults.clear() })
  })
  app.get('/v1/clock', (request, response) => {
    onlyQuery(request)
    response.json({ skews: control.clock.skews })
  })
  app.put('/v1/clock/:id', express.json({ limit: MAX_SKEW_BODY_BYTES }), (request, response) => {
    onlyQuery(request)
    const skew = bodyOf(clockSkewSchema, 'a skew', request.body, parameter(request, 'id'))
    try {
      const change = control.clock.skew(skew)
      response.status(change === 'applied' ? 201 : 200).json({ id: skew.id, change, endsAt: skew.endsAt })
    } catch (error) {
      if (error instanceof SkewRefused) throw new HttpError('refused', error.message, error.field)
      throw error
    }
  })
  app.delete('/v1/clock/:id', (request, response) => {
    onlyQuery(request)
    const id = parameter(request, 'id')
    if (!control.clock.end(id)) throw new HttpError('not-found', `no skew "${id}" is in force`)
    response.json({ id })
  })
  app.post('/v1/peers/:id/disconnect', async (request, response) => {
    onlyQuery(request)
    const id = parameter(request, 'id')
    if (!(await control.disconnect(id))) throw new HttpError('not-found', `peer ${id} is not connected`)
    response.json({ id })
  })

  app.use(async (request, response, next) => {
    if (!isLifecycle(request.path)) return next()
    onlyQuery(request)
    await answerLifecycle(request, response, request.path, control.lifecycle)
  })

  app.all('/v1/faults', onlyMethods('GET', 'DELETE'))
  app.all('/v1/faults/:id', onlyMethods('GET', 'PUT', 'DELETE'))
  app.all('/v1/clock', onlyMethods('GET'))
  app.all('/v1/clock/:id', onlyMethods('PUT', 'DELETE'))
  app.all('/v1/peers/:id/disconnect', onlyMethods('POST'))
  app.use(unknownRoute)
  app.use(errorHandler(onDefect))
  return app
}

const unknownRow = (id: string): HttpError => new HttpError('not-found', `no row "${id}" is in force`)

function fieldOf({ code }: RowRefused): string {
  if (code === 'reserved') return 'id'
  return code === 'too-many' || code === 'unsupported' ? 'classes' : 'endsAt'
}

/** The body as the schema has it, under the id that the path has too. @throws HttpError */
function bodyOf<T extends { readonly id: string }>(schema: z.ZodType<T>, what: string, body: unknown, id: string): T {
  if (body === undefined) throw new HttpError('bad-request', `body: expected ${what} as application/json`, 'body')
  const parsed = schema.safeParse(body)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const field = issue?.path.join('.') || 'body'
    throw new HttpError('bad-request', `${field}: ${issue?.message ?? `not ${what}`}`, field)
  }
  if (parsed.data.id !== id) {
    throw new HttpError(
      'bad-request',
      `id: "${parsed.data.id}" in the body, "${id}" in the path; they must agree`,
      'id',
    )
  }
  return parsed.data
}
