import { expect, test } from 'vitest'
import type { NodeStatus } from '../../api/observation.ts'
import { type ConditionName, conditions, type Observation } from './convergence.ts'
import { headGroups } from './head-groups.ts'

/** A chain as a text, one letter a block from genesis on: `abc` has its head `abc` at height 2. */
function status(name: string, chain: string, { finalized = 1, peers = 2 } = {}): NodeStatus {
  const recent = Array.from({ length: chain.length }, (_, back) => ({
    hash: chain.slice(0, chain.length - back),
    height: chain.length - 1 - back,
  }))
  return {
    name,
    head: recent[0],
    recent,
    finalized: { hash: 'a', height: finalized },
    peers: { inbound: peers, outbound: 0 },
  } as unknown as NodeStatus
}

const at = (...statuses: NodeStatus[]): Observation => ({ at: 0, nodes: new Map(statuses.map(one => [one.name, one])) })
const two = (a: string, b: string, options = {}): Observation => at(status('x', a, options), status('y', b, options))

test.each<{ name: string; now: Observation; earlier?: Observation; missing: ConditionName[]; says?: RegExp }>([
  { name: 'as it should be', now: two('abcd', 'abcd'), earlier: two('abc', 'abc'), missing: [] },
  { name: 'one behind', now: two('abcd', 'abc'), earlier: two('abc', 'abc'), missing: [] },
  { name: 'a fork at the tip', now: two('abcd', 'abcx'), earlier: two('abc', 'abc'), missing: [] },
  {
    name: 'a deeper fork',
    now: two('abcde', 'abxyz'),
    earlier: two('ab', 'ab'),
    missing: ['Converged'],
    says: /2 heads: 1 nodes at 4, 1 nodes at 4/,
  },
  {
    name: 'far behind',
    now: two('abcdefgh', 'ab'),
    earlier: two('ab', 'ab'),
    missing: ['Converged'],
    says: /from 1 to 7/,
  },
  {
    name: 'no growth',
    now: two('abc', 'abc'),
    earlier: two('abc', 'abc'),
    missing: ['Converged'],
    says: /waiting for it to advance/,
  },
  { name: 'nothing to compare with', now: two('abc', 'abc'), missing: ['Converged'] },
  {
    name: 'nothing finalized',
    now: two('abcd', 'abcd', { finalized: 0 }),
    earlier: two('abc', 'abc'),
    missing: ['Finalizing'],
    says: /nothing finalized yet/,
  },
  {
    name: 'finality lags',
    now: two('abcdefghijklm', 'abcdefghijklm'),
    earlier: two('abc', 'abc'),
    missing: ['Finalizing'],
    says: /11 behind the head/,
  },
  {
    name: 'alone',
    now: two('abcd', 'abcd', { peers: 0 }),
    earlier: two('abc', 'abc'),
    missing: ['Connected', 'Converged'],
    says: /without peers: x, y/,
  },
  {
    name: 'silent',
    now: {
      at: 0,
      nodes: new Map([
        ['x', status('x', 'abc')],
        ['y', null],
      ]),
    },
    missing: ['Ready', 'Connected', 'Converged'],
    says: /no answer from y/,
  },
])('$name: missing $missing', ({ now, earlier, missing, says = /./ }) => {
  const list = conditions(now, earlier, 6)
  expect(list.filter(({ holds }) => !holds).map(({ name }) => name)).toEqual(missing)
  expect(list.map(({ reason }) => reason).join('\n')).toMatch(says)
})

test('groups tell how far each has moved from the highest', () => {
  const groups = headGroups([status('a', 'abcdef'), status('b', 'abxyz'), status('c', 'abcdef'), status('d', 'abxy')])
  expect(groups).toMatchObject([
    { hash: 'abcdef', height: 5, members: ['a', 'c'], forkDepth: 0 },
    { hash: 'abxyz', height: 4, members: ['b', 'd'], forkDepth: 3 },
  ])
  expect(headGroups([])).toEqual([])
})
