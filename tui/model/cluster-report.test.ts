import { describe, expect, test } from 'vitest'
import type { TestnetStatus } from '../../api/status.ts'
import type { StoredTestnet } from '../../operator/kubernetes/testnet/world.ts'
import { clusterReport, conditionRows } from './cluster-report.ts'

const at = '2026-01-01T00:00:00Z'
const now = Date.parse(at) + 90_000
const condition = (type: string, holds: boolean, reason = 'Why') => ({
  type,
  status: holds ? ('True' as const) : ('False' as const),
  reason,
  message: `${type} because`,
  lastTransitionTime: at,
})
const stored = (status: TestnetStatus | undefined, spec: object = {}, metadata: object = {}): StoredTestnet => ({
  metadata: { name: 'net', namespace: 'n', creationTimestamp: at, ...metadata },
  spec,
  ...(status && { status }),
})
const nodes = (ready: number, desired = 3) => ({ ready, desired, summary: `${ready}/${desired}` })

describe('the state of a testnet', () => {
  test.each<[string, StoredTestnet, string]>([
    ['nobody has seen', stored(undefined), 'starting'],
    ['without a ready node', stored({ nodes: nodes(0) }), 'starting'],
    ['with some ready nodes', stored({ nodes: nodes(1) }), 'running'],
    ['that is deleted', stored({ nodes: nodes(3) }, {}, { deletionTimestamp: at }), 'stopping'],
    ['that is being suspended', stored({ nodes: nodes(2) }, { suspend: true }), 'stopping'],
    ['that is suspended', stored({ nodes: nodes(0) }, { suspend: true }), 'stopped'],
    ['that cannot be', stored({ conditions: [condition('Provisioned', false, 'TooLarge')] }), 'failed'],
    ['that waits for an image', stored({ conditions: [condition('Provisioned', false, 'ImagePull')] }), 'starting'],
    ['of another schema', { metadata: { name: 'net' }, spec: 'text' }, 'starting'],
  ])('%s', (_what, testnet, expected) => expect(clusterReport(testnet, undefined, 'c', now).state).toBe(expected))
})

test('heads have members where the operator told them, else their number', () => {
  const testnet = stored({ heads: [{ hash: 'aa', height: 7, members: 2 }], headCount: 20 })
  expect(clusterReport(testnet, undefined, 'c', now)).toMatchObject({
    heads: [{ hash: 'aa', height: 7, count: 2, members: [], forkDepth: null }],
    headCount: 20,
  })
  const told = [{ hash: 'bb', height: 8, members: ['a', 'b', 'c'], forkDepth: 0 }]
  expect(clusterReport(testnet, told, 'c', now)).toMatchObject({ heads: [{ hash: 'bb', count: 3 }], headCount: 1 })
})

test('numbers and places', () => {
  const testnet = stored({ nodes: nodes(2), height: { min: 5, max: 6 }, finalizedHeight: 4 })
  expect(clusterReport(testnet, undefined, 'kind', now)).toMatchObject({
    name: 'net',
    namespace: 'n',
    nodes: 3,
    ready: 2,
    height: { min: 5, max: 6 },
    finalized: 4,
    restarts: null,
    ageMs: 90_000,
    place: 'kind',
  })
})

test('conditions stand in the order in which a network comes up', () => {
  const types = ['Ready', 'Later', 'Converged', 'Provisioned']
  const rows = conditionRows({ conditions: types.map(type => condition(type, type !== 'Ready')) })
  expect(rows.map(({ name }) => name)).toEqual(['Provisioned', 'Converged', 'Ready', 'Later'])
  expect(rows[2]).toEqual({ name: 'Ready', holds: false, code: 'Why', reason: 'Ready because' })
})
