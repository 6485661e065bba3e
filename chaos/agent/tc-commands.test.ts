import { expect, test } from 'vitest'
import type { Link } from '../../api/link.ts'
import { noNumbers, planKernel } from './plan.ts'
import { active, rowOf } from './rows.fixture.ts'
import { compileTc, type Present } from './tc-commands.ts'

const device = { name: 'eth0', mtu: 1_500 }
const nothing: Present = { root: false, classes: new Set(), handles: new Set() }
const compile = (link: Partial<Link>, present = nothing) =>
  compileTc(device, planKernel([active(rowOf('r', 'out', link, '10.0.0.2'), 9)], noNumbers), present)

const root = 'qdisc add dev eth0 root handle 7e11: htb default 0 direct_qlen 10000'
const unlimited = 'htb rate 100gbit ceil 100gbit burst 16mb cburst 16mb quantum 60000'
const first = `class add dev eth0 parent 7e11: classid 7e11:1 ${unlimited}`

test.each<[string, Partial<Link>, string[]]>([
  ['a drop', { drop: true }, []],
  [
    'a rate',
    { rate: 125_000 },
    ['qdisc add dev eth0 parent 7e11:1 handle 1: tbf rate 1000000bit burst 3036 limit 37500'],
  ],
  ['the lowest rate', { rate: 1 }, ['qdisc add dev eth0 parent 7e11:1 handle 1: tbf rate 8bit burst 3036 limit 6072']],
  ['a delay', { delayMs: 50 }, ['qdisc add dev eth0 parent 7e11:1 handle 1: netem limit 100000 delay 50000us']],
  [
    'a delay below a millisecond',
    { delayMs: 0.25 },
    ['qdisc add dev eth0 parent 7e11:1 handle 1: netem limit 100000 delay 250us'],
  ],
  [
    'the smallest delay',
    { delayMs: 1e-6 },
    ['qdisc add dev eth0 parent 7e11:1 handle 1: netem limit 100000 delay 0.001us'],
  ],
  [
    'a delay with jitter',
    { delayMs: 50, jitterMs: 5, correlation: 0.25 },
    ['qdisc add dev eth0 parent 7e11:1 handle 1: netem limit 100000 delay 50000us 5000us 25% distribution normal'],
  ],
  [
    'a delay that some packets do not wait out',
    { delayMs: 50, jitterMs: 5, reordering: 0.25 },
    [
      'qdisc add dev eth0 parent 7e11:1 handle 1: netem limit 100000 delay 50000us 5000us distribution normal reorder 25%',
    ],
  ],
  [
    'a delay behind a limit',
    { delayMs: 100, rate: 125_000 },
    [
      'qdisc add dev eth0 parent 7e11:1 handle 1: tbf rate 1000000bit burst 3036 limit 37500',
      'qdisc add dev eth0 parent 1:1 handle 1001: netem limit 152 delay 100000us',
    ],
  ],
])('%s', (_name, link, expected) => {
  expect(compile(link)).toEqual({ add: expected.length > 0 ? [root, first, ...expected] : [], remove: [] })
})

test('outgoing loss has a class that swallows packets', () => {
  expect(compile({ loss: 0.1 }).add).toEqual([
    root,
    `class add dev eth0 parent 7e11: classid 7e11:fffe ${unlimited}`,
    'qdisc add dev eth0 parent 7e11:fffe handle fffe: blackhole',
  ])
})

test('what is there is not made again, and the rest is removed', () => {
  const present = { root: true, classes: new Set([1, 3, 0xfffe]), handles: new Set([1, 3, 0xfffe]) }
  expect(compile({ rate: 1_000 }, present)).toEqual({
    add: [],
    remove: ['class del dev eth0 classid 7e11:3', 'class del dev eth0 classid 7e11:fffe'],
  })
  expect(compile({ drop: true }, present)).toEqual({ add: [], remove: ['qdisc del dev eth0 root'] })
})

test('a batch that broke off is completed', () => {
  const present = { root: true, classes: new Set([1]), handles: new Set<number>() }
  expect(compile({ rate: 125_000, delayMs: 1 }, present).add).toEqual([
    'qdisc add dev eth0 parent 7e11:1 handle 1: tbf rate 1000000bit burst 3036 limit 37500',
    'qdisc add dev eth0 parent 1:1 handle 1001: netem limit 120 delay 1000us',
  ])
})
