// Errors as clients see them: {"error": {"code, message, field?"}} with the right status.
import type { ErrorRequestHandler, RequestHandler } from 'express'

export type HttpCode =
  | 'bad-request'
  | 'unauthorized'
  | 'not-found'
  | 'method-not-allowed'
  | 'too-large'
  | 'unsupported-media-type'
  | 'refused'
  | 'busy'
  | 'internal'

const statusOf: Record<HttpCode, number> = {
  'bad-request': 400,
  unauthorized: 401,
  'not-found': 404,
  'method-not-allowed': 405,
  'too-large': 413,
  'unsupported-media-type': 415,
  refused: 422,
  busy: 503,
  internal: 500,
}

export class HttpError extends Error {
  readonly code: HttpCode
  /** The path parameter, query parameter or body field at fault. */
  readonly field: string | undefined
  constructor(code: HttpCode, message: string, field?: string) {
    super(message)
    this.name = 'HttpError'
    this.code = code
    this.field = field
  }

  get status(): number {
    return statusOf[this.code]
  }
}

export const unknownRoute: RequestHandler = (request, _response, next) => {
  next(new HttpError('not-found', `no such route: ${request.method} ${request.path.slice(0, 200)}`))
}

/** Allows only the given methods on a path that exists. */
export const onlyMethods =
  (...methods: string[]): RequestHandler =>
  (request, response, next) => {
    response.setHeader('allow', methods.join(', '))
    next(new HttpError('method-not-allowed', `${request.method} is not possible here; use ${methods.join(' or ')}`))
  }

/** Turns whatever a handler threw into an answer. `onDefect` is told of what was not the client's fault. */
export function errorHandler(onDefect: (error: unknown, path: string) => void): ErrorRequestHandler {
  return (error, request, response, _next) => {
    const answer = asHttpError(error)
    if (answer.code === 'internal') onDefect(error, request.path)
    if (response.headersSent) {
      response.destroy()
      return
    }
    if (answer.code === 'unauthorized') response.setHeader('www-authenticate', 'Bearer')
    if (answer.code === 'busy') response.setHeader('retry-after', '1')
    const { code, message, field } = answer
    response.status(answer.status).json({ error: { code, message, ...(field && { field }) } })
  }
}

/** Errors of express and its body parsers carry a status and a type. */
function asHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error
  if (error instanceof Error && 'status' in error) {
    const type = 'type' in error ? String(error.type) : ''
    if (error.status === 413) return new HttpError('too-large', 'the body is too large', 'body')
    if (error.status === 415) return new HttpError('unsupported-media-type', error.message, 'content-encoding')
    if (type === 'entity.parse.failed')
      return new HttpError('bad-request', `the body is not JSON: ${error.message}`, 'body')
    if (typeof error.status === 'number' && error.status < 500) {
      return new HttpError(
        'bad-request',
        error.message,
        type.startsWith('entity') || type.startsWith('request') ? 'body' : 'path',
      )
    }
  }
  return new HttpError('internal', 'internal error; the node’s log has more')
}
