// What can go wrong with a request to the Kubernetes API, and what that means for a retry.

export interface StatusCause {
  readonly reason?: string
  readonly field?: string
  readonly message?: string
}

/** The server answered, and said no. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  /** The machine-readable reason of a metav1.Status: `Conflict`, `Invalid`, `Expired`. Empty when a proxy answered. */
  readonly reason: string
  readonly causes: readonly StatusCause[]
  readonly retryAfterMs: number | undefined

  constructor(
    status: number,
    message: string,
    { reason = '', causes = [], retryAfterMs }: Partial<Pick<ApiError, 'reason' | 'causes' | 'retryAfterMs'>> = {},
  ) {
    super(message)
    this.status = status
    this.reason = reason
    this.causes = causes
    this.retryAfterMs = retryAfterMs
  }
}

/** No whole answer came: refused, reset, cut or too late. A write may or may not have happened. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
}

/** This process may not write (any more): another one leads. */
export class NotLeaderError extends Error {
  override readonly name = 'NotLeaderError'
}

/** A retry cannot help until somebody changes the object; the message says what to change. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError'
}

export const isNotFound = (error: unknown): boolean => error instanceof ApiError && error.status === 404
export const isConflict = (error: unknown): boolean => error instanceof ApiError && error.status === 409
/** The resource version is no longer in the server's history. */
export const isGone = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === 410 || error.reason === 'Expired')

/** Answers that stay the same until the request is another one. 403 is not among them: quotas and roles change. */
const terminal = new Set([400, 405, 406, 413, 415, 422])

/** To an apply with a field it does not know the server answers 500, though it is the request that is wrong. */
const UNTYPED = 'failed to create typed patch object'

export const isTerminal = (error: unknown): boolean =>
  error instanceof TerminalError ||
  (error instanceof ApiError && (terminal.has(error.status) || error.message.includes(UNTYPED)))

/** The error of an answer's status code and body, which is a metav1.Status unless something in between answered. */
export function apiError(status: number, body: unknown, retryAfter: number | undefined): ApiError {
  const plain: Record<string, unknown> = typeof body === 'object' && body !== null ? { ...body } : {}
  const details = (plain.details ?? {}) as { causes?: readonly StatusCause[]; retryAfterSeconds?: number }
  const message = typeof plain.message === 'string' ? plain.message : `the server answered ${status}`
  return new ApiError(status, message, {
    reason: typeof plain.reason === 'string' ? plain.reason : '',
    causes: details.causes ?? [],
    retryAfterMs: retryAfter ?? (details.retryAfterSeconds ? details.retryAfterSeconds * 1_000 : undefined),
  })
}
