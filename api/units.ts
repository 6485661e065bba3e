// Units as people write them. A kind keeps the text (so its JSON Schema stays a string with a pattern);
// the functions below turn valid text into a value where the value is used.
import { z } from 'zod'

/** No unit needs more characters; a longer one is refused before it is matched. */
export const MAX_UNIT_CHARS = 32

// Without look-around: the API server's regular expressions (RE2) have none.
const durationPattern = /^(\d+(\.\d+)?(ms|s|m|h))+$/
const bytesPattern = /^\d+(\.\d+)?(B|kB|KB|MB|GB|KiB|MiB|GiB|k|M|G|Ki|Mi|Gi)?$/
const ratePattern = /^\d+(\.\d+)?(bit|kbit|Mbit|Gbit|B|kB|KB|MB|GB|KiB|MiB|GiB)\/s$/
const fractionPattern = /^[1-9]\d{0,5}\/[1-9]\d{0,5}$/
const percentPattern = /^\d{1,3}(\.\d+)?%$/

const factors: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  '': 1,
  B: 1,
  k: 1e3,
  kB: 1e3,
  KB: 1e3,
  M: 1e6,
  MB: 1e6,
  G: 1e9,
  GB: 1e9,
  Ki: 1024,
  KiB: 1024,
  Mi: 1024 ** 2,
  MiB: 1024 ** 2,
  Gi: 1024 ** 3,
  GiB: 1024 ** 3,
  bit: 1 / 8,
  kbit: 1e3 / 8,
  Mbit: 1e6 / 8,
  Gbit: 1e9 / 8,
}

/** Text that is no value of its unit. Schemas refuse such text first; code that gets it from elsewhere sees this. */
export class UnitError extends Error {
  constructor(text: string, expected: string) {
    super(`${JSON.stringify(text)} is not ${expected}`)
    this.name = 'UnitError'
  }
}

const matched = (text: string, pattern: RegExp, expected: string): string => {
  if (text.length > MAX_UNIT_CHARS || !pattern.test(text)) throw new UnitError(text, expected)
  return text
}
const scaled = (text: string): number => {
  const [, digits = '', unit = ''] = /^([\d.]+)(.*)$/.exec(text) ?? []
  return Number(digits) * (factors[unit] ?? Number.NaN)
}

/** Milliseconds of a duration such as `200ms`, `5s`, `1m30s` or `2h`, to the nearest microsecond. Throws UnitError. */
export function milliseconds(text: string): number {
  matched(text, durationPattern, 'a duration')
  const total = (text.match(/[\d.]+(ms|[hms])/g) ?? []).reduce((sum, part) => sum + scaled(part), 0)
  return Math.round(total * 1_000) / 1_000
}

/** Bytes of a size such as `512`, `64KiB`, `1MiB`, `1MB` or, as Kubernetes writes it, `1Gi`; rounded. Throws UnitError. */
export function byteCount(size: string | number): number {
  return Math.round(scaled(matched(String(size), bytesPattern, 'a size in bytes')))
}

/** Bytes per second of a rate such as `10Mbit/s` or `1MiB/s`. Throws UnitError. */
export function bytesPerSecond(text: string): number {
  return scaled(matched(text, ratePattern, 'a rate').slice(0, -2))
}

/** The two parts of a fraction such as `2/3`, as written. Throws UnitError. */
export function fractionParts(text: string): { numerator: number; denominator: number } {
  const [numerator = 0, denominator = 1] = matched(text, fractionPattern, 'a fraction').split('/').map(Number)
  return { numerator, denominator }
}

/** 0..1 for a percentage such as `30%`. Throws UnitError; above `100%` too. */
export function percentage(text: string): number {
  const value = Number(matched(text, percentPattern, 'a percentage').slice(0, -1)) / 100
  if (value > 1) throw new UnitError(text, 'a percentage up to 100%')
  return value
}

/** Text both bounds of which are inclusive and written in the unit itself, so that messages quote them. */
export interface Range {
  readonly min?: string
  readonly max?: string
}

/** Metadata key under which a schema says its range, for judges that cannot run the code here (tools/generate/crd). */
export const RANGE = 'x-trellis-range'
export type UnitName = 'duration' | 'size' | 'rate' | 'percentage' | 'fraction' | 'cpu' | 'memory'
export interface UnitRange extends Range {
  readonly unit: UnitName
}

/** A string schema of one unit. Its metadata carries the examples that error messages show. */
const unit = (pattern: RegExp, parse: (text: string) => number, name: UnitName, examples: string[], range: Range) => {
  const { min, max } = range
  const title = `a ${name}`
  return z
    .string()
    .max(MAX_UNIT_CHARS)
    .regex(pattern, `expected ${title}`)
    .refine(text => !min || !pattern.test(text) || parse(text) >= parse(min), `must be at least ${min}`)
    .refine(text => !max || !pattern.test(text) || parse(text) <= parse(max), `must be at most ${max}`)
    .meta({ title, examples, [RANGE]: { unit: name, ...range } satisfies UnitRange })
}

export const duration = (range: Range = {}) =>
  unit(durationPattern, milliseconds, 'duration', ['200ms', '5s', '1m30s'], { max: '168h', ...range })

export const rate = (range: Range = {}) =>
  unit(ratePattern, bytesPerSecond, 'rate', ['10Mbit/s', '1MiB/s'], { max: '100Gbit/s', ...range })

export const percent = (range: Range = {}) =>
  unit(percentPattern, text => Number(text.slice(0, -1)), 'percentage', ['30%'], { max: '100%', ...range })

/** A fraction above zero and up to one. */
export const fraction = (range: Range = {}) => {
  const value = (text: string) => {
    const { numerator, denominator } = fractionParts(text)
    return numerator / denominator
  }
  return unit(fractionPattern, value, 'fraction', ['2/3'], { max: '1/1', ...range })
}

/** A size; a plain number counts bytes. */
export const bytes = (range: Range = {}) => {
  const text = unit(bytesPattern, byteCount, 'size', ['512', '64KiB', '1MiB'], range)
  const { min, max } = range
  return z
    .union([z.int().min(0), text], { error: 'expected a size' })
    .refine(size => typeof size === 'string' || !min || size >= byteCount(min), `must be at least ${min}`)
    .refine(size => typeof size === 'string' || !max || size <= byteCount(max), `must be at most ${max}`)
    .meta({
      title: 'a size',
      examples: ['512', '64KiB', '1MiB'],
      [RANGE]: { unit: 'size', ...range } satisfies UnitRange,
    })
}
