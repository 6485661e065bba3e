import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LeaseRefused, Leases, type Now } from './leases.ts'
import { MAX_EXPERIMENTS } from './limits.ts'
import { rowOf } from './rows.fixture.ts'

const at = (ms: number): Now => ({ wall: 1_000_000 + ms, monotonic: ms })
const wall = (ms: number): number => at(ms).wall
const claim = { experiment: 'run', notAfter: wall(60_000) }
const cut = (endsAt: number, id = 'cut') => ({ ...rowOf(id, 'out', { drop: true }, '10.0.0.2'), endsAt })
const start = () => new Leases({ maxLeaseMs: 15_000 })
const ends = (leases: Leases) => leases.active().map(({ row, end }) => [row.id, end])

function refusal(attempt: () => void): string {
  try {
    attempt()
  } catch (error) {
    if (error instanceof LeaseRefused) return `${error.code} ${error.field}`
    throw error
  }
  return 'done'
}

test('a row holds until its own end or the lease’s, whichever is first', () => {
  const leases = start()
  leases.put(claim, wall(10_000), [cut(wall(4_000), 'short'), cut(wall(40_000), 'long')], at(0))
  expect(ends(leases)).toEqual([
    ['short', 4_000],
    ['long', 10_000],
  ])
  expect(leases.nextEnd()).toBe(4_000)
  expect(leases.expire(3_999)).toEqual([])
  expect(leases.expire(4_000).map(({ row }) => row.id)).toEqual(['short'])
  leases.renew(claim, wall(20_000), at(9_000))
  expect(ends(leases)).toEqual([['long', 20_000]])
  expect(leases.expire(20_000).map(({ row }) => row.id)).toEqual(['long'])
  expect([leases.active(), leases.nextEnd()]).toEqual([[], Number.POSITIVE_INFINITY])
  expect(refusal(() => leases.renew(claim, wall(25_000), at(21_000)))).toBe('unknown experiment')
})

test.each([
  ['the longest lease', 15_000, 60_000, 'done'],
  ['a longer one', 15_001, 60_000, 'too-long until'],
  ['one that has ended', 0, 60_000, 'too-late until'],
  ['a row beyond the experiment’s end', 10_000, 60_001, 'too-late rows.0.endsAt'],
  ['a row that ended on the way here', 10_000, -1, 'done'],
])('%s', (_name, until, endsAt, expected) => {
  const leases = start()
  expect(refusal(() => leases.put(claim, wall(until), [cut(wall(endsAt))], at(0)))).toBe(expected)
  if (expected !== 'done') expect(leases.active()).toEqual([])
})

test('no renewal passes the experiment’s end', () => {
  const leases = start()
  leases.put(claim, wall(55_000), [cut(wall(60_000))], at(50_000))
  expect(refusal(() => leases.renew(claim, wall(60_001), at(50_001)))).toBe('too-late until')
  expect(refusal(() => leases.renew(claim, wall(60_000), at(50_001)))).toBe('done')
})

test('an ended experiment stays ended until its tokens are worth nothing', () => {
  const leases = start()
  leases.put(claim, wall(10_000), [cut(wall(20_000))], at(0))
  leases.end(claim, at(1_000))
  expect(leases.active()).toEqual([])
  expect(refusal(() => leases.put(claim, wall(10_000), [], at(1_000)))).toBe('ended experiment')
  expect(refusal(() => leases.renew(claim, wall(10_000), at(1_000)))).toBe('ended experiment')
  const restarted = new Leases({ maxLeaseMs: 15_000 }, JSON.parse(JSON.stringify(leases.state())))
  expect(refusal(() => restarted.put(claim, wall(10_000), [], at(1_000)))).toBe('ended experiment')
  restarted.expire(60_000)
  expect(restarted.state().ended).toEqual([])
})

test('so many experiments and no more', () => {
  const leases = start()
  const put = (index: number) => leases.put({ ...claim, experiment: `run-${index}` }, wall(10_000), [], at(0))
  for (let index = 0; index < MAX_EXPERIMENTS; index++) put(index)
  expect(refusal(() => put(MAX_EXPERIMENTS))).toBe('too-many experiment')
  expect(refusal(() => put(0))).toBe('done')
})

test('a wall clock that is set lengthens no lease', () => {
  const leases = start()
  leases.put(claim, wall(10_000), [cut(wall(60_000))], at(0))
  const setBack: Now = { wall: wall(0) - 3_600_000, monotonic: 9_000 }
  expect(refusal(() => leases.renew(claim, wall(10_000), setBack))).toBe('too-long until')
  expect(ends(leases)).toEqual([['cut', 10_000]])
})

test('whatever is asked, nothing holds longer than one lease from the last time it was granted', () => {
  const request = fc.record({
    kind: fc.constantFrom('put', 'renew', 'end', 'expire'),
    run: fc.integer({ min: 0, max: 2 }),
    after: fc.integer({ min: 0, max: 8_000 }),
    until: fc.integer({ min: -2_000, max: 30_000 }),
    endsAt: fc.integer({ min: -2_000, max: 90_000 }),
  })
  fc.assert(
    fc.property(fc.array(request, { maxLength: 30 }), requests => {
      const leases = start()
      const granted = new Map<string, number>()
      let ms = 0
      for (const { kind, run, after, until, endsAt } of requests) {
        ms += after
        const own = { ...claim, experiment: `run-${run}` }
        const outcome = refusal(() => {
          if (kind === 'put') leases.put(own, wall(ms + until), [cut(wall(ms + endsAt))], at(ms))
          else if (kind === 'renew') leases.renew(own, wall(ms + until), at(ms))
          else if (kind === 'end') leases.end(own, at(ms))
          else leases.expire(ms)
        })
        if (outcome === 'done' && (kind === 'put' || kind === 'renew')) granted.set(own.experiment, ms)
        for (const { experiment, end } of leases.active()) {
          expect(end).toBeLessThanOrEqual((granted.get(experiment) ?? 0) + 15_000)
          expect(end).toBeLessThanOrEqual(60_000)
        }
      }
    }),
  )
})
