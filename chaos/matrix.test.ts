import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ExperimentFault, FaultAction, Select } from '../api/experiment.ts'
import { composeLinks, type Link } from '../api/link.ts'
import { seededRng } from '../api/random.ts'
import { activeAt, compile, endOf, lengthOf, linkBetween, linkUnder, rowsOf, stoppedAt } from './matrix.ts'
import { hearing, sidesOf } from './reach.ts'
import { selectNodes } from './select.ts'

const nodes = ['a', 'b', 'c', 'd'].map((name, index) => ({
  name,
  group: index < 2 ? 'left' : 'right',
  role: index === 0 ? 'bootstrap' : 'miner',
  region: index % 2 === 0 ? 'eu' : 'us',
}))
const peers = nodes.map(({ name }, index) => ({ name, host: `127.0.0.${index + 2}`, peerId: `id-${name}` }))
const fault = (
  name: string,
  action: FaultAction,
  select: Select = {},
  atMs = 0,
  durationMs = 1_000,
): ExperimentFault => ({ name, atMs, durationMs, select, action })
const cut: FaultAction = { kind: 'partition', shape: 'groups', direction: 'both', groups: [['left'], ['right']] }
const slow: FaultAction = { kind: 'latency', delayMs: 50, jitterMs: 0, correlation: 0 }

const figure = (max: number) => fc.option(fc.integer({ min: 1, max }), { nil: undefined })
const link: fc.Arbitrary<Link> = fc
  .record({
    drop: fc.boolean(),
    delayMs: figure(1_000),
    jitterMs: figure(100),
    reordering: fc.option(fc.double({ min: 0.01, max: 0.5, noNaN: true }), { nil: undefined }),
    loss: fc.option(fc.double({ min: 0.01, max: 0.99, noNaN: true }), { nil: undefined }),
    rate: figure(1e6),
  })
  .map(
    fields => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as unknown as Link,
  )
const close = (a: Link, b: Link): void => {
  expect(a.drop).toBe(b.drop)
  for (const field of ['delayMs', 'jitterMs', 'correlation', 'reordering', 'loss', 'rate'] as const) {
    if (b[field] === undefined) expect(a[field]).toBeUndefined()
    else expect(a[field]).toBeCloseTo(b[field], 9)
  }
}

test('composition is commutative and associative, and an open link changes nothing', () => {
  fc.assert(
    fc.property(link, link, link, (a, b, c) => {
      close(composeLinks(a, b), composeLinks(b, a))
      close(composeLinks(composeLinks(a, b), c), composeLinks(a, composeLinks(b, c)))
      close(composeLinks(a, { drop: false }), a)
    }),
  )
})

test('the matrix does not depend on the order of the faults', () => {
  const faults = compile(
    {
      seed: 's',
      faults: [
        fault('cut', cut),
        fault('slow', slow),
        fault('thin', { kind: 'bandwidth', rate: 1_000 }, { names: ['a'] }),
      ],
    },
    nodes,
  )
  for (const from of nodes) {
    for (const to of nodes)
      close(linkBetween(faults, from.name, to.name), linkBetween([...faults].reverse(), from.name, to.name))
  }
  expect(linkBetween(faults, 'a', 'c')).toEqual({ drop: true, delayMs: 50, rate: 1_000 })
  expect(linkBetween(faults, 'c', 'd')).toEqual({ drop: false, delayMs: 50 })
  expect(linkBetween(faults, 'a', 'a')).toEqual({ drop: false })
})

test('a drop stands at both ends, latency at the sender only, and equal links share a class', () => {
  const [dropped, delayed] = compile(
    { seed: 's', faults: [fault('cut', cut), fault('slow', slow, { names: ['a'] })] },
    nodes,
  )
  const rows = rowsOf(dropped!, peers, 'x.cut', 5_000)
  expect([...rows.keys()]).toEqual(['a', 'b', 'c', 'd'])
  expect(rows.get('a')).toEqual({
    id: 'x.cut',
    endsAt: 5_000,
    classes: [
      { direction: 'out', link: { drop: true }, peers: [peers[2], peers[3]] },
      { direction: 'in', link: { drop: true }, peers: [peers[2], peers[3]] },
    ],
  })
  const slowRows = rowsOf(delayed!, peers, 'x.slow', 5_000)
  expect(slowRows.get('a')!.classes).toEqual([
    { direction: 'out', link: { drop: false, delayMs: 50 }, peers: peers.slice(1) },
  ])
  expect(slowRows.get('b')!.classes).toEqual([
    { direction: 'out', link: { drop: false, delayMs: 50 }, peers: [peers[0]] },
  ])
})

test('a one-way cut gives the sender an out row and the receiver an in row, and nothing else', () => {
  const [oneWay] = compile({ seed: 's', faults: [fault('cut', { ...cut, direction: 'out' })] }, nodes)
  const rows = rowsOf(oneWay!, peers, 'x', 1)
  expect(rows.get('a')!.classes.map(({ direction }) => direction)).toEqual(['out'])
  expect(rows.get('c')!.classes.map(({ direction }) => direction)).toEqual(['in'])
  const heard = hearing([oneWay!], ['a', 'b', 'c', 'd'])
  expect([...heard.get('a')!].sort()).toEqual(['a', 'b', 'c', 'd'])
  expect([...heard.get('c')!].sort()).toEqual(['c', 'd'])
  expect(sidesOf(heard)).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ])
})

test('rows say exactly what the matrix says', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.constantFrom('halves', 'random-halves', 'isolate', 'minority-third', 'bridge', 'majorities-ring'),
      (seed, shape) => {
        const [compiled] = compile(
          { seed, faults: [fault('f', { kind: 'partition', shape, direction: 'both' })] },
          nodes,
        )
        const rows = rowsOf(compiled!, peers, 'x', 1)
        for (const from of nodes) {
          for (const to of nodes) {
            const listed = (holder: string, direction: string, peer: string): boolean =>
              rows
                .get(holder)
                ?.classes.some(
                  entry => entry.direction === direction && entry.peers.some(({ name }) => name === peer),
                ) ?? false
            const { drop } = linkUnder(compiled!, from.name, to.name)
            expect(listed(from.name, 'out', to.name)).toBe(drop)
            expect(listed(to.name, 'in', from.name)).toBe(drop)
          }
        }
      },
    ),
  )
})

test('faults in force at a moment; the end belongs to the time after', () => {
  const faults = compile(
    { seed: 's', faults: [fault('one', slow, {}, 0, 1_000), fault('two', slow, {}, 500, 1_000)] },
    nodes,
  )
  const at = (ms: number): string[] => activeAt(faults, ms).map(entry => entry.fault.name)
  expect([0, 500, 999, 1_000, 1_499, 1_500].map(at)).toEqual([
    ['one'],
    ['one', 'two'],
    ['one', 'two'],
    ['two'],
    ['two'],
    [],
  ])
})

test('a fault draws from its own name: adding another changes nothing', () => {
  const isolate = fault('one', { kind: 'partition', shape: 'random-halves', direction: 'both' })
  const alone = compile({ seed: 's', faults: [isolate] }, nodes)[0]
  const second = compile({ seed: 's', faults: [fault('zero', slow, { count: 1 }), isolate] }, nodes)[1]
  expect(second).toEqual(alone)
})

test.each([
  [{}, ['a', 'b', 'c', 'd']],
  [{ groups: ['left'] }, ['a', 'b']],
  [{ groups: ['left'], roles: ['miner'] }, ['b']],
  [{ regions: ['us'] }, ['b', 'd']],
  [{ names: ['d', 'a'] }, ['a', 'd']],
  [{ names: ['nobody'] }, []],
] satisfies [Select, string[]][])('select %j', (select, expected) => {
  expect(selectNodes(nodes, select, seededRng('s')).map(({ name }) => name)).toEqual(expected)
})

test('a sample is of the asked size, in order, and the same for the same seed', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 6 }), (seed, count) => {
      const picked = selectNodes(nodes, { count }, seededRng(seed))
      expect(picked).toHaveLength(Math.min(count, 4))
      expect(picked).toEqual(nodes.filter(node => picked.includes(node)))
      expect(selectNodes(nodes, { count }, seededRng(seed))).toEqual(picked)
    }),
  )
  expect(selectNodes(nodes, { share: 0.3 }, seededRng('s'))).toHaveLength(2)
  expect(selectNodes(nodes, { count: 1 }, seededRng('stable')).map(({ name }) => name)).toMatchInlineSnapshot(`
    [
      "b",
    ]
  `)
})

test('a staggered kill stops each target in its turn only', () => {
  const faults = compile(
    { seed: 's', faults: [fault('roll', { kind: 'kill', staggerMs: 1_000 }, { names: ['a', 'b', 'c'] }, 500, 700)] },
    nodes,
  )
  const [roll] = faults
  expect([lengthOf(roll!), endOf(faults)]).toEqual([2_700, 3_200])
  for (const [elapsed, stopped] of [
    [499, []],
    [500, ['a']],
    [1_200, []],
    [1_500, ['b']],
    [3_199, ['c']],
    [3_200, []],
  ] as const)
    expect([...stoppedAt(faults, elapsed)], String(elapsed)).toEqual(stopped)
  expect(activeAt(faults, 3_199)).toEqual(faults)
  expect(activeAt(faults, 3_200)).toEqual([])
})
