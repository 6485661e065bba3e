// What an API server says no with, as sentences with a mend.
import { ApiError, ConnectionError, type StatusCause } from '../../../operator/kubernetes/runtime/api-error.ts'

/** One line a problem; undefined when the error is no API server's. */
export function explainApiError(error: unknown): string[] | undefined {
  if (error instanceof ConnectionError)
    return [`the API server does not answer: ${error.message}; check the context, and whether the cluster runs`]
  if (!(error instanceof ApiError)) return undefined
  const { status, message, reason, causes } = error
  if (status === 401)
    return [
      'the API server does not accept the credentials of the kubeconfig; log in again, or choose another --context',
    ]
  if (status === 403) return [`${message}; ask whoever runs the cluster for that right`]
  if (status === 409 && causes.some(cause => cause.reason === 'FieldManagerConflict'))
    return [
      ...causes.map(conflictLine),
      'take those fields over with --force-conflicts, or leave them as they are there',
    ]
  if (status === 422 && causes.length > 0) return causes.map(causeLine)
  if (status === 429) return [`the API server has too much to do: ${message}; try again`]
  return [`the API server refused: ${message}${reason && ` (${reason})`}; change the request, or see its log`]
}

/** `spec.groups[0].count: Invalid value: 0: ...` */
const causeLine = ({ field, message = '' }: StatusCause): string =>
  field && field !== '<nil>' && !message.startsWith(field) ? `${field}: ${message}` : message

const conflictLine = ({ field = '', message = '' }: StatusCause): string =>
  `${field.replace(/^\./, '')}: ${message.replace(/^conflict with /, 'is owned by ')}`
