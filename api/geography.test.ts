import fc from 'fast-check'
import { expect, test } from 'vitest'
import { published } from './geography.fixture.ts'
import { distanceKm, modelledLatencyMs } from './geography.ts'
import { places } from './places.ts'

const at = (name: string) => places.get(name) ?? expect.fail(`no place ${name}`)
const errors = published
  .map(([from, to, ms]) => Math.abs(modelledLatencyMs(at(from), at(to)) - ms) / ms)
  .sort((a, b) => a - b)

test.each(published)('%s to %s: %d ms within 46 %% (%s)', (from, to, ms) => {
  expect(Math.abs(modelledLatencyMs(at(from), at(to)) - ms) / ms).toBeLessThanOrEqual(0.46)
})

test('half of the sample is within 20 %, nine in ten within 40 %', () => {
  expect(errors[Math.floor(errors.length / 2)]).toBeLessThanOrEqual(0.2)
  expect(errors[Math.floor(errors.length * 0.9)]).toBeLessThanOrEqual(0.4)
})

test.each([
  ['london', 'paris', 344],
  ['frankfurt', 'ashburn', 6_550],
  ['sydney', 'sao-paulo', 13_350],
])('great circle %s - %s is %d km', (a, b, km) => {
  expect(Math.abs(distanceKm(at(a), at(b)) - km) / km).toBeLessThan(0.01)
})

test('distance is symmetric, never negative and at most half the circumference', () => {
  const coordinates = fc.record({
    latitude: fc.double({ min: -90, max: 90, noNaN: true }),
    longitude: fc.double({ min: -180, max: 180, noNaN: true }),
  })
  fc.assert(
    fc.property(coordinates, coordinates, (a, b) => {
      const km = distanceKm(a, b)
      expect(km).toBeGreaterThanOrEqual(0)
      expect(km).toBeLessThanOrEqual(20_016)
      expect(distanceKm(b, a)).toBeCloseTo(km, 6)
    }),
    { numRuns: 300 },
  )
})
