// Turns what a schema found wrong into sentences: what is wrong, and how to mend it.
import { closest, distance } from 'fastest-levenshtein'
import type { z } from 'zod'
import { type Fault, formatPath, type Path } from './errors.ts'
import { describedAt, fieldsAt, schemaAt } from './schema-walk.ts'

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
  const write = examples.length > 0 ? `write for example ${list(examples)}` : ''
  const fault = (message: string, mend: string): Fault[] => [{ path, message, mend }]
  if (value === undefined) return fault('is missing', write || addition(path, schema))
  switch (issue.code) {
    case 'invalid_type': {
      const quoted = issue.expected === 'string' && isQuotable(value, schemaAt(schema, path))
      const mend = quoted ? `write ${JSON.stringify(String(value))}, in quotes` : write
      const expected = typeName(issue.expected)
      const fields = issue.expected === 'object' ? fieldsAt(schema, path) : []
      const plain = fields.length > 0 ? `its fields are ${list(fields)}` : `write ${expected}`
      return fault(`expected ${title ?? expected}, got ${nameOf(value)}`, mend || plain)
    }
    case 'invalid_value': {
      const values = issue.values.map(String)
      const mend =
        hint(path, value) ??
        didYouMean(String(value), values) ??
        (values.length === 1 ? `write ${list(values)}` : `choose one of ${list(values)}`)
      return fault(`${quote(value)} is not one of ${list(values)}`, mend)
    }
    case 'too_small': {
      const message = `${measure(value, issue.origin)} is below the least allowed, ${issue.minimum}`
      return fault(message, sizeMend(issue.origin, 'at least', issue.minimum))
    }
    case 'too_big': {
      const message = `${measure(value, issue.origin)} is above the most allowed, ${issue.maximum}`
      return fault(message, sizeMend(issue.origin, 'at most', issue.maximum))
    }
    case 'invalid_format':
    case 'invalid_union':
      return fault(`${issue.message}, got ${quote(value)}`, write || 'write it in that form')
    case 'custom':
      return fault(`${quote(value)} ${issue.message}`, write)
    default:
      return fault(issue.message, write)
  }
}

function addition(path: Path, schema: z.ZodType): string {
  const fields = fieldsAt(schema, path)
  return fields.length > 0 ? `add \`${path.at(-1)}:\` with ${list(fields)}` : `add \`${path.at(-1)}: ...\``
}

/** YAML reads 7 and true as no text; in quotes they would have been right. */
const isQuotable = (value: unknown, schema: z.ZodType | undefined): boolean =>
  (typeof value === 'number' || typeof value === 'boolean') && schema?.safeParse(String(value)).success === true

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
