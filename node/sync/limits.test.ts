import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { methods } from '../stacks/port.ts'
import {
  charge,
  chargeBytes,
  createLimits,
  defaultQuotas,
  MAX_CELLS,
  MAX_REFUSALS,
  REFUSAL_WINDOW_MS,
} from './limits.ts'

const quotas = { ...defaultQuotas, headers: { perSecond: 10, burst: 20 }, bytes: { perSecond: 1_000, burst: 1_000 } }

describe('rate limits', () => {
  test('a burst is allowed at once, then items come back at the rate', () => {
    const table = createLimits(quotas)
    expect(charge(table, 'a', 'headers', 20, 0)).toEqual({ kind: 'allowed' })
    expect(charge(table, 'a', 'headers', 1, 0)).toEqual({ kind: 'limited', retryAfterMs: 100, punish: false })
    expect(charge(table, 'a', 'headers', 1, 100)).toEqual({ kind: 'allowed' })
    expect(charge(table, 'a', 'headers', 20, 2_100)).toEqual({ kind: 'allowed' })
  })

  test('peers and methods do not pay for each other', () => {
    const table = createLimits(quotas)
    charge(table, 'a', 'headers', 20, 0)
    expect(charge(table, 'b', 'headers', 20, 0).kind).toBe('allowed')
    expect(charge(table, 'a', 'bodies', 20, 0).kind).toBe('allowed')
  })

  test('bytes that were sent delay whatever is asked next', () => {
    const table = createLimits(quotas)
    chargeBytes(table, 'a', 3_000, 0)
    expect(charge(table, 'a', 'status', 1, 0)).toMatchObject({ kind: 'limited', retryAfterMs: 2_000 })
    expect(charge(table, 'a', 'status', 1, 2_000).kind).toBe('allowed')
  })

  test('who goes on asking is punished, who comes back later is not', () => {
    const table = createLimits(quotas)
    charge(table, 'a', 'headers', 20, 0)
    const ask = (now: number) => {
      const verdict = charge(table, 'a', 'headers', 20, now)
      return verdict.kind === 'limited' && verdict.punish
    }
    for (let i = 0; i < MAX_REFUSALS; i++) expect(ask(i)).toBe(false)
    expect(ask(MAX_REFUSALS)).toBe(true)
    charge(table, 'a', 'headers', 20, REFUSAL_WINDOW_MS + 10)
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
        const table = createLimits(quotas)
        let [now, got] = [1_000, 0]
        for (const { waitMs, cost } of list) {
          now += waitMs
          const verdict = charge(table, 'a', 'headers', cost, now)
          if (verdict.kind === 'allowed') got += cost
          else if (cost <= 20)
            expect(charge(createCopy(table), 'a', 'headers', cost, now + verdict.retryAfterMs).kind).toBe('allowed')
        }
        expect(got).toBeLessThanOrEqual(20 + ((now - 1_000) / 1_000) * 10 + 1e-6)
      }),
      { numRuns: 100 },
    )
  })

  test('ten thousand peers leave a bounded table', () => {
    const table = createLimits()
    for (let i = 0; i < 10_000; i++) for (const method of methods) charge(table, `peer-${i}`, method, 1_000_000, i)
    for (let i = 0; i < 10_000; i++) for (const method of methods) charge(table, `peer-${i}`, method, 1, 0)
    expect(table.cells.size).toBeLessThanOrEqual(MAX_CELLS)
    expect(table.refusals.size).toBeLessThanOrEqual(MAX_CELLS)
  })
})

function createCopy(table: ReturnType<typeof createLimits>): ReturnType<typeof createLimits> {
  return { quotas: table.quotas, cells: new Map(table.cells), refusals: new Map() }
}
