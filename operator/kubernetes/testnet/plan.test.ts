import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../runtime/resource.ts'
import { Miniature, settings } from './miniature.ts'
import { invalidPlan, plan } from './plan.ts'
import { checkStored } from './stored-testnet.ts'

const bootstrap = { name: 'b', role: 'bootstrap' }
const miners = (more: object = {}) => ({ name: 'm', role: 'miner', count: 3, ...more })
const spec = (...groups: object[]) => ({ groups: [bootstrap, ...groups] })
const settled = (first = spec(miners())): Miniature => {
  const cluster = new Miniature(first)
  cluster.settle()
  return cluster
}

describe('a plan', () => {
  test('of a new testnet makes everything, what pods need before the pods, and of a settled one nothing', () => {
    const cluster = new Miniature(spec(miners()))
    const { apply, remove, expire } = cluster.plan()
    expect([remove, expire]).toEqual([[], false])
    expect(apply.map(({ object }) => `${object.kind} ${object.metadata.name}`)).toEqual([
      'NetworkPolicy t--testnet',
      'Service t--nodes',
      'Service t--bootstrap',
      'PodDisruptionBudget t--testnet',
      'ConfigMap t--testnet',
      'Secret t--testnet',
      'ConfigMap t-b',
      'Secret t-b',
      'StatefulSet t-b',
      'ConfigMap t-m',
      'Secret t-m',
      'StatefulSet t-m',
    ])
    cluster.settle()
    cluster.growing = false
    cluster.tick()
    const again = plan(cluster.world(), settings, cluster.now)
    expect([again.apply, again.remove, again.notices]).toEqual([[], [], []])
  })

  test('of a testnet that stands still has no write in a minute', () => {
    const cluster = settled()
    cluster.growing = false
    for (let ticks = 0; ticks < 60; ticks++) cluster.tick()
    const before = cluster.writes.length
    for (let ticks = 0; ticks < 30; ticks++) cluster.tick()
    expect(cluster.writes.slice(before)).toEqual([])
  })

  test('of a testnet that goes on writes its status twice a minute', () => {
    const cluster = settled()
    for (let ticks = 0; ticks < 30; ticks++) cluster.tick()
    const before = cluster.writes.length
    for (let ticks = 0; ticks < 30; ticks++) cluster.tick()
    expect(cluster.writes.slice(before)).toEqual(['status', 'status'])
  })

  test('keeps the genesis, whatever becomes of the groups, and in a fresh process too', () => {
    const cluster = settled()
    const genesis = () => JSON.parse(testnetJson(cluster)).genesis
    const first = genesis()
    cluster.edit(spec(miners({ count: 5 }), { name: 'x', role: 'miner' }))
    cluster.execute(plan(cluster.world(), settings, cluster.now))
    expect(genesis()).toEqual(first)
    expect(first.validators).toHaveLength(3)
    const { notices } = plan({ ...cluster.world(), testnet: { ...cluster.testnet, status: {} } }, settings, cluster.now)
    expect(notices).toContainEqual({
      type: 'Warning',
      reason: 'AfterGenesis',
      note: 'm-3, m-4, x-0 came after the genesis: miners have no weight and follow, load nodes have no funds',
    })
  })

  test.each<[string, (cluster: Miniature, other: string) => void]>([
    ['edits', (cluster, other) => cluster.stored.set(TESTNET_MAP, withData(cluster, other))],
    ['empties', cluster => cluster.stored.set(TESTNET_MAP, withData(cluster, ''))],
    ['deletes', cluster => cluster.stored.delete(TESTNET_MAP)],
  ])('undoes it when somebody %s the genesis, also when the groups change before that', (_, meddle) => {
    const cluster = settled()
    const text = testnetJson(cluster)
    meddle(cluster, text.replaceAll('"weight":100', '"weight":999'))
    cluster.plan()
    cluster.edit(spec(miners({ count: 5 })))
    cluster.tick()
    expect(JSON.parse(testnetJson(cluster)).genesis).toEqual(JSON.parse(text).genesis)
  })

  test('removes what belonged to a group that is gone, and nothing else', () => {
    const cluster = settled(spec(miners(), { name: 'f', role: 'full' }))
    cluster.edit(spec(miners()))
    const { apply, remove } = cluster.plan()
    expect(remove.map(({ resource, name }) => `${resource.kind} ${name}`).sort()).toEqual([
      'ConfigMap t-f',
      'Secret t-f',
      'StatefulSet t-f',
    ])
    expect(apply.filter(({ object }) => object.kind === 'StatefulSet')).toEqual([])
    cluster.settle()
    expect([...cluster.pods.keys()].sort()).toEqual(['t-b-0', 't-m-0', 't-m-1', 't-m-2'])
  })

  test.each([
    {
      owner: { kind: 'Testnet', name: 'other', uid: 'u-9' },
      says: /ConfigMap t-m belongs to Testnet other.*Delete it/,
    },
    { owner: { kind: 'Testnet', name: 't', uid: 'u-9' }, says: /of a deleted Testnet of the same name: waiting/ },
    { owner: undefined, says: /ConfigMap t-m belongs to nobody/ },
  ])("leaves somebody else's objects alone ($says)", ({ owner, says }) => {
    const cluster = new Miniature(spec(miners()))
    const ownerReferences = owner ? [{ apiVersion: 'trellis.dev/v1alpha1', controller: true, ...owner }] : []
    cluster.stored.set('configmaps/t-m', { metadata: { name: 't-m', namespace: 'lab', uid: 'u-8', ownerReferences } })
    for (let ticks = 0; ticks < 5; ticks++) cluster.tick()
    expect(cluster.stored.get('configmaps/t-m')?.metadata.uid).toBe('u-8')
    expect([...cluster.stored.keys()]).not.toContain('statefulsets/t-m')
    expect([...cluster.pods.keys()]).toEqual(['t-b-0'])
    const { status, reason, message } = cluster.condition('Ready')!
    expect([status, reason, message]).toEqual(['False', 'NameTaken', expect.stringMatching(says)])
    cluster.stored.delete('configmaps/t-m')
    cluster.settle()
  })

  test('says of a testnet none of whose nodes is up that nobody answers, whatever they said a moment ago', () => {
    const cluster = settled()
    expect(cluster.condition('Converged')?.status).toBe('True')
    for (const [name, pod] of cluster.pods) {
      const waiting = { reason: 'CrashLoopBackOff' }
      const [container] = pod.status!.containerStatuses!
      const containerStatuses = [{ ...container!, started: false, ready: false, state: { waiting } }]
      cluster.pods.set(name, { ...pod, status: { ...pod.status, conditions: [], containerStatuses } })
    }
    const { conditions = [] } = cluster.plan().status!
    for (const type of ['Connected', 'Converged', 'Finalizing'])
      expect(conditions.find(each => each.type === type)).toMatchObject({ status: 'False', reason: 'NodesSilent' })
  })

  test('waits for the volumes of an earlier testnet of the same name to go', () => {
    const cluster = new Miniature(spec(miners()))
    const labels = { 'trellis.dev/testnet': 't', 'trellis.dev/group': 'm' }
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 't-m', uid: 'old' }]
    const claim = { metadata: { name: 'data-t-m-0', labels, ownerReferences } }
    const { apply } = plan({ ...cluster.world(), claims: [claim] }, settings, cluster.now)
    const sets = apply.filter(({ object }) => object.kind === 'StatefulSet').map(({ object }) => object.metadata.name)
    expect(sets).toEqual(['t-b'])
  })

  test('of what is too large touches nothing and says what would help', () => {
    const cluster = settled()
    const { genesis, ...rest } = JSON.parse(testnetJson(cluster))
    const accounts = Array.from({ length: 12_000 }, () => ({ address: 'a'.repeat(64), balance: 1 }))
    cluster.stored.set(TESTNET_MAP, withData(cluster, JSON.stringify({ ...rest, genesis: { ...genesis, accounts } })))
    const { apply, remove, status } = plan(cluster.world(), settings, cluster.now)
    expect([apply, remove]).toEqual([[], []])
    expect(status?.conditions?.[0]).toMatchObject({
      reason: 'TooLarge',
      message: expect.stringMatching(/^ConfigMap t--testnet would have \d+ bytes .*: fewer genesis accounts/),
    })
  })

  test('ends a testnet whose time is over, and leaves one that is being deleted alone', () => {
    const cluster = new Miniature({ ...spec(miners()), ttl: '10m' })
    cluster.settle()
    const at = (minutes: number) => plan(cluster.world(), settings, cluster.now + minutes * 60_000)
    expect([at(9).expire, at(10).expire]).toEqual([false, true])
    expect(at(9).requeueAfterMs).toBeLessThanOrEqual(60_000)
    const { metadata } = cluster.testnet
    const going = { ...cluster.testnet, metadata: { ...metadata, deletionTimestamp: '2026-06-01T01:00:00Z' } }
    const world = { ...cluster.world(), testnet: going, stored: new Map() }
    expect(plan(world, settings, cluster.now)).toMatchObject({ apply: [], remove: [], expire: false })
  })

  test('of an object that is not understood says why, once, and changes nothing else', () => {
    const cluster = settled()
    const old = { ...cluster.testnet, spec: { groups: [], colour: 'red' } }
    const { problems = [] } = checkStored(old)
    const first = invalidPlan(old, problems, { statusWrittenAt: undefined }, cluster.now)
    expect([first.apply, first.remove]).toEqual([[], []])
    expect(first.status?.conditions?.map(({ type, status, reason }) => `${type} ${status} ${reason}`)).toEqual([
      'Provisioned False Invalid',
      'Connected True AllConnected',
      'Converged True OneHead',
      'Finalizing True Finalizing',
      'Ready False Invalid',
    ])
    expect(first.notices).toMatchObject([
      { type: 'Warning', reason: 'Invalid', note: expect.stringContaining('colour') },
    ])
    const again = invalidPlan({ ...old, status: first.status! }, problems, { statusWrittenAt: undefined }, cluster.now)
    expect([again.status, again.notices]).toEqual([undefined, []])
  })
})

test('events tell of transitions, once each', () => {
  const cluster = new Miniature(spec(miners()))
  const notes: string[] = []
  const tick = () => {
    notes.push(...cluster.plan().notices.map(({ type, reason }) => `${type} ${reason}`))
    cluster.tick()
  }
  for (let ticks = 0; ticks < 12; ticks++) tick()
  cluster.split.add('m-1')
  for (let ticks = 0; ticks < 6; ticks++) tick()
  cluster.split.clear()
  for (let ticks = 0; ticks < 6; ticks++) tick()
  expect(notes).toEqual([
    'Normal Starting',
    'Normal Provisioned',
    'Normal Finalizing',
    'Normal Converged',
    'Warning HeadsDiffer',
    'Normal Converged',
  ])
})

/** TRELLIS_PLAN_RUNS for a longer look. */
const RUNS = Number(process.env.TRELLIS_PLAN_RUNS ?? 8)

describe('whatever is changed and wherever the operator is interrupted', () => {
  const group = fc.record({
    count: fc.integer({ min: 1, max: 4 }),
    image: fc.constantFrom(undefined, 'trellis/node:2', 'trellis/node:3'),
  })
  const change = fc.record({
    m: group,
    f: fc.option(group, { nil: undefined }),
    suspend: fc.boolean(),
    /** Writes that each of the next looks gets done before it is cut off. */
    cuts: fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 4 }),
    ticks: fc.integer({ min: 0, max: 6 }),
  })
  const groupsOf = ({ m, f, suspend }: { m: object; f?: object | undefined; suspend: boolean }) => ({
    ...spec(miners(m), ...(f ? [{ name: 'f', role: 'full', ...f }] : [])),
    suspend,
  })

  test('it ends as if nothing had happened, with nothing left to do', () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 2 }), changes => {
        const cluster = new Miniature(spec(miners()))
        cluster.tick()
        const undisturbed = new Miniature(spec(miners()))
        undisturbed.tick()
        for (const { cuts, ticks, ...each } of changes) {
          cluster.edit(groupsOf(each))
          undisturbed.edit(groupsOf(each))
          for (const cut of cuts) cluster.tick(cut)
          for (let tick = 0; tick < ticks; tick++) cluster.tick()
          undisturbed.settle()
        }
        cluster.settle()
        expect(normal(cluster)).toEqual(normal(undisturbed))
        const { apply, remove } = plan(cluster.world(), settings, cluster.now)
        expect([apply, remove]).toEqual([[], []])
      }),
      { numRuns: RUNS },
    )
  }, 600_000)
})

const TESTNET_MAP = 'configmaps/t--testnet'
const testnetJson = (cluster: Miniature): string =>
  (cluster.stored.get(TESTNET_MAP) as { data?: Record<string, string> }).data?.['testnet.json'] ?? ''
const withData = (cluster: Miniature, text: string) =>
  ({ ...cluster.stored.get(TESTNET_MAP)!, data: { 'testnet.json': text } }) as KubeObject

/** What does not depend on when it was made. */
function normal(cluster: Miniature) {
  const objects = [...cluster.stored].sort().map(([key, object]) => {
    const { metadata, status: _, ...rest } = object as typeof object & { status?: unknown }
    return [key, { ...rest, annotations: metadata.annotations, labels: metadata.labels }]
  })
  return { objects, images: cluster.images() }
}
