import fc from 'fast-check'
import { expect, test } from 'vitest'
import { composeLinks, type Link, openLink } from '../../api/link.ts'
import { partsOf } from './parts.ts'
import { active, rowOf } from './rows.fixture.ts'
import { shapes, steer } from './steering.ts'

test('whenever it is, an address is in the class of exactly the parts that have not ended', () => {
  const hosts = ['10.0.0.1', '10.0.0.2', 'fd00::1']
  const links: fc.Arbitrary<Partial<Link>> = fc.record(
    {
      drop: fc.boolean(),
      delayMs: fc.constantFrom(0.1, 0.2, 0.7, 50, 100),
      jitterMs: fc.constantFrom(3, 4),
      correlation: fc.constantFrom(0.25, 0.5),
      reordering: fc.constantFrom(0.1, 0.25),
      loss: fc.constant(0.1),
      rate: fc.constantFrom(1_000, 50_000),
    },
    { requiredKeys: [] },
  )
  // Nothing overtakes without a delay, and such a row is refused.
  const link = links.map(({ reordering, ...rest }) => (rest.delayMs && reordering ? { ...rest, reordering } : rest))
  const row = fc.record({ link, end: fc.integer({ min: 1, max: 6 }), hosts: fc.subarray(hosts, { minLength: 1 }) })
  fc.assert(
    fc.property(fc.array(row, { maxLength: 6 }), rows => {
      const parts = partsOf(rows.map(({ link, end, hosts }, i) => active(rowOf(`r${i}`, 'out', link, ...hosts), end)))
      const classes = steer(parts)
      for (const host of hosts) {
        for (let at = 0.5; at < 7; at++) {
          const first = classes.find(({ members }) => (members.get(host)?.end ?? 0) > at)
          const alive = rows.filter(entry => entry.end > at && entry.hosts.includes(host))
          const whole = alive.reduce<Link>((sum, { link }) => composeLinks(sum, { drop: false, ...link }), openLink)
          // Parts that only drop or lose need no class, so their delay counts only beside one that does.
          if (!shapes(whole)) {
            expect(first).toBeUndefined()
            continue
          }
          expect(first?.shape.delayMs).toBeCloseTo(whole.delayMs ?? 0, 6)
          expect(first?.shape.jitterMs).toBeCloseTo(whole.jitterMs ?? 0, 6)
          expect(first?.shape.reordering).toBeCloseTo(whole.reordering ?? 0, 6)
          expect(first?.shape.rate).toBe(whole.rate ?? Number.POSITIVE_INFINITY)
        }
      }
    }),
    { numRuns: 300 },
  )
})

test('addresses under the same rows share a class, whatever their number', () => {
  const hosts = Array.from({ length: 1_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`)
  const half = hosts.slice(0, 500)
  const rows = [
    active(rowOf('a', 'out', { delayMs: 40 }, ...hosts), 5),
    active(rowOf('b', 'out', { delayMs: 60 }, ...half), 9),
  ]
  expect(steer(partsOf(rows)).map(({ shape, members }) => [shape.delayMs, members.size])).toEqual([
    [100, 500],
    [60, 500],
    [40, 500],
  ])
})
