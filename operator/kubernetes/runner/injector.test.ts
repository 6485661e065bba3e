import { describe, expect, test } from 'vitest'
import type { ExperimentFault } from '../../../api/experiment.ts'
import type { Link, LinkRow } from '../../../api/link.ts'
import { primitiveNames } from '../../../chaos/agent/preflight.ts'
import { chooseInjector, whyUnsupported } from './injector.ts'

const row = (link: Partial<Link>): LinkRow => ({
  id: 'f',
  endsAt: 0,
  classes: [
    { direction: 'out', link: { drop: false, ...link }, peers: [{ name: 'z', host: '10.0.0.9', peerId: 'z' }] },
  ],
})
const cut = [row({ drop: true })]
const slow = [row({ delayMs: 50 })]
const all = primitiveNames.map(name => ({ name, present: true }))
const withoutNetem = all.map(({ name, present }) =>
  name === 'netem' ? { name, present: false, reason: 'no such qdisc' } : { name, present },
)
const needs = (rows: LinkRow[], ...nodes: string[]) => new Map(nodes.map(node => [node, rows]))

describe('who makes the faults', () => {
  test.each([
    {
      name: 'the kernel, where every node that gets rows has an agent that can',
      injector: 'auto',
      needed: needs(cut, 'a', 'b'),
      found: [
        { node: 'a', primitives: all },
        { node: 'b', primitives: withoutNetem },
      ],
      fidelity: 'kernel',
      says: [],
    },
    {
      name: 'the nodes, where one has no agent',
      injector: 'auto',
      needed: needs(cut, 'a', 'b'),
      found: [
        { node: 'a', primitives: all },
        { node: 'b', primitives: undefined, reason: 'no net agent' },
      ],
      fidelity: 'userspace',
      says: ['b: no net agent'],
    },
    {
      name: 'the nodes, where a kernel lacks what a link stands on',
      injector: 'auto',
      needed: needs(slow, 'a'),
      found: [{ node: 'a', primitives: withoutNetem }],
      fidelity: 'userspace',
      says: ['a: its kernel lacks netem (no such qdisc)'],
    },
    {
      name: 'nobody but the kernel when that is asked for: why it cannot is told',
      injector: 'kernel',
      needed: needs(slow, 'a'),
      found: [{ node: 'a', primitives: withoutNetem }],
      fidelity: 'userspace',
      says: ['a: its kernel lacks netem (no such qdisc)'],
    },
    {
      name: 'the nodes when that is asked for',
      injector: 'userspace',
      needed: needs(cut, 'a'),
      found: [{ node: 'a', primitives: all }],
      fidelity: 'userspace',
      says: [],
    },
    {
      name: 'the kernel when that is asked for, and there is nothing to do for it',
      injector: 'kernel',
      needed: needs([]),
      found: [],
      fidelity: 'kernel',
      says: [],
    },
    {
      name: 'of many nodes some are told',
      injector: 'auto',
      needed: needs(cut, ...'abcdefg'),
      found: [],
      fidelity: 'userspace',
      says: [...[...'abcde'].map(node => `${node}: no net agent stands beside it`), 'and 2 more nodes'],
    },
  ] as const)('$name', ({ injector, needed, found, fidelity, says }) => {
    expect(chooseInjector(injector, needed, found)).toEqual({ fidelity, reasons: says })
  })
})

describe('faults that nobody can make', () => {
  const latency = (reordering?: number): ExperimentFault => ({
    name: 'far',
    atMs: 0,
    durationMs: 1,
    select: {},
    action: { kind: 'latency', delayMs: 50, jitterMs: 0, correlation: 0, ...(reordering && { reordering }) },
  })
  const lacks = ['a: its kernel lacks netem']
  test.each([
    ['auto', latency(), 'userspace', lacks, undefined],
    ['kernel', latency(), 'userspace', lacks, 'injector: kernel cannot be: a: its kernel lacks netem'],
    ['auto', latency(0.1), 'kernel', [], undefined],
    ['auto', latency(0.1), 'userspace', lacks, /^reordering needs the kernel.*: a: its kernel lacks netem$/],
    ['userspace', latency(0.1), 'userspace', [], /the experiment says `injector: userspace`$/],
  ] as const)('injector %s, %j, %s of %j', (injector, fault, fidelity, reasons, expected) => {
    const told = whyUnsupported({ injector, faults: [fault] }, { fidelity, reasons })
    if (expected instanceof RegExp) expect(told).toMatch(expected)
    else expect(told).toBe(expected)
  })
})
