import { expect, test } from 'vitest'
import { lastTime, nextTime, problemOf } from './cron.ts'

const at = (text: string) => Date.parse(text)
const noon = at('2026-03-28T12:00:00Z')

test.each([
  ['30 3 * * *', 'UTC', undefined],
  ['*/5 9-17 * * MON-FRI', 'Europe/Berlin', undefined],
  ['* * * * * *', 'UTC', 'cron'],
  ['61 * * * *', 'UTC', 'cron'],
  ['0 0 30 2 *', 'UTC', 'cron'],
  ['every day', 'UTC', 'cron'],
  ['30 3 * * *', 'Mars/Olympus', 'zone'],
])('%s in %s: %s', (cron, zone, of) => expect(problemOf(cron, zone)?.of).toBe(of))

test.each([
  ['30 2 * * *', 'UTC', '2026-03-29T02:30:00Z'],
  // There is no half past two in the night of the change: an hour later.
  ['30 2 * * *', 'Europe/Berlin', '2026-03-29T01:30:00Z'],
])('%s in %s comes next at %s', (cron, zone, next) => expect(nextTime(cron, zone, noon)).toBe(at(next)))

test.each([
  ['the newest of many', noon - 3_600_000, noon, noon],
  ['one that is due this very moment', noon - 1, noon, noon],
  ['one that is past', noon - 300_001, noon - 1, noon - 300_000],
  ['none that was before', noon, noon + 299_999, undefined],
])('of */5 * * * * is due %s', (_name, after, until, due) => {
  expect(lastTime('*/5 * * * *', 'UTC', after, until)).toBe(due)
})
