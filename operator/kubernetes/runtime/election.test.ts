import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRng } from '../../../api/random.ts'
import {
  decide,
  type Election,
  electionTimes,
  type LeaseRecord,
  mayWrite,
  newElection,
  observed,
  released,
  type SeenLease,
  written,
} from './election.ts'

const wall = new Date('2026-11-20T12:00:00Z')
const lease = (holderIdentity: string, resourceVersion: string, more: Partial<LeaseRecord> = {}): SeenLease => ({
  resourceVersion,
  record: {
    holderIdentity,
    leaseDurationSeconds: 15,
    acquireTime: 'then',
    renewTime: 'then',
    leaseTransitions: 3,
    ...more,
  },
})
const fresh = newElection('me')
const leading = written(fresh, lease('me', '7'), 1_000, 1_200)

describe('an election', () => {
  test.each<[string, Election, number, 'write' | 'wait']>([
    ['nobody has it', observed(fresh, undefined, 0), 0, 'write'],
    ['somebody has it', observed(fresh, lease('you', '1'), 0), 14_999, 'wait'],
    ['somebody had it', observed(fresh, lease('you', '1'), 0), 15_000, 'write'],
    [
      'a renewal starts the wait anew',
      observed(observed(fresh, lease('you', '1'), 0), lease('you', '2'), 9_000),
      15_000,
      'wait',
    ],
    [
      'reading the same again does not',
      observed(observed(fresh, lease('you', '1'), 0), lease('you', '1'), 9_000),
      15_000,
      'write',
    ],
    ['it was given away', observed(fresh, lease('', '1', { leaseDurationSeconds: 1 }), 0), 1, 'write'],
    [
      'a holder that keeps it longer than we would',
      observed(fresh, lease('you', '1', { leaseDurationSeconds: 60 }), 0),
      59_000,
      'wait',
    ],
    ['we have it', leading, 2_000, 'write'],
  ])('%s', (_, state, now, kind) => {
    expect(decide(state, now, wall).kind).toBe(kind)
  })

  test('counts transitions when it takes the lease, not when it renews it', () => {
    expect(decide(leading, 2_000, wall)).toMatchObject({ record: { leaseTransitions: 3, acquireTime: 'then' } })
    const taken = decide(observed(fresh, lease('you', '1'), 0), 20_000, wall)
    expect(taken).toMatchObject({ record: { leaseTransitions: 4, acquireTime: '2026-11-20T12:00:00.000000Z' } })
  })

  test('may write from the answer until ten seconds after the request', () => {
    expect([
      mayWrite(fresh, 0),
      mayWrite(leading, 1_200),
      mayWrite(leading, 10_999),
      mayWrite(leading, 11_000),
    ]).toEqual([false, true, true, false])
  })

  test('may write no more when somebody else is seen to have it, and gives away only what is its own', () => {
    const lost = observed(leading, lease('you', '8'), 1_300)
    expect([mayWrite(lost, 1_300), released(lost, wall)]).toEqual([false, undefined])
    expect(released(leading, wall)).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 })
  })

  // Candidates with clocks of their own (any offset), requests that take long, get lost on either way, and processes
  // that stop for a while; the lease is a register with compare-and-swap, as the API server is.
  test('never lets two write at one moment', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 2, max: 4 }), (seed, count) => {
        const rng = seededRng(seed)
        const run = simulate(rng, count, 300_000)
        expect(run.overlaps).toEqual([])
        return run.terms > 0
      }),
      { numRuns: 200 },
    )
  })
})

function simulate(rng: () => number, count: number, untilMs: number): { overlaps: string[]; terms: number } {
  let stored: SeenLease | undefined
  let version = 0
  let terms = 0
  const overlaps: string[] = []
  const candidates = Array.from({ length: count }, (_, index) => ({
    state: newElection(`c${index}`),
    offset: rng() * 1e9,
    fresh: false,
    nextAt: rng() * electionTimes.retryMs,
    // The exchange that is under way: what reaches the server when, and what comes back when.
    pending: undefined as
      | undefined
      | { serverAt: number; backAt: number; lost: boolean; done: () => void; effect: () => void; reached: boolean },
  }))
  for (let now = 0; now < untilMs; now += 50) {
    for (const candidate of candidates) {
      const clock = now + candidate.offset
      const { pending } = candidate
      if (pending && !pending.reached && now >= pending.serverAt) {
        pending.reached = true
        pending.effect()
      }
      if (now < candidate.nextAt) continue
      if (pending) {
        if (now < pending.backAt) continue
        candidate.pending = undefined
        if (pending.lost) candidate.fresh = false
        else pending.done()
        candidate.nextAt = now + electionTimes.retryMs
        // Now and then the whole process stops for up to forty seconds.
        if (rng() < 0.03) candidate.nextAt += rng() * 40_000
        continue
      }
      const slow = rng() < 0.1
      const serverAt = now + rng() * (slow ? 4_000 : 100)
      const exchange = { serverAt, backAt: serverAt + rng() * (slow ? 4_000 : 100), lost: rng() < 0.1, reached: false }
      if (!candidate.fresh) {
        let seen: SeenLease | undefined
        candidate.pending = {
          ...exchange,
          effect: () => {
            seen = stored
          },
          done: () => {
            candidate.state = observed(candidate.state, seen, Math.max(clock, candidate.nextAt + candidate.offset))
            candidate.fresh = true
          },
        }
        candidate.nextAt = candidate.pending.backAt
        continue
      }
      const step = decide(candidate.state, clock, wall)
      candidate.fresh = mayWrite(candidate.state, clock)
      if (step.kind === 'wait') {
        candidate.nextAt = now + electionTimes.retryMs
        continue
      }
      const { seen: expected } = candidate.state
      let result: SeenLease | undefined
      candidate.pending = {
        ...exchange,
        effect: () => {
          if (stored?.resourceVersion !== expected?.resourceVersion) return
          stored = { resourceVersion: String(++version), record: step.record }
          result = stored
        },
        done: () => {
          if (!result) {
            candidate.fresh = false
            return
          }
          if (!mayWrite(candidate.state, clock)) terms++
          candidate.state = written(candidate.state, result, clock, clock)
          candidate.fresh = true
        },
      }
      candidate.nextAt = candidate.pending.backAt
    }
    const writers = candidates.filter(({ state, offset }) => mayWrite(state, now + offset))
    if (writers.length > 1) overlaps.push(`${now}: ${writers.map(({ state }) => state.identity).join(', ')}`)
  }
  return { overlaps, terms }
}
