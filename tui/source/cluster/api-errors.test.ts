import { expect, test } from 'vitest'
import { ApiError, ConnectionError } from '../../../operator/kubernetes/runtime/api-error.ts'
import { explainApiError } from './api-errors.ts'

const cause = (reason: string, field: string, message: string) => ({ reason, field, message })

test.each<[string, Error, string[]]>([
  [
    'each refused field',
    new ApiError(422, 'long text', {
      causes: [
        cause('FieldValueInvalid', 'spec.seed', 'Invalid value: is fixed'),
        cause('FieldValueInvalid', 'spec.groups[0].count', 'spec.groups[0].count in body should be at least 1'),
        cause('FieldValueInvalid', '<nil>', 'some things were not checked'),
      ],
    }),
    [
      'spec.seed: Invalid value: is fixed',
      'spec.groups[0].count in body should be at least 1',
      'some things were not checked',
    ],
  ],
  [
    'who owns a field',
    new ApiError(409, 'conflict', {
      reason: 'Conflict',
      causes: [cause('FieldManagerConflict', '.spec.ttl', 'conflict with "kubectl" using trellis.dev/v1alpha1')],
    }),
    [
      'spec.ttl: is owned by "kubectl" using trellis.dev/v1alpha1',
      'take those fields over with --force-conflicts, or leave them as they are there',
    ],
  ],
  [
    'a missing right',
    new ApiError(403, 'pods is forbidden: User "a" cannot list', { reason: 'Forbidden' }),
    ['pods is forbidden: User "a" cannot list; ask whoever runs the cluster for that right'],
  ],
  [
    'an unknown field',
    new ApiError(400, 'strict decoding error: unknown field "spec.grups"', { reason: 'BadRequest' }),
    [
      'the API server refused: strict decoding error: unknown field "spec.grups" (BadRequest); change the request, or see its log',
    ],
  ],
  [
    'a server that is away',
    new ConnectionError('connect ECONNREFUSED 127.0.0.1:1'),
    [
      'the API server does not answer: connect ECONNREFUSED 127.0.0.1:1; check the context, and whether the cluster runs',
    ],
  ],
])('tells %s', (_what, error, expected) => expect(explainApiError(error)).toEqual(expected))

test('leaves other errors alone', () => expect(explainApiError(new Error('defect'))).toBeUndefined())
