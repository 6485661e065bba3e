// Amounts of processor time and memory as Kubernetes writes them (its "quantities"): what pods ask for and may use.
import { z } from 'zod'
import { MAX_UNIT_CHARS, RANGE, type Range, UnitError, type UnitRange } from './units.ts'

// Finer than a thousandth is nothing that Kubernetes takes.
const cpuPattern = /^(\d+m|\d+(\.\d{1,3})?)$/
const memoryPattern = /^(\d+|\d+(\.\d{1,3})?(k|M|G|T|Ki|Mi|Gi|Ti))$/

const decimal = ['', 'k', 'M', 'G', 'T'] as const
const binary = ['', 'Ki', 'Mi', 'Gi', 'Ti'] as const

/** Thousandths of what the digits say. */
const thousandths = (digits: string): bigint => {
  const [whole = '0', fraction = ''] = digits.split('.')
  return BigInt(whole + fraction.padEnd(3, '0'))
}

const matched = (amount: string | number, pattern: RegExp, expected: string): string => {
  const text = String(amount)
  if (text.length > MAX_UNIT_CHARS || !pattern.test(text)) throw new UnitError(text, expected)
  return text
}

/** Thousandths of a core of an amount such as `250m`, `1` or `0.5`. Throws UnitError. */
export function milliCores(amount: string | number): number {
  const text = matched(amount, cpuPattern, 'an amount of processor time')
  return Number(text.endsWith('m') ? BigInt(text.slice(0, -1)) : thousandths(text))
}

/** Bytes of an amount such as `512Mi`, `1.5Gi` or `1G`, rounded up. Throws UnitError. */
export function memoryBytes(amount: string | number): number {
  const text = matched(amount, memoryPattern, 'an amount of memory')
  const [, digits = '', unit = ''] = /^([\d.]+)(.*)$/.exec(text) ?? []
  const power = Math.max(decimal.indexOf(unit as 'k'), binary.indexOf(unit as 'Ki'))
  const factor = (unit.endsWith('i') ? 1_024n : 1_000n) ** BigInt(power)
  return Number((thousandths(digits) * factor + 999n) / 1_000n)
}

/** The way an API server writes the amount, whatever way it was given: `1000m` is `1`. Throws UnitError. */
export function canonicalCpu(amount: string | number): string {
  const cores = milliCores(amount)
  return cores % 1_000 === 0 ? inUnits(cores / 1_000, 1_000, decimal) : `${cores}m`
}

/** The way an API server writes the amount, whatever way it was given: `1024Mi` is `1Gi`. Throws UnitError. */
export function canonicalMemory(amount: string | number): string {
  const value = memoryBytes(amount)
  // Below 1 Ki it counts in thousands even when it was given in Ki.
  const isBinary = value >= 1_024 && String(amount).endsWith('i')
  return isBinary ? inUnits(value, 1_024, binary) : inUnits(value, 1_000, decimal)
}

/** In the largest unit that leaves no fraction. */
function inUnits(value: number, step: number, names: readonly string[]): string {
  let power = 0
  let left = value
  while (left !== 0 && left % step === 0 && power < names.length - 1) {
    left /= step
    power++
  }
  return `${left}${names[power]}`
}

const quantity = (
  pattern: RegExp,
  parse: (amount: string | number) => number,
  unit: 'cpu' | 'memory',
  title: string,
  examples: string[],
  range: Required<Range>,
) => {
  const { min, max } = range
  const isOne = (amount: string | number): boolean => pattern.test(String(amount))
  return z
    .union([z.int().min(0), z.string().max(MAX_UNIT_CHARS).regex(pattern, `expected ${title}`)], {
      error: `expected ${title}`,
    })
    .refine(amount => !isOne(amount) || parse(amount) >= parse(min), `must be at least ${min}`)
    .refine(amount => !isOne(amount) || parse(amount) <= parse(max), `must be at most ${max}`)
    .meta({ title, examples, [RANGE]: { unit, ...range } satisfies UnitRange })
}

/** Processor time; a plain number counts cores. */
export const cpu = (range: Required<Range>) =>
  quantity(cpuPattern, milliCores, 'cpu', 'an amount of processor time', ['250m', '1'], range)

/** Memory or storage; a plain number counts bytes. */
export const memory = (range: Required<Range>) =>
  quantity(memoryPattern, memoryBytes, 'memory', 'an amount of memory', ['512Mi', '1Gi'], range)
