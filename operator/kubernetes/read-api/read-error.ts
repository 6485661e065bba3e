// Errors as readers see them: a status code, and {error, help} as the body.
import type { ErrorRequestHandler, RequestHandler } from 'express'

export class ReadError extends Error {
  override readonly name = 'ReadError'
  readonly status: number
  readonly help: string

  constructor(status: number, message: string, help: string) {
    super(message)
    this.status = status
    this.help = help
  }
}

export const unknownRoute =
  (routes: readonly string[]): RequestHandler =>
  (request, _response, next) =>
    next(new ReadError(404, `there is no ${request.path.slice(0, 200)}`, `there are ${routes.join(', ')}`))

export const readOnly: RequestHandler = (request, response, next) => {
  if (request.method === 'GET' || request.method === 'HEAD') return next()
  response.setHeader('Allow', 'GET, HEAD')
  next(new ReadError(405, `${request.method} is not possible here`, 'only GET and HEAD are: nothing can be changed'))
}

/** Turns whatever a handler threw into an answer. `onDefect` is told of what was not the reader's fault. */
export function errorHandler(onDefect: (error: unknown, path: string) => void): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    if (!(error instanceof ReadError) && !isRefusal(error)) onDefect(error, request.path)
    if (response.headersSent) return void response.destroy()
    const { status, message, help } = asReadError(error)
    if (status === 503) response.setHeader('Retry-After', '2')
    response.status(status).json({ error: message, help })
  }
}

function asReadError(error: unknown): ReadError {
  if (error instanceof ReadError) return error
  if (isRefusal(error)) return new ReadError(error.status, error.message, 'check the path')
  return new ReadError(500, 'the operator failed to answer', 'its log says why')
}

/** What express refuses by itself, such as a path that cannot be decoded. */
const isRefusal = (error: unknown): error is Error & { status: number } =>
  error instanceof Error && 'status' in error && typeof error.status === 'number' && error.status < 500
