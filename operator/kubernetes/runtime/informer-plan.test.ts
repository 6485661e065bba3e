import { describe, expect, test } from 'vitest'
import { initialStanding, MAX_STALE_LISTS, type Outcome, plan, type Standing } from './informer-plan.ts'

const half = () => 0.5
const failed = (status: number, more: Partial<Extract<Outcome, { kind: 'failed' }>> = {}): Outcome => ({
  kind: 'failed',
  status,
  reason: String(status),
  progressed: false,
  ...more,
})
const broken: Standing = { failures: 2, staleLists: 0 }

describe('what an informer does next', () => {
  test.each<[string, Standing, Outcome, boolean, 'list' | 'watch', number]>([
    ['after a list it watches', initialStanding, { kind: 'listed' }, false, 'watch', 0],
    ['a stream that ran its time is resumed', initialStanding, { kind: 'ended', lastedMs: 45_000 }, true, 'watch', 0],
    ['one that ended at once waits', initialStanding, { kind: 'ended', lastedMs: 3 }, true, 'watch', 375],
    ['a cut stream is resumed', initialStanding, failed(0), true, 'watch', 375],
    ['repeated cuts wait longer', broken, failed(0), true, 'watch', 1_500],
    ['a cut after progress counts as a first one', broken, failed(0, { progressed: true }), true, 'watch', 375],
    ['an expired version is listed anew at once', initialStanding, failed(410), true, 'list', 0],
    ['and with a pause when that repeats', broken, failed(410), true, 'list', 1_500],
    ['Expired without its status', initialStanding, failed(500, { reason: 'Expired' }), true, 'list', 0],
    ['a server error resumes', initialStanding, failed(503), true, 'watch', 375],
    [
      'too many requests: what the server asks for',
      initialStanding,
      failed(429, { retryAfterMs: 7_000 }),
      true,
      'watch',
      7_000,
    ],
    ['a refused version is listed anew', initialStanding, failed(400), true, 'list', 375],
    ['a resource that is gone is listed for', initialStanding, failed(404), true, 'list', 375],
    ['a failed list is listed anew', initialStanding, failed(503), false, 'list', 375],
    ['an event from the past: list', initialStanding, { kind: 'disordered' }, true, 'list', 375],
    ['a list from the past: another', initialStanding, { kind: 'stale list' }, false, 'list', 375],
  ])('%s', (_, standing, outcome, watching, action, delayMs) => {
    expect(plan(standing, outcome, watching, half)).toMatchObject({ action, delayMs, acceptOlder: false })
  })

  test('believes the past after it was told it often enough', () => {
    let standing = initialStanding
    const accepts = Array.from({ length: MAX_STALE_LISTS }, () => {
      const next = plan(standing, { kind: 'stale list' }, false, half)
      standing = next.standing
      return next.acceptOlder
    })
    expect(accepts).toEqual([...Array(MAX_STALE_LISTS - 1).fill(false), true])
  })

  test('never asks without a pause twice in a row, unless the server does its part', () => {
    for (const outcome of [
      failed(0),
      failed(410),
      failed(429),
      { kind: 'disordered' },
      { kind: 'stale list' },
    ] as const) {
      const first = plan(initialStanding, outcome, true, half)
      expect(plan(first.standing, outcome, true, half).delayMs).toBeGreaterThan(0)
    }
  })
})
