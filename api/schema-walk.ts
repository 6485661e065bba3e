// Looks into a zod schema along a path of a document: which fields are valid there, and what a value there looks like.
import { z } from 'zod'
import type { Path } from './errors.ts'

/** Schemas in schemas: deeper nesting than any kind has. */
const MAX_WRAPPERS = 8

/** The schema without optional, default and the like. */
function unwrapped(schema: z.ZodType | undefined): z.ZodType | undefined {
  let inner = schema
  for (let n = 0; n < MAX_WRAPPERS; n++) {
    if (
      inner instanceof z.ZodOptional ||
      inner instanceof z.ZodDefault ||
      inner instanceof z.ZodPrefault ||
      inner instanceof z.ZodNullable
    ) {
      inner = inner.unwrap() as z.ZodType
    } else break
  }
  return inner
}

/** The schema of the field at `path`; undefined where the kind has none. */
export function schemaAt(schema: z.ZodType, path: Path): z.ZodType | undefined {
  let at: z.ZodType | undefined = schema
  for (const part of path) {
    const inner: z.ZodType | undefined = unwrapped(at)
    if (inner instanceof z.ZodObject) at = inner.shape[String(part)] as z.ZodType | undefined
    else if (inner instanceof z.ZodArray) at = inner.element as z.ZodType
    else if (inner instanceof z.ZodRecord) at = inner.valueType as z.ZodType
    else return undefined
  }
  return at
}

/** Names of the fields valid at `path`; empty where the value is no object. */
export function fieldsAt(schema: z.ZodType, path: Path): string[] {
  const inner = unwrapped(schemaAt(schema, path))
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : []
}

/** What the schema's metadata says of the value at `path`: its name as in `a duration`, and examples as a person writes them. */
export function describedAt(schema: z.ZodType, path: Path): { title: string | undefined; examples: readonly string[] } {
  const at = schemaAt(schema, path)
  const { title, examples } = at?.meta() ?? unwrapped(at)?.meta() ?? {}
  const inner = unwrapped(at)
  const written = Array.isArray(examples) ? examples : inner instanceof z.ZodEnum ? inner.options : []
  return { title, examples: written.map(example => (typeof example === 'string' ? example : JSON.stringify(example))) }
}
