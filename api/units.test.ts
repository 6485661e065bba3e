import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  byteCount,
  bytes,
  bytesPerSecond,
  duration,
  fraction,
  fractionParts,
  milliseconds,
  percent,
  percentage,
  rate,
  UnitError,
} from './units.ts'

const values: readonly (readonly [parse: (text: string) => unknown, text: string, value: unknown])[] = [
  [milliseconds, '200ms', 200],
  [milliseconds, '5s', 5_000],
  [milliseconds, '1m30s', 90_000],
  [milliseconds, '2h', 7_200_000],
  [milliseconds, '1h2m3s4ms', 3_723_004],
  [milliseconds, '1.5s', 1_500],
  [milliseconds, '0.1ms', 0.1],
  [milliseconds, '0s', 0],
  [byteCount, '512', 512],
  [byteCount, '512B', 512],
  [byteCount, '1KiB', 1_024],
  [byteCount, '1.5MiB', 1_572_864],
  [byteCount, '1MB', 1_000_000],
  [byteCount, '1k', 1_000],
  [byteCount, '1Gi', 1_073_741_824],
  [bytesPerSecond, '10Mbit/s', 1_250_000],
  [bytesPerSecond, '8bit/s', 1],
  [bytesPerSecond, '1MiB/s', 1_048_576],
  [fractionParts, '2/3', { numerator: 2, denominator: 3 }],
  [percentage, '30%', 0.3],
  [percentage, '100%', 1],
  [percentage, '0.5%', 0.005],
]

test.each(values)('%o reads %s as %s', (parse, text, value) => {
  expect(parse(text)).toEqual(value)
})

const nonsense: readonly (readonly [parse: (text: string) => unknown, texts: string[]])[] = [
  [milliseconds, ['', '5', 's', '-5s', '5 s', '5S', '1e3s', '.5s', '5.s', '5s!', '\u0665s', '1s'.repeat(17)]],
  [byteCount, ['', 'KiB', '-1', '1 KiB', '1kib', '1Ti', '0x10', '1e6']],
  [bytesPerSecond, ['', '10', '10Mbit', '10Mbps', '10Mib/s', '/s']],
  [fractionParts, ['', '2', '0/3', '2/0', '2/3/4', '-1/2', '0.5']],
  [percentage, ['', '30', '%', '-1%', '101%', '1000%']],
]

test.each(nonsense)('%o refuses what is no value of its unit', (parse, texts) => {
  for (const text of texts) expect(() => parse(text), text).toThrow(UnitError)
})

describe('schemas', () => {
  test.each([
    ['duration', duration({ min: '50ms', max: '1h' }), ['50ms', '3600s', '1h'], ['49ms', '3601s', '', 5, null, '1x']],
    ['rate', rate({ min: '8bit/s' }), ['8bit/s', '100Gbit/s'], ['7bit/s', '101Gbit/s', '10', 10]],
    ['percent', percent({ min: '1%' }), ['1%', '100%'], ['0%', '101%', 0.5]],
    ['fraction', fraction(), ['2/3', '1/1'], ['3/2', '0/1', 0.66]],
    [
      'bytes',
      bytes({ min: '1KiB', max: '1MiB' }),
      ['1KiB', '1MiB', 1_024, 1_048_576],
      ['1B', '2MiB', 1_023, 1_048_577, -1, 1.5, null],
    ],
  ] as const)('%s keeps to its bounds', (_name, schema, good, bad) => {
    for (const value of good) expect(schema.safeParse(value).success, String(value)).toBe(true)
    for (const value of bad) expect(schema.safeParse(value).success, String(value)).toBe(false)
  })

  test('whatever a schema accepts, its function can read, and the other way round', () => {
    const units: readonly (readonly [
      { safeParse(value: unknown): { success: boolean } },
      (text: string) => unknown,
    ])[] = [
      [duration({ max: '999999999h' }), milliseconds],
      [rate({ max: '999999999GiB/s' }), bytesPerSecond],
      [percent(), percentage],
      [fraction({ max: '999999/1' }), fractionParts],
      [bytes(), byteCount],
    ]
    const text = fc.string({ unit: fc.constantFrom(...'0123456789.smhkMGKiBbt/%'), maxLength: 8 })
    fc.assert(
      fc.property(text, candidate => {
        for (const [schema, parse] of units) {
          let readable = true
          try {
            parse(candidate)
          } catch {
            readable = false
          }
          expect(schema.safeParse(candidate).success, candidate).toBe(readable)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
