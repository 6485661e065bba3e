import { z } from 'zod'
import { unchangeableFields } from '../../api/check/unchangeable.ts'
import { experimentSchema } from '../../api/experiment.ts'
import { testnetSchema } from '../../api/testnet.ts'

interface Schema {
  readonly type?: string
  readonly description?: string
  readonly title?: string
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly maxItems?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
}

/** docs/reference.md: every field of every kind, from the schemas that parse them. */
export function referencePage(): string {
  return `# Reference

Generated from the schemas in api/ by \`npm run generate\`. Fields without a default are required where marked, else absent.
What is said to be for Kubernetes only, \`trellis up\` on this machine ignores.
Durations are written \`200ms\`, \`5s\`, \`1m30s\`; sizes \`512\`, \`1KiB\`, \`1MiB\`; amounts of memory and storage as Kubernetes has them, \`512Mi\`, \`1Gi\`; rates \`10Mbit/s\`; fractions \`2/3\`; shares \`30%\`.

${kindSection('Testnet', testnetSchema)}
### What a live testnet cannot change

| field | why | instead |
|---|---|---|
${unchangeableFields.map(({ path, message, mend }) => `| \`${path}\` | ${message} | ${mend} |`).join('\n')}

${kindSection('ChaosExperiment', experimentSchema)}`
}

function kindSection(kind: string, schema: z.ZodType): string {
  const json = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    reused: 'inline',
    cycles: 'throw',
  }) as Schema
  return `## ${kind}

| field | value | default |
|---|---|---|
${rows(json, '').join('\n')}
`
}

function rows(schema: Schema, path: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const at = path === '' ? name : `${path}.${name}`
    const required = schema.required?.includes(name) ? 'required' : ''
    const fallback = 'default' in field ? inline(field.default) : required
    const below = field.items?.properties ? rows(field.items, `${at}[]`) : rows(field, at)
    // Fields whose place needs no words of its own are told by what is in them.
    if (below.length > 0 && field.properties && !field.description) return below
    return [`| \`${at}\` | ${describe(field)} | ${fallback} |`, ...below]
  })
}

function describe(field: Schema): string {
  return field.description ? `${shape(field)}. ${field.description}` : shape(field)
}

function shape(field: Schema): string {
  if (field.anyOf && !field.title) return field.anyOf.map(describe).join(' or ')
  if (field.const !== undefined) return inline(field.const)
  if (field.enum) return field.enum.length > 12 ? `one of ${field.enum.length} names` : field.enum.map(inline).join(' ')
  if (field.type === 'array') {
    const limit = field.maxItems === undefined ? '' : `, at most ${field.maxItems}`
    return field.items?.properties ? `list${limit}` : `list of ${describe(field.items ?? {})}${limit}`
  }
  const range = [
    field.minimum !== undefined && field.minimum > Number.MIN_SAFE_INTEGER ? `from ${field.minimum}` : '',
    field.maximum !== undefined && field.maximum < Number.MAX_SAFE_INTEGER ? `to ${field.maximum}` : '',
  ]
  const examples = (field.examples ?? []).slice(0, 2).map(inline).join(', ')
  const what = field.properties ? 'fields' : (field.title ?? field.type ?? 'value')
  return [what, ...range, examples && `(${examples})`].filter(Boolean).join(' ')
}

const inline = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
