// The ranges of units (api/units.ts) in CEL.
import type { UnitName, UnitRange } from '../../../api/units.ts'

interface Unit {
  /** A value of `self` that compares with `bound`, both CEL. */
  readonly value: string
  readonly bound: (text: string) => string
  readonly compare: (value: string, operator: '>=' | '<=', bound: string) => string
}

const plainly = (value: string, operator: string, bound: string): string => `${value} ${operator} ${bound}`
const asQuantity = (value: string, operator: string, bound: string): string =>
  `${value}.compareTo(${bound}) ${operator} 0`

/** Sizes as Kubernetes' quantities, which know KiB as Ki and kB as k. */
const sizeText = "replace('KB', 'kB').replace('B', '')"
const sizeOf = (text: string): string => text.replace('KB', 'kB').replace('B', '')
const bitsOf = (text: string): number => {
  const [, digits = '', unit = ''] = /^([\d.]+)(.*)\/s$/.exec(text) ?? []
  const factor = { bit: 1, kbit: 1e3, Mbit: 1e6, Gbit: 1e9 }[unit]
  if (!factor) throw new Error(`the bound ${text} is not written in bits`)
  return Number(digits) * factor
}

const units: Readonly<Record<UnitName, Unit>> = {
  duration: { value: 'duration(self)', bound: text => `duration('${text}')`, compare: plainly },
  size: {
    value: `(type(self) == int ? quantity(string(self)) : quantity(string(self).${sizeText}))`,
    bound: text => `quantity('${sizeOf(text)}')`,
    compare: asQuantity,
  },
  cpu: { value: 'quantity(string(self))', bound: text => `quantity('${text}')`, compare: asQuantity },
  memory: { value: 'quantity(string(self))', bound: text => `quantity('${text}')`, compare: asQuantity },
  // Bytes a second are compared with an eighth of the bound.
  rate: {
    value: '',
    bound: text => String(bitsOf(text)),
    compare: (_value, operator, bits) =>
      `self.endsWith('bit/s') ? quantity(self.replace('bit/s', '')).compareTo(quantity('${bits}')) ${operator} 0` +
      ` : quantity(self.replace('/s', '').${sizeText}).compareTo(quantity('${Number(bits) / 8}')) ${operator} 0`,
  },
  percentage: {
    value: "double(self.replace('%', ''))",
    bound: text => `double('${text.replace('%', '')}')`,
    compare: plainly,
  },
  fraction: {
    value: "double(self.split('/')[0]) / double(self.split('/')[1])",
    bound: text => {
      const [numerator, denominator] = text.split('/')
      return `${numerator}.0 / ${denominator}.0`
    },
    compare: plainly,
  },
}

export interface Validation {
  readonly rule: string
  readonly message: string
  readonly fieldPath?: string
}

/** One rule for each bound that the range has. */
export function rangeRules({ unit, min, max }: UnitRange): Validation[] {
  const { value, bound, compare } = units[unit]
  const rules: Validation[] = []
  if (min !== undefined) rules.push({ rule: compare(value, '>=', bound(min)), message: `must be at least ${min}` })
  if (max !== undefined) rules.push({ rule: compare(value, '<=', bound(max)), message: `must be at most ${max}` })
  return rules
}
