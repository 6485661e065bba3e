import { expect, test } from 'vitest'
import { Miniature } from './miniature.ts'
import { invalidPlan } from './plan.ts'
import { checkStored, StoredTestnets, withReadableStatus } from './stored-testnet.ts'
import type { StoredTestnet } from './world.ts'

const stored = (spec: unknown, more: object = {}): StoredTestnet => ({
  apiVersion: 'trellis.dev/v1alpha1',
  kind: 'Testnet',
  metadata: { name: 'net', namespace: 'n', uid: 'u', generation: 1, ...more },
  spec,
})
const good = {
  groups: [
    { name: 'b', role: 'bootstrap' },
    { name: 'm', role: 'miner' },
  ],
}

test.each<[string, unknown, RegExp]>([
  ['nothing', undefined, /^spec/],
  ['no object', 'x', /^spec/],
  ['a field of another version', { ...good, shards: 4 }, /shards/],
  ['another stack', { ...good, network: { stack: 'carrier-pigeon' } }, /^spec\.network\.stack/],
  ['a broken rule between fields', { ...good, groups: [...good.groups, good.groups[1]] }, /spec\.groups\[2\]/],
])('a stored spec with %s is told with its place', (_, spec, problem) => {
  const { valid, problems } = checkStored(stored(spec))
  expect(valid).toBeUndefined()
  expect(problems!.join('\n')).toMatch(problem)
})

test('problems are bounded', () => {
  const spec = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`field${index}`, 1]))
  expect(checkStored(stored({ ...good, ...spec })).problems!.length).toBeLessThanOrEqual(9)
})

test('defaults are filled in, and a generation is checked once', () => {
  const checks = new StoredTestnets()
  const first = checks.check(stored(good)).valid!
  expect(first.spec.chain.blockInterval).toBe('1s')
  const again = checks.check({ ...stored({ ...good }), status: { observedGeneration: 1 } }).valid!
  expect(again.spec).toBe(first.spec)
  expect(again.status).toEqual({ observedGeneration: 1 })
  expect(checks.check(stored({ groups: [] }, { generation: 2 })).problems).toBeDefined()
})

const condition = {
  type: 'Ready',
  status: 'True',
  reason: 'Healthy',
  message: '',
  lastTransitionTime: '2026-06-01T00:00:00Z',
}
test.each<[string, unknown, unknown]>([
  ['text', 'x', undefined],
  ['null', null, undefined],
  ['conditions that are an object', { conditions: {}, headCount: 2 }, { headCount: 2 }],
  ['conditions without content', { conditions: [null] }, {}],
  ['groups that are null', { groups: null, nodes: null, conditions: null }, {}],
  ['heads without content', { heads: [null], headCount: 3 }, { headCount: 3 }],
  ['a field of another version', { shards: 4, conditions: [condition] }, { conditions: [condition] }],
])('of a stored status with %s the rest is read, and planned with', (_, status, read) => {
  const cluster = new Miniature(good)
  cluster.settle()
  const readable = withReadableStatus({ ...cluster.testnet, status: status as never })
  expect(readable.status).toEqual(read)
  cluster.testnet = { ...readable, spec: cluster.testnet.spec }
  expect(cluster.plan().status?.conditions).toHaveLength(5)
  expect(invalidPlan(readable, ['x'], { statusWrittenAt: undefined }, cluster.now).status).toBeDefined()
})
