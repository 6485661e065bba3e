import { expect, test } from 'vitest'
import { CLOCK_MEMORY_MS, ClockOffset, MAX_CLOCKS } from './clock-offset.ts'

test('the latest block of each producer counts, and the median of them', () => {
  const clock = new ClockOffset()
  expect(clock.estimate(0)).toBeUndefined()
  clock.saw('a', 9_000, 0)
  clock.saw('a', 40, 1)
  clock.saw('b', 5_000, 1)
  clock.saw('c', 60, 1)
  expect(clock.estimate(2)).toBe(60)
})

test('a clock that is slow sees blocks of the future', () => {
  const clock = new ClockOffset()
  for (const [index, producer] of ['a', 'b', 'c'].entries()) clock.saw(producer, -5_000 + 20 * index, 0)
  expect(clock.estimate(1)).toBe(-4_980)
})

test('what is old or too much is forgotten', () => {
  const clock = new ClockOffset()
  clock.saw('old', 5_000, 0)
  clock.saw('new', 10, 60_000)
  expect(clock.estimate(CLOCK_MEMORY_MS)).toBe(10)
  expect(clock.estimate(CLOCK_MEMORY_MS + 1)).toBe(10)
  expect(clock.estimate(CLOCK_MEMORY_MS + 60_001)).toBeUndefined()
  for (let i = 0; i < 2 * MAX_CLOCKS; i++) clock.saw(`p${i}`, i < MAX_CLOCKS ? -1 : 1, 400_000)
  expect(clock.estimate(400_000)).toBe(1)
})
