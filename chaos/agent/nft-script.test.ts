import { expect, test } from 'vitest'
import { compileNft, emptyTable } from './nft-script.ts'
import type { ActiveRow } from './parts.ts'
import { noNumbers, planKernel } from './plan.ts'
import { active, peer, rowOf } from './rows.fixture.ts'

const compile = (rows: readonly ActiveRow[], existing = emptyTable, now = 1_000) =>
  compileNft(planKernel(rows, noNumbers), existing, now)

test('a cut in both directions, IPv4 and IPv6', () => {
  const classes = (['in', 'out'] as const).map(direction => ({
    direction,
    link: { drop: true },
    peers: [peer('10.0.0.2'), peer('FD00::2')],
  }))
  const row = { id: 'cut', endsAt: 1, classes }
  expect(compile([active(row, 6_000.7)]).full).toMatchInlineSnapshot(`
    "add table inet trellis
    add chain inet trellis in { type filter hook prerouting priority raw; policy accept; }
    add chain inet trellis out { type filter hook postrouting priority filter; policy accept; }
    add set inet trellis p1_4 { type ipv4_addr; flags timeout; }
    add set inet trellis p1_6 { type ipv6_addr; flags timeout; }
    add set inet trellis p2_4 { type ipv4_addr; flags timeout; }
    add set inet trellis p2_6 { type ipv6_addr; flags timeout; }
    add counter inet trellis p1
    add counter inet trellis p2
    flush chain inet trellis in
    flush chain inet trellis out
    add rule inet trellis in icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } return
    add rule inet trellis in ip saddr @p1_4 counter name p1 comment "run/cut"
    add rule inet trellis in ip6 saddr @p1_6 counter name p1 comment "run/cut"
    add rule inet trellis in ip saddr @p1_4 drop
    add rule inet trellis in ip6 saddr @p1_6 drop
    add rule inet trellis out icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } return
    add rule inet trellis out ip daddr @p2_4 counter name p2 comment "run/cut"
    add rule inet trellis out ip6 daddr @p2_6 counter name p2 comment "run/cut"
    add rule inet trellis out ip daddr @p2_4 drop
    add rule inet trellis out ip6 daddr @p2_6 drop
    flush set inet trellis p1_4
    add element inet trellis p1_4 { 10.0.0.2 timeout 5000ms }
    flush set inet trellis p1_6
    add element inet trellis p1_6 { fd00::2 timeout 5000ms }
    flush set inet trellis p2_4
    add element inet trellis p2_4 { 10.0.0.2 timeout 5000ms }
    flush set inet trellis p2_6
    add element inet trellis p2_6 { fd00::2 timeout 5000ms }
    "
  `)
})

test('loss, delay and rate, IPv4 and IPv6', () => {
  const rows = [
    active(rowOf('loss', 'in', { loss: 0.25 }, '10.0.0.2'), 6_000),
    active(rowOf('lossy', 'out', { loss: 0.01, delayMs: 50 }, '10.0.0.2', 'fd00::2'), 6_000),
    active(rowOf('slow', 'out', { rate: 1_000 }, '10.0.0.2', '10.0.0.3'), 4_000),
  ]
  expect(compile(rows).full).toMatchInlineSnapshot(`
    "add table inet trellis
    add chain inet trellis in { type filter hook prerouting priority raw; policy accept; }
    add chain inet trellis out { type filter hook postrouting priority filter; policy accept; }
    add set inet trellis p1_4 { type ipv4_addr; flags timeout; }
    add set inet trellis p2_4 { type ipv4_addr; flags timeout; }
    add set inet trellis p2_6 { type ipv6_addr; flags timeout; }
    add set inet trellis p3_4 { type ipv4_addr; flags timeout; }
    add set inet trellis c1_4 { type ipv4_addr; flags timeout; }
    add set inet trellis c2_4 { type ipv4_addr; flags timeout; }
    add set inet trellis c2_6 { type ipv6_addr; flags timeout; }
    add set inet trellis c3_4 { type ipv4_addr; flags timeout; }
    add counter inet trellis p1
    add counter inet trellis p1_lost
    add counter inet trellis p2
    add counter inet trellis p2_lost
    add counter inet trellis p3
    flush chain inet trellis in
    flush chain inet trellis out
    add rule inet trellis in icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } return
    add rule inet trellis in ip saddr @p1_4 counter name p1 comment "run/loss"
    add rule inet trellis in ip saddr @p1_4 numgen random mod 1000000 < 250000 counter name p1_lost drop
    add rule inet trellis out icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } return
    add rule inet trellis out ip daddr @p2_4 counter name p2 comment "run/lossy"
    add rule inet trellis out ip6 daddr @p2_6 counter name p2 comment "run/lossy"
    add rule inet trellis out ip daddr @p3_4 counter name p3 comment "run/slow"
    add rule inet trellis out ip daddr @p2_4 numgen random mod 1000000 < 10000 counter name p2_lost meta priority set 7e11:fffe return
    add rule inet trellis out ip6 daddr @p2_6 numgen random mod 1000000 < 10000 counter name p2_lost meta priority set 7e11:fffe return
    add rule inet trellis out ip daddr @c1_4 meta priority set 7e11:1 return
    add rule inet trellis out ip daddr @c2_4 meta priority set 7e11:2 return
    add rule inet trellis out ip6 daddr @c2_6 meta priority set 7e11:2 return
    add rule inet trellis out ip daddr @c3_4 meta priority set 7e11:3 return
    flush set inet trellis p1_4
    add element inet trellis p1_4 { 10.0.0.2 timeout 5000ms }
    flush set inet trellis p2_4
    add element inet trellis p2_4 { 10.0.0.2 timeout 5000ms }
    flush set inet trellis p2_6
    add element inet trellis p2_6 { fd00::2 timeout 5000ms }
    flush set inet trellis p3_4
    add element inet trellis p3_4 { 10.0.0.2 timeout 3000ms, 10.0.0.3 timeout 3000ms }
    flush set inet trellis c1_4
    add element inet trellis c1_4 { 10.0.0.2 timeout 3000ms }
    flush set inet trellis c2_4
    add element inet trellis c2_4 { 10.0.0.2 timeout 5000ms }
    flush set inet trellis c2_6
    add element inet trellis c2_6 { fd00::2 timeout 5000ms }
    flush set inet trellis c3_4
    add element inet trellis c3_4 { 10.0.0.3 timeout 3000ms }
    "
  `)
})

test('what the table holds of before is removed, and nothing that stays', () => {
  const { full, content } = compile([active(rowOf('cut', 'in', { drop: true }, '10.0.0.2'), 6_000)], {
    sets: new Set(['p1_4', 'p7_4', 'c2_6']),
    counters: new Set(['p1', 'p7']),
  })
  expect(full.split('\n').filter(line => line.startsWith('delete'))).toEqual([
    'delete set inet trellis p7_4',
    'delete set inet trellis c2_6',
    'delete counter inet trellis p7',
  ])
  expect(content).toEqual({ sets: new Set(['p1_4']), counters: new Set(['p1']) })
})

test.each([
  [6_000.9, ' { 10.0.0.2 timeout 5000ms }'],
  [1_020, ' { 10.0.0.2 timeout 20ms }'],
  [1_019.9, undefined],
  [900, undefined],
])('a lease until %d at 1000: no member outlives it, and none is for ever', (end, expected) => {
  const { members } = compile([active(rowOf('cut', 'in', { drop: true }, '10.0.0.2'), end)])
  const [flush, add] = members.trim().split('\n')
  expect(flush).toBe('flush set inet trellis p1_4')
  expect(add?.replace('add element inet trellis p1_4', '')).toBe(expected)
})

test('a renewal changes members only', () => {
  const rows = (end: number) => [active(rowOf('slow', 'out', { rate: 1_000 }, '10.0.0.2'), end)]
  expect(compile(rows(9_000)).structure).toBe(compile(rows(6_000)).structure)
  expect(compile(rows(9_000)).members).not.toBe(compile(rows(6_000)).members)
})

test('nothing that a row brings along gets into the script as more than a name', () => {
  const row = rowOf(
    'a"; flush ruleset; #'.repeat(20),
    'out',
    { drop: true },
    '10.0.0.2',
    '10.0.0.3 timeout 9d }; flush ruleset',
  )
  const { full } = compile([active(row, 6_000)])
  expect(full).not.toMatch(/flush ruleset|9d/)
  expect(Math.max(...[...full.matchAll(/comment "([^"]*)"/g)].map(([, text]) => text?.length ?? 0))).toBeLessThan(128)
})
