import { describe, expect, test } from 'vitest'
import { GROUP_LABEL } from '../build/names.ts'
import type { Wanted } from '../build/testnet-objects.ts'
import { ApiError, ConnectionError, NotLeaderError } from '../runtime/api-error.ts'
import { INTENT_ANNOTATION } from '../runtime/drift.ts'
import { type KubeObject, resources } from '../runtime/resource.ts'
import type { Writer } from '../runtime/writer.ts'
import { execute, isRefusal, type Standing } from './execute.ts'
import { Refusals } from './refusals.ts'
import type { World } from './world.ts'
import { WriteMemory } from './write-memory.ts'

const { configMaps, secrets, services, statefulSets } = resources
const want = (resource: Wanted['resource'], name: string, group?: string, mark = '1'): Wanted => ({
  resource,
  object: {
    apiVersion: resource.apiVersion,
    kind: resource.kind,
    metadata: {
      name,
      namespace: 'n',
      annotations: { [INTENT_ANNOTATION]: mark },
      ...(group && { labels: { [GROUP_LABEL]: group } }),
    },
  },
})
const plan = [
  want(services, 'net--nodes'),
  want(configMaps, 'net--testnet'),
  want(secrets, 'net--testnet'),
  ...['a', 'b'].flatMap(group => [
    want(configMaps, `net-${group}`, group),
    want(secrets, `net-${group}`, group),
    want(statefulSets, `net-${group}`, group),
  ]),
]

/** A server that fails as told, by `<plural>/<name>`, and stores one object without its annotations. */
async function run(
  failures: Record<string, unknown>,
  {
    stored = [] as string[],
    standing = (_: Wanted): Standing => 'due',
    alter = '',
    remove = [] as { resource: Wanted['resource']; name: string; uid: string }[],
  } = {},
) {
  const asked: string[] = []
  const answer = (verb: string, plural: string, object: KubeObject): KubeObject => {
    const { name } = object.metadata
    asked.push(`${verb} ${plural}/${name}`)
    const failure = failures[`${plural}/${name}`]
    if (failure !== undefined) throw failure
    const metadata = { ...object.metadata, resourceVersion: '1' }
    return { ...object, metadata: `${plural}/${name}` === alter ? { ...metadata, annotations: {} } : metadata }
  }
  const writer = {
    apply: async (kind: Wanted['resource'], object: KubeObject) => answer('apply', kind.plural, object),
    create: async (kind: Wanted['resource'], object: KubeObject) => answer('create', kind.plural, object),
    delete: async (kind: Wanted['resource'], { name }: { name: string }) =>
      Boolean(answer('delete', kind.plural, { metadata: { name } })),
  } as unknown as Writer
  const world = {
    testnet: { metadata: { name: 'net', namespace: 'n' } },
    stored: new Map(stored.map(key => [key, {}])),
  } as unknown as World
  const signal = new AbortController().signal
  const outcome = await execute({ apply: plan, remove }, { writer, memory: new WriteMemory(), world, standing, signal })
  return { asked, outcome }
}
const quota = new ApiError(403, 'pods "x" is forbidden: exceeded quota: q')

describe('executing a plan', () => {
  test('applies in its order; what must not be made anew is created', async () => {
    const { asked, outcome } = await run({})
    expect(asked.slice(0, 4)).toEqual([
      'apply services/net--nodes',
      'create configmaps/net--testnet',
      'create secrets/net--testnet',
      'apply configmaps/net-a',
    ])
    expect([outcome.refused, outcome.transient, outcome.taken.length]).toEqual([[], undefined, plan.length])
    const again = await run({}, { stored: ['configmaps/net--testnet', 'secrets/net--testnet'] })
    expect(again.asked).toContain('apply secrets/net--testnet')
  })

  test.each<[string, Record<string, unknown>, string[], number, boolean]>([
    [
      'a group does not keep another waiting',
      { 'configmaps/net-a': quota },
      ['secrets/net-a', 'statefulsets/net-a'],
      1,
      false,
    ],
    ['a service keeps nobody waiting', { 'services/net--nodes': quota }, [], 1, false],
    [
      'what all pods read keeps all pods waiting',
      { 'secrets/net--testnet': new ConnectionError('cut') },
      ['statefulsets/net-a', 'statefulsets/net-b'],
      0,
      true,
    ],
  ])('%s', async (_, failures, notAsked, refused, transient) => {
    const { asked, outcome } = await run(failures)
    for (const key of notAsked) expect(asked.join()).not.toContain(key)
    expect(asked.length).toBe(plan.length - notAsked.length)
    expect([outcome.refused.length, outcome.transient !== undefined]).toEqual([refused, transient])
  })

  test('removes what is to go, whatever else fails, and takes a conflict for another object', async () => {
    const remove = [
      { resource: statefulSets, name: 'net-x', uid: 'u' },
      { resource: configMaps, name: 'net-x', uid: 'u' },
    ]
    const conflict = new ApiError(409, 'uid in precondition')
    const { asked, outcome } = await run({ 'configmaps/net-a': quota, 'statefulsets/net-x': conflict }, { remove })
    expect(asked.slice(-2)).toEqual(['delete statefulsets/net-x', 'delete configmaps/net-x'])
    expect(outcome.transient).toBeUndefined()
  })

  test('ends at once when another process leads', async () => {
    await expect(run({ 'services/net--nodes': new NotLeaderError('no') })).rejects.toThrow(NotLeaderError)
  })

  test('leaves out what was refused a moment ago, with what depends on it', async () => {
    const { asked } = await run(
      {},
      { standing: wanted => (wanted.object.metadata.name === 'net-a' ? 'refused' : 'due') },
    )
    expect(asked.filter(key => key.includes('net-a'))).toEqual([])
    expect(asked).toContain('apply statefulsets/net-b')
  })
})

test('what a webhook changes is told apart, keeps nobody waiting, and is not fought over', async () => {
  const { asked, outcome } = await run({}, { alter: 'configmaps/net-a' })
  expect(asked.length).toBe(plan.length)
  expect(outcome.altered.map(({ object }) => object.metadata.name)).toEqual(['net-a'])
  const refusals = new Refusals()
  expect(refusals.learn(outcome, plan, 0, () => 1)).toBe(false)
  expect([refusals.standing(outcome.altered[0]!, 3_999), refusals.standing(outcome.altered[0]!, 4_000)]).toEqual([
    'altered',
    'due',
  ])
  const again = await run({}, { standing: wanted => refusals.standing(wanted, 1) })
  expect(again.asked).toEqual(asked.filter(key => key !== 'apply configmaps/net-a'))
})

test.each<[unknown, boolean]>([
  [quota, true],
  [new ApiError(422, 'invalid'), true],
  [new ApiError(400, 'admission webhook "x" denied the request'), true],
  [new ApiError(500, 'Internal error occurred: failed calling webhook "x"'), true],
  [new ApiError(500, 'etcd'), false],
  [new ApiError(409, 'conflict'), false],
  [new ApiError(429, 'slow down'), false],
  [new ApiError(404, 'namespaces "n" not found'), false],
  [new ApiError(403, 'is being terminated', { causes: [{ reason: 'NamespaceTerminating' }] }), false],
  [new ConnectionError('cut'), false],
])('%s is a refusal: %s', (error, expected) => expect(isRefusal(error)).toBe(expected))

test('a refusal is tried again by and by, at once when the object is another one, and forgotten when it is taken', () => {
  const refusals = new Refusals()
  const set = want(statefulSets, 'net-a', 'a')
  const learn = (now: number, refused: boolean, asked = [set]) =>
    refusals.learn(
      { refused: refused ? [{ wanted: set, error: quota }] : [], taken: [], altered: [] },
      asked,
      now,
      () => 1,
    )
  expect(refusals.standing(set, 0)).toBe('due')
  expect(learn(0, true)).toBe(true)
  expect([refusals.standing(set, 3_999), refusals.standing(set, 4_000), refusals.nextDue]).toEqual([
    'refused',
    'due',
    4_000,
  ])
  expect(refusals.standing(want(statefulSets, 'net-a', 'a', '2'), 1)).toBe('due')
  expect(learn(4_000, true)).toBe(false)
  expect(refusals.nextDue).toBe(12_000)
  expect(refusals.list()).toEqual([{ kind: 'StatefulSet', name: 'net-a', status: 403, message: quota.message }])
  expect(refusals.learn({ refused: [], taken: [set], altered: [] }, [set], 13_000, () => 1)).toBe(true)
  expect([refusals.list(), refusals.nextDue]).toEqual([[], undefined])
  learn(20_000, true)
  // No plan asks for it any more.
  expect(learn(21_000, false, [])).toBe(true)
  expect(refusals.list()).toEqual([])
})
