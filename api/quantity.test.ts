import { describe, expect, test } from 'vitest'
import { canonicalCpu, canonicalMemory, cpu, memory, memoryBytes, milliCores } from './quantity.ts'
import { UnitError } from './units.ts'

test.each([
  [milliCores, '250m', 250],
  [milliCores, '0.5', 500],
  [milliCores, '1.025', 1_025],
  [milliCores, 2, 2_000],
  [memoryBytes, '512Mi', 536_870_912],
  [memoryBytes, '1.5Gi', 1_610_612_736],
  [memoryBytes, '1G', 1_000_000_000],
  [memoryBytes, '0.001Ki', 2],
  [memoryBytes, 1_024, 1_024],
])('%o reads %s as %s', (parse, text, value) => {
  expect(parse(text)).toBe(value)
})

test.each([
  [canonicalCpu, '1000m', '1'],
  [canonicalCpu, '1.5', '1500m'],
  [canonicalCpu, '1000', '1k'],
  [canonicalCpu, 0, '0'],
  [canonicalMemory, '1024Mi', '1Gi'],
  [canonicalMemory, '1.5Gi', '1536Mi'],
  [canonicalMemory, '1000k', '1M'],
  [canonicalMemory, '1024', '1024'],
  [canonicalMemory, '0.5Ki', '512'],
  [canonicalMemory, '0Gi', '0'],
])('%o writes %s as %s', (write, text, written) => {
  expect(write(text)).toBe(written)
})

test.each([
  [milliCores, ['', 'm', '-1', '1.5m', '0.0001', '1k', '1e3', '250 m']],
  [memoryBytes, ['', '1KiB', '1.5', '1m', '-1Gi', '1Pi', '1e6', '0.0001Gi', `${'1'.repeat(33)}`]],
])('%o refuses what is no amount', (parse, texts) => {
  for (const text of texts) expect(() => parse(text), text).toThrow(UnitError)
})

describe('schemas', () => {
  test.each([
    ['cpu', cpu({ min: '10m', max: '4' }), ['10m', '0.01', 4, '4000m'], ['9m', 0, -1, '4.001', 0.5, null]],
    ['memory', memory({ min: '1Mi', max: '1Gi' }), ['1Mi', '1024Mi', 1_048_576], ['1048575', '1025Mi', '1m', 1.5]],
  ] as const)('%s keeps to its bounds', (_name, schema, good, bad) => {
    for (const value of good) expect(schema.safeParse(value).success, String(value)).toBe(true)
    for (const value of bad) expect(schema.safeParse(value).success, String(value)).toBe(false)
  })
})
