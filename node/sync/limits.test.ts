import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  defaultQuotas,
  MAX_LIMITED_PEERS,
  MAX_REFUSALS,
  REFUSAL_WINDOW_MS,
  RequestLimits,
  type ServedMethod,
} from './limits.ts'

const quotas = { ...defaultQuotas, headers: { perSecond: 10, burst: 20 }, bytes: { perSecond: 1_000, burst: 1_000 } }

describe('rate limits', () => {
  test('a burst is allowed at once, then items come back at the rate', () => {
    const table = new RequestLimits(quotas)
    expect(table.charge('a', 'headers', 20, 0)).toEqual({ kind: 'allowed' })
    expect(table.charge('a', 'headers', 1, 0)).toEqual({ kind: 'limited', retryAfterMs: 100, punish: false })
    expect(table.charge('a', 'headers', 1, 100)).toEqual({ kind: 'allowed' })
    expect(table.charge('a', 'headers', 20, 2_100)).toEqual({ kind: 'allowed' })
  })

  test('peers and methods do not pay for each other', () => {
    const table = new RequestLimits(quotas)
    table.charge('a', 'headers', 20, 0)
    expect(table.charge('b', 'headers', 20, 0).kind).toBe('allowed')
    expect(table.charge('a', 'bodies', 20, 0).kind).toBe('allowed')
  })

  test('bytes that were sent delay whatever is asked next', () => {
    const table = new RequestLimits(quotas)
    table.chargeBytes('a', 3_000, 0)
    expect(table.charge('a', 'status', 1, 0)).toMatchObject({ kind: 'limited', retryAfterMs: 2_000 })
    expect(table.charge('a', 'status', 1, 2_000).kind).toBe('allowed')
  })

  test('who goes on asking is punished, who comes back later is not', () => {
    const table = new RequestLimits(quotas)
    table.charge('a', 'headers', 20, 0)
    const ask = (now: number) => {
      const verdict = table.charge('a', 'headers', 20, now)
      return verdict.kind === 'limited' && verdict.punish
    }
    for (let i = 0; i < MAX_REFUSALS; i++) expect(ask(i)).toBe(false)
    expect(ask(MAX_REFUSALS)).toBe(true)
    table.charge('a', 'headers', 20, REFUSAL_WINDOW_MS + 10)
    expect(ask(REFUSAL_WINDOW_MS + 11)).toBe(false)
  })

  test('never more than burst + rate x time, and a patient peer gets its rate', () => {
    const asks = fc.array(
      fc.record({ waitMs: fc.integer({ min: 0, max: 500 }), cost: fc.integer({ min: 1, max: 25 }) }),
      {
        maxLength: 200,
      },
    )
    fc.assert(
      fc.property(asks, list => {
        const table = new RequestLimits(quotas)
        const taken: [number, number][] = []
        let [now, got] = [1_000, 0]
        for (const { waitMs, cost } of list) {
          now += waitMs
          const verdict = table.charge('a', 'headers', cost, now)
          if (verdict.kind === 'allowed') {
            got += cost
            taken.push([cost, now])
          } else if (cost <= 20) {
            const patient = new RequestLimits(quotas)
            for (const [before, at] of taken) patient.charge('a', 'headers', before, at)
            expect(patient.charge('a', 'headers', cost, now + verdict.retryAfterMs).kind).toBe('allowed')
          }
        }
        expect(got).toBeLessThanOrEqual(20 + ((now - 1_000) / 1_000) * 10 + 1e-6)
      }),
      { numRuns: 100 },
    )
  })

  test('ten thousand peers leave bounded tables', () => {
    const table = new RequestLimits()
    const methods: ServedMethod[] = ['status', 'headers', 'bodies', 'finality', 'pool']
    for (let i = 0; i < 10_000; i++) for (const method of methods) table.charge(`peer-${i}`, method, 1_000_000, i)
    for (let i = 0; i < 10_000; i++) for (const method of methods) table.charge(`peer-${i}`, method, 1, 0)
    for (let i = 0; i < 10_000; i++) table.chargeBytes(`peer-${i}`, 1, 0)
    expect(table.size).toBe(7 * MAX_LIMITED_PEERS)
  })
})
