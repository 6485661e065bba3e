import { describe, expect, test } from 'vitest'
import { BURST, EventSeries, MAX_SERIES, REFILL_MS, SERIES_MS } from './event-series.ts'

const pulled = { uid: 'u', type: 'Warning' as const, reason: 'ImagePull', note: 'no such image' }

describe('events', () => {
  test('repeat as one series that is written ever more seldom', () => {
    const series = new EventSeries()
    const kinds = Array.from({ length: 9 }, (_, at) => series.take(pulled, at * 1_000).kind)
    expect(kinds).toEqual(['create', 'update', 'hold', 'update', 'hold', 'hold', 'hold', 'update', 'hold'])
    expect(series.take(pulled, 9_000 + SERIES_MS).kind).toBe('create')
  })

  test('of one object are limited, and of others not by it', () => {
    const series = new EventSeries()
    const take = (index: number, uid = 'u', now = 0) => series.take({ ...pulled, uid, note: String(index) }, now).kind
    const kinds = Array.from({ length: BURST + 1 }, (_, index) => take(index))
    expect(kinds.filter(kind => kind === 'create').length).toBe(BURST)
    expect(kinds.at(-1)).toBe('drop')
    expect(take(0, 'other')).toBe('create')
    expect(take(99, 'u', REFILL_MS)).toBe('create')
  })

  test('take a bounded amount of memory', () => {
    const series = new EventSeries()
    for (let index = 0; index < 3 * MAX_SERIES; index++) series.take({ ...pulled, uid: String(index) }, 0)
    expect(series.size).toBe(MAX_SERIES)
  })
})
