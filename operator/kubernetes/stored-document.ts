// What the API server has of a kind of ours: an older definition, or none of ours, may have let it in, and an older or
// newer operator, or a hand, may have written its status. Pure.
import type { z } from 'zod'
import { formatPath } from '../../api/errors.ts'
import { explain } from '../../api/explain.ts'
import { apiVersion } from '../../api/metadata.ts'
import type { Kind } from '../../api/parse.ts'

/** Problems listed of one object. */
const MAX_PROBLEMS = 8

export type CheckedDocument<T> =
  | { readonly value: T; readonly problems?: undefined }
  | { readonly value?: undefined; readonly problems: readonly string[] }

/** The rules of a file, for an object: its spec under its name. */
export function checkDocument<T>(
  { kind, schema, check, hint = () => undefined }: Kind<T>,
  name: string,
  spec: unknown,
): CheckedDocument<T> {
  const plain = { apiVersion, kind, metadata: { name }, spec }
  const parsed = schema.safeParse(plain)
  const faults = parsed.success
    ? (check?.(parsed.data) ?? [])
    : parsed.error.issues.flatMap(issue => explain(issue, schema, plain, hint))
  return parsed.success && faults.length === 0 ? { value: parsed.data } : { problems: told(faults) }
}

/** One line a problem: its place, what is wrong and the mend. */
export function told(
  faults: readonly { readonly path: readonly (string | number)[]; readonly message: string; readonly mend: string }[],
): string[] {
  const lines = faults.map(({ path, message, mend }) => `${formatPath([...path])} ${message}: ${mend}`)
  const rest = lines.length - MAX_PROBLEMS
  return rest > 0 ? [...lines.slice(0, MAX_PROBLEMS), `and ${rest} more`] : lines
}

/**
 * The object with what is readable of its status: field by field, so that one nobody knows does not cost the others.
 */
export function withReadableStatus<T extends { readonly status?: unknown }>(object: T, schema: z.ZodObject): T {
  const { status, ...rest } = object
  if (typeof status !== 'object' || status === null) return rest as T
  const fields = Object.entries(schema.shape).flatMap(([field, each]) => {
    const { data } = (each as z.ZodType).safeParse((status as Record<string, unknown>)[field])
    return data === undefined ? [] : [[field, data]]
  })
  return { ...rest, status: Object.fromEntries(fields) } as T
}
