import { expect, test } from 'vitest'
import { Miniature } from './miniature.ts'

const bootstrap = { name: 'b', role: 'bootstrap' }
const spec = (miners: object = {}, more: object = {}) => ({
  groups: [bootstrap, { name: 'm', role: 'miner', count: 4, ...miners }],
  ...more,
})
const running = (first: object = spec()): Miniature => {
  const cluster = new Miniature(first as Record<string, unknown>)
  cluster.settle()
  return cluster
}
const imageOf = (cluster: Miniature) => new Set(Object.values(cluster.images()))

test('a new image goes to one node at a time, and each is followed by a higher head', () => {
  const cluster = running()
  cluster.edit(spec({}, { image: 'trellis/node:2' }))
  const steps: { height: number; updated: number }[] = []
  cluster.settle(({ pods, height, unready }) => {
    expect(unready()).toBeLessThanOrEqual(1)
    const updated = [...pods.values()].filter(pod => pod.spec?.containers[0]?.image === 'trellis/node:2').length
    if (updated !== (steps.at(-1)?.updated ?? 0)) steps.push({ height, updated })
  })
  expect(steps.map(({ updated }) => updated)).toEqual([1, 2, 3, 4, 5])
  for (const [index, { height }] of steps.entries())
    if (index > 0) expect(height).toBeGreaterThan(steps[index - 1]!.height)
  expect(imageOf(cluster)).toEqual(new Set(['trellis/node:2']))
})

test.each([false, true])('a broken image stops after one node, and a corrected one goes on (strict: %s)', strict => {
  const cluster = running()
  cluster.strict = strict
  cluster.edit(spec({}, { image: 'trellis/broken:2' }))
  for (let ticks = 0; ticks < 60; ticks++) cluster.tick()
  expect(cluster.unready()).toBe(1)
  expect(cluster.condition('Provisioned')).toMatchObject({ status: 'False', reason: 'RolloutPaused' })
  expect(cluster.condition('Provisioned')?.message).toMatch(
    /1 of 5 nodes.*waits for node m-3 to be ready.*ImagePull: 1 of 5 pods, Pod t-m-3: image trellis\/broken:2 cannot be pulled/,
  )
  expect(cluster.condition('Ready')).toMatchObject({ status: 'False', reason: 'RolloutPaused' })
  cluster.edit(spec({}, { image: 'trellis/node:3' }))
  cluster.settle(({ unready }) => expect(unready()).toBeLessThanOrEqual(1))
  expect(imageOf(cluster)).toEqual(new Set(['trellis/node:3']))
})

test.each([false, true])('an image that never worked is replaced at once (strict: %s)', strict => {
  const cluster = new Miniature(spec({ count: 12 }, { image: 'trellis/broken:1' }))
  cluster.strict = strict
  for (let ticks = 0; ticks < 5; ticks++) cluster.tick()
  expect(cluster.condition('Provisioned')).toMatchObject({ reason: 'ImagePull' })
  cluster.edit(spec({ count: 12 }))
  let ticks = 0
  cluster.settle(() => ticks++)
  expect(ticks).toBeLessThan(15)
  expect(imageOf(cluster)).toEqual(new Set(['trellis/node:1']))
})

test.each([
  {
    name: 'a chain that stands still',
    disturb: (c: Miniature) => Object.assign(c, { growing: false }),
    says: /the height to advance/,
  },
  {
    name: 'heads that differ',
    disturb: (c: Miniature) => void c.split.add('m-1').add('m-2'),
    says: /the heads to agree: 2 heads/,
  },
])('$name pauses a rollout, which goes on by itself', ({ disturb, says }) => {
  const cluster = running()
  cluster.edit(spec({ image: 'trellis/node:2' }))
  while (!imageOf(cluster).has('trellis/node:2')) cluster.tick()
  disturb(cluster)
  for (let ticks = 0; ticks < 40; ticks++) cluster.tick()
  const { reason, message } = cluster.condition('Provisioned')!
  expect([reason, message]).toEqual(['RolloutPaused', expect.stringMatching(says)])
  expect(Object.values(cluster.images()).filter(image => image === 'trellis/node:2').length).toBeLessThanOrEqual(2)
  cluster.growing = true
  cluster.split.clear()
  cluster.settle()
})

test('a pod that somebody ends, and that comes back, is no rollout', () => {
  const cluster = running()
  const pod = cluster.pods.get('t-m-1')!
  cluster.pods.set('t-m-1', { ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-11-20T12:00:00Z' } })
  cluster.tick()
  expect(cluster.condition('Provisioned')).toMatchObject({ status: 'False', reason: 'Starting' })
  cluster.pods.delete('t-m-1')
  cluster.settle()
})

test('scaling restarts nobody, while a rollout is under way too', () => {
  const cluster = running()
  const uids = () => new Map([...cluster.pods].map(([name, { metadata }]) => [name, metadata.uid]))
  const before = uids()
  cluster.edit(spec({ count: 7 }))
  cluster.settle()
  for (const [name, uid] of before) expect([name, uids().get(name)]).toEqual([name, uid])
  expect(cluster.pods.size).toBe(8)
  expect(cluster.condition('Provisioned')?.message).toMatch(/m-4, m-5, m-6 came after the genesis/)

  cluster.edit(spec({ count: 7, image: 'trellis/node:2' }))
  for (let ticks = 0; ticks < 6; ticks++) cluster.tick()
  cluster.edit(spec({ count: 5, image: 'trellis/node:2' }))
  cluster.settle()
  expect(Object.entries(cluster.images())).toEqual([
    ['t-b-0', 'trellis/node:1'],
    ...[0, 1, 2, 3, 4].map(index => [`t-m-${index}`, 'trellis/node:2']),
  ])
})

test('what comes back after a suspension has the new image at once', () => {
  const cluster = running()
  cluster.edit(spec({}, { image: 'trellis/node:2' }))
  for (let ticks = 0; ticks < 4; ticks++) cluster.tick()
  cluster.edit(spec({}, { image: 'trellis/node:3', suspend: true }))
  cluster.settle()
  expect(cluster.pods.size).toBe(0)
  expect(cluster.condition('Ready')).toMatchObject({ status: 'False', reason: 'Suspended' })
  cluster.edit(spec({}, { image: 'trellis/node:3' }))
  cluster.tick()
  cluster.tick()
  expect([cluster.pods.size, [...imageOf(cluster)]]).toEqual([5, ['trellis/node:3']])
  cluster.settle()
})

test('an image that is taken back is taken back one node at a time', () => {
  const cluster = running()
  cluster.edit(spec({ image: 'trellis/node:2' }))
  while (imageOf(cluster).size < 2 || cluster.unready() > 0) cluster.tick()
  cluster.edit(spec())
  cluster.settle(({ unready }) => expect(unready()).toBeLessThanOrEqual(1))
  expect(imageOf(cluster)).toEqual(new Set(['trellis/node:1']))
})

test('what was down before does not hold the others up', () => {
  const cluster = running(spec({ overrides: [] }))
  const pod = cluster.pods.get('t-m-1')!
  const since = new Date(cluster.now).toISOString()
  const crashed = { terminated: { exitCode: 1, reason: 'Error', message: 'out of luck' } }
  cluster.pods.set('t-m-1', {
    ...pod,
    spec: { ...pod.spec!, containers: [{ name: 'node', image: 'broken' }] },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: since }],
      containerStatuses: [
        { name: 'node', image: 'i', imageID: '', ready: false, restartCount: 4, lastState: crashed, state: {} },
      ],
    },
  })
  for (let ticks = 0; ticks < 20; ticks++) cluster.tick()
  cluster.edit(spec({ image: 'trellis/node:2' }))
  cluster.settle()
  expect(cluster.images()['t-m-1']).toBe('trellis/node:2')
})
