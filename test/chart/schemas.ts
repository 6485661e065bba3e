// Schemas for kubeconform, from what an API server says of itself: there is no need for a copy from the network.

interface Schema {
  properties?: Record<string, Schema>
  additionalProperties?: unknown
  [keyword: string]: unknown
}
export type Definitions = Readonly<Record<string, Schema>>
interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

const KINDS = 'x-kubernetes-group-version-kind'

/** One file a kind and version, under the name that kubeconform looks for; unknown fields are errors. */
export function schemaFiles(all: Definitions, kinds: ReadonlySet<string>): { file: string; schema: object }[] {
  const definitions = Object.fromEntries(Object.entries(all).map(([name, schema]) => [name, strict(name, schema)]))
  return Object.entries(all).flatMap(([name, schema]) => {
    const known = (schema[KINDS] ?? []) as GroupVersionKind[]
    // DeleteOptions and the like stand for many kinds.
    if (known.length !== 1 || !kinds.has(known[0]!.kind)) return []
    const { group, version, kind } = known[0]!
    const suffix = [group.split('.')[0], version].filter(part => part !== '').join('-')
    const file = `${kind}-${suffix}.json`.toLowerCase()
    return [{ file, schema: { $ref: `#/definitions/${name}`, definitions } }]
  })
}

function strict(name: string, schema: Schema): Schema {
  // What these stand for has no schema in this version of OpenAPI.
  if (name.endsWith('.IntOrString') || name.endsWith('.Quantity')) return { type: ['string', 'number'] }
  if (name.endsWith('.JSON') || name.includes('.JSONSchemaProps')) return {}
  if (!schema.properties || schema.additionalProperties !== undefined) return schema
  return { ...schema, additionalProperties: false }
}
