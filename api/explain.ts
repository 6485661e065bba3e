// Turns what a schema found wrong into sentences: what is wrong, and how to mend it.
import { closest, distance } from 'fastest-levenshtein'
import type { z } from 'zod'
import { type Fault, formatPath, type Path } from './errors.ts'
import { describedAt, fieldsAt } from './schema-walk.ts'

/** A field or a value that somebody may expect at `path`, though it does not belong there: returns the mend. */
export type FieldHint = (path: Path, value: unknown) => string | undefined

/** Longer names are not compared: the cost of a distance grows with their product. */
const MAX_COMPARED_CHARS = 64
/** Lists of valid names longer than this are cut. */
const MAX_LISTED_NAMES = 16

type Issue = z.core.$ZodIssue

/** The faults behind one issue; several where an object has several unknown fields. */
export function explain(issue: Issue, schema: z.ZodType, document: unknown, hint: FieldHint): Fault[] {
  const path = issue.path.map(part => (typeof part === 'symbol' ? String(part) : part))
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(key => unknownField([...path, key], schema, document, hint))
  const value = valueAt(document, path)
  const { title, examples } = describedAt(schema, path)
  const write = examples.length > 0 ? `write for example ${examples.map(text => `\`${text}\``).join(', ')}` : ''
  if (value === undefined) {
    const name = path.at(-1)
    return [
      {
        path,
        message: 'is missing',
        mend:
          write ||
          (fieldsAt(schema, path).length > 0
            ? `add \`${name}:\` with ${list(fieldsAt(schema, path))}`
            : `add \`${name}: ...\``),
      },
    ]
  }
  switch (issue.code) {
    case 'invalid_type':
      return [
        {
          path,
          message: `expected ${title ?? typeName(issue.expected)}, got ${nameOf(value)}`,
          mend: write || `write ${typeName(issue.expected)}`,
        },
      ]
    case 'invalid_value': {
      const values = issue.values.map(String)
      return [
        {
          path,
          message: `${quote(value)} is not one of ${list(values)}`,
          mend: hint(path, value) ?? didYouMean(String(value), values) ?? `choose one of ${list(values)}`,
        },
      ]
    }
    case 'too_small':
      return [
        {
          path,
          message: `${measure(value, issue.origin)} is below the least allowed, ${issue.minimum}`,
          mend: sizeMend(issue.origin, 'at least', issue.minimum),
        },
      ]
    case 'too_big':
      return [
        {
          path,
          message: `${measure(value, issue.origin)} is above the most allowed, ${issue.maximum}`,
          mend: sizeMend(issue.origin, 'at most', issue.maximum),
        },
      ]
    case 'invalid_format':
    case 'invalid_union':
      return [{ path, message: `${issue.message}, got ${quote(value)}`, mend: write || "see the field's description" }]
    case 'custom':
      return [{ path, message: `${quote(value)} ${issue.message}`, mend: String(issue.params?.mend ?? write) }]
    default:
      return [{ path, message: issue.message, mend: write }]
  }
}

function unknownField(path: Path, schema: z.ZodType, document: unknown, hint: FieldHint): Fault {
  const name = String(path.at(-1))
  const parent = path.slice(0, -1)
  const valid = fieldsAt(schema, parent)
  const where = parent.length === 0 ? 'the document' : `\`${formatPath(parent)}\``
  const hinted = hint(path, valueAt(document, path))
  return {
    path,
    atKey: true,
    message: hinted ? `\`${name}\` does not apply here` : `${where} has no field \`${name}\``,
    mend: hinted ?? didYouMean(name, valid) ?? (valid.length > 0 ? `valid here: ${list(valid)}` : 'remove it'),
  }
}

/** `did you mean "x"?` when one of the names is near enough to be what was meant. */
export function didYouMean(name: string, names: readonly string[]): string | undefined {
  if (name.length > MAX_COMPARED_CHARS || names.length === 0) return undefined
  const near = closest(name, [...names])
  return distance(name.toLowerCase(), near.toLowerCase()) <= Math.max(2, name.length / 3)
    ? `did you mean \`${near}\`?`
    : undefined
}

export function valueAt(document: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[String(part)] : undefined,
    document,
  )
}

const list = (names: readonly string[]): string =>
  names
    .slice(0, MAX_LISTED_NAMES)
    .map(name => `\`${name}\``)
    .join(', ') + (names.length > MAX_LISTED_NAMES ? ', ...' : '')

const typeNames: Readonly<Record<string, string>> = {
  object: 'fields',
  array: 'a list',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  record: 'fields',
}
const typeName = (expected: string): string => typeNames[expected] ?? expected

function nameOf(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'fields'
  return quote(value)
}

const quote = (value: unknown): string => {
  const text =
    typeof value === 'object' ? nameOf(value) : typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > MAX_COMPARED_CHARS ? `${text.slice(0, MAX_COMPARED_CHARS)}...` : text
}

function measure(value: unknown, origin: string): string {
  if (origin === 'array' && Array.isArray(value)) return `a list of ${value.length}`
  if (origin === 'string' && typeof value === 'string') return `text of ${value.length} characters`
  return quote(value)
}

const sizeMend = (origin: string, bound: string, limit: number | bigint): string =>
  origin === 'array'
    ? `list ${bound} ${limit}`
    : origin === 'string'
      ? `write ${bound} ${limit} characters`
      : `write a number of ${bound} ${limit}`
