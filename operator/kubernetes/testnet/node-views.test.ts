import { expect, test } from 'vitest'
import type { Pod } from '../runtime/resource.ts'
import { Miniature } from './miniature.ts'

const spec = (more: object = {}) => ({
  groups: [
    { name: 'b', role: 'bootstrap' },
    { name: 'm', role: 'miner', count: 3 },
  ],
  ...more,
})
const views = (cluster: Miniature) => cluster.planner.nodeViews(cluster.world(), cluster.now)

test('a node is seen as its pod and its own word have it', () => {
  const cluster = new Miniature(spec())
  expect(views(cluster).map(({ name, state }) => `${name} ${state}`)).toEqual([
    'b-0 pending',
    'm-0 pending',
    'm-1 pending',
    'm-2 pending',
  ])
  cluster.settle()
  const [, first] = views(cluster)
  expect(first).toMatchObject({
    name: 'm-0',
    role: 'miner',
    group: 'm',
    state: 'ready',
    height: cluster.height,
    head: `a${cluster.height}`,
    inbound: 2,
    restarts: 0,
    url: 'http://10.0.0.1:8080',
    pod: 't-m-0',
    machine: 'machine-1',
    reason: '',
  })
  expect(first?.peerId).toMatch(/^12D3KooW/)
})

test.each<{ name: string; change: (pod: Pod) => Pod; state: string; reason: RegExp }>([
  {
    name: 'crashes',
    change: pod => inState(pod, { waiting: { reason: 'CrashLoopBackOff' } }, { terminated: { exitCode: 3 } }),
    state: 'waiting',
    reason: /^CrashLoop: ends with exit code 3/,
  },
  {
    name: 'has no image',
    change: pod => inState(pod, { waiting: { reason: 'ErrImagePull', message: 'no such image' } }),
    state: 'failed',
    reason: /^ImagePull: image .* cannot be pulled: no such image/,
  },
  { name: 'starts', change: pod => inState(pod, { running: {} }), state: 'starting', reason: /^$/ },
  {
    name: 'goes',
    change: pod => ({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-06-01T00:00:00Z' } }),
    state: 'stopped',
    reason: /^$/,
  },
])('a node whose pod $name is $state', ({ change, state, reason }) => {
  const cluster = new Miniature(spec())
  cluster.settle()
  cluster.pods.set('t-m-1', change(cluster.pods.get('t-m-1')!))
  const view = views(cluster).find(({ name }) => name === 'm-1')
  expect([view?.state, view?.reason]).toEqual([state, expect.stringMatching(reason)])
})

test('a node that runs and does not answer is silent, one that is suspended stopped', () => {
  const cluster = new Miniature(spec())
  cluster.settle()
  const unheard = { ...cluster.world(), rounds: { latest: new Map(), earlier: new Map() } }
  const [first] = cluster.planner.nodeViews(unheard, cluster.now)
  expect([first?.state, first?.reason, first?.height]).toEqual(['silent', 'it was not asked yet', null])
  cluster.edit(spec({ suspend: true }))
  cluster.settle()
  expect(views(cluster).map(({ state }) => state)).toEqual(Array(4).fill('stopped'))
})

test('heads list who follows which chain', () => {
  const cluster = new Miniature(spec())
  cluster.settle()
  cluster.split.add('m-0')
  cluster.tick()
  expect(cluster.planner.headViews(cluster.world())).toMatchObject([
    { height: cluster.height, members: ['b-0', 'm-1', 'm-2'], forkDepth: 0 },
    { height: cluster.height, members: ['m-0'], forkDepth: null },
  ])
})

function inState(pod: Pod, state: object, lastState: object = {}): Pod {
  return {
    ...pod,
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'False' }],
      containerStatuses: [{ name: 'node', image: 'i', imageID: '', ready: false, restartCount: 1, state, lastState }],
    },
  }
}
