import { describe, expect, test } from 'vitest'
import { completeResources, mergeResources, mergeStorage, type Resources } from './pod-settings.ts'

describe('resources', () => {
  test('of later layers win field by field, written as an API server writes them', () => {
    expect(mergeResources({}, {})).toEqual({ requests: {}, limits: {} })
    expect(
      mergeResources(
        { resources: { requests: { cpu: '500m', memory: '1024Mi' }, limits: { memory: 2_147_483_648 } } },
        { resources: { requests: { cpu: 1 } } },
        {},
      ),
    ).toEqual({ requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '2147483648' } })
  })

  const usual: Resources = { requests: { cpu: '50m', memory: '192Mi' }, limits: { memory: '512Mi' } }
  const asked = (requests: Resources['requests'], limits: Resources['limits'] = {}): Resources => ({ requests, limits })
  test.each([
    ['nothing', asked({}), usual],
    ['less memory', asked({ memory: '64Mi' }), { ...usual, requests: { cpu: '50m', memory: '64Mi' } }],
    [
      'a request above the usual limit',
      asked({ memory: '1Gi' }),
      { requests: { cpu: '50m', memory: '1Gi' }, limits: { memory: '1Gi' } },
    ],
    [
      'a limit below the usual request',
      asked({}, { cpu: '10m', memory: '128Mi' }),
      { requests: { cpu: '10m', memory: '128Mi' }, limits: { cpu: '10m', memory: '128Mi' } },
    ],
    [
      'all of it',
      asked({ cpu: '2', memory: '1Gi' }, { cpu: '2', memory: '2Gi' }),
      { requests: { cpu: '2', memory: '1Gi' }, limits: { cpu: '2', memory: '2Gi' } },
    ],
  ])('asked for: %s', (_name, wanted, expected) => {
    expect(completeResources(wanted, usual)).toEqual(expected)
  })
})

test.each([
  ['nobody asks', [{}, {}], undefined],
  ['somebody asks for nothing in particular', [{ storage: {} }, {}], { size: '1Gi', whenScaled: 'Delete' }],
  [
    'layers add up',
    [
      { storage: { size: '2048Mi', className: 'slow', whenScaled: 'Retain' as const } },
      { storage: { className: 'fast' } },
    ],
    { size: '2Gi', className: 'fast', whenScaled: 'Retain' },
  ],
])('storage when %s', (_name, layers, expected) => {
  expect(mergeStorage(...layers)).toEqual(expected)
})
