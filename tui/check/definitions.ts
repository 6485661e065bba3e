// Whether the definitions of a cluster are of this version: which fields theirs has, compared with those of the chart. Pure.

/** Paths of all fields of a schema (OpenAPI v3): `spec.groups[].count`. */
export function fieldsOf(schema: unknown, path = ''): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const { properties, items, additionalProperties } = schema as Record<string, unknown>
  const inner = Object.entries((properties ?? {}) as Record<string, unknown>).flatMap(([name, field]) => {
    const at = path === '' ? name : `${path}.${name}`
    return [at, ...fieldsOf(field, at)]
  })
  return [...inner, ...fieldsOf(items, `${path}[]`), ...fieldsOf(additionalProperties, `${path}[*]`)]
}

/** What the one has and the other has not, each way. Fields of metadata are the server's. */
export function compareSchemas(
  ours: unknown,
  theirs: unknown,
): { readonly lacking: readonly string[]; readonly foreign: readonly string[] } {
  const [mine, stored] = [new Set(fieldsOf(ours)), new Set(fieldsOf(theirs))]
  const own = (field: string): boolean => !field.startsWith('metadata.')
  return {
    lacking: [...mine].filter(field => own(field) && !stored.has(field)),
    foreign: [...stored].filter(field => own(field) && !mine.has(field)),
  }
}
