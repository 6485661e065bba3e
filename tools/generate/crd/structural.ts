// JSON Schema as zod writes it -> structural OpenAPI v3 as an API server takes it.
import type { KindRules } from '../../../api/check/rules.ts'
import { RANGE, type UnitRange } from '../../../api/units.ts'
import { rangeRules, type Validation } from './range-rules.ts'

export interface Schema {
  readonly [keyword: string]: unknown
}

/** Of these an API server knows the meaning; whatever else a schema says would be refused or silently lost. */
const keywords: ReadonlySet<string> = new Set([
  'type',
  'description',
  'format',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'enum',
  'default',
  'required',
  'properties',
  'items',
  'additionalProperties',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-validations',
])
/** Said in other words, or on purpose not: `false` for further properties is what a structural schema means anyway. */
const dropped: ReadonlySet<string> = new Set(['title', 'examples', RANGE, 'anyOf'])

/** The schema of a whole kind or of a part of it; `path` is empty at the top. Throws on what has no structural form, and on rules for paths that do not exist. */
export function structural(json: Schema, { rules, listKeys }: KindRules, path = ''): Schema {
  const used = new Set<string>()
  const schema = convert(json, path)
  for (const at of [...rules.map(rule => rule.path), ...Object.keys(listKeys)])
    if (within(at, path) && !used.has(at)) throw new Error(`a rule names ${at}, which the schema does not have`)
  return schema

  function convert(node: Schema, at: string): Schema {
    used.add(at)
    const keep = Object.entries(node).filter(
      ([key, value]) => !dropped.has(key) && !(key === 'additionalProperties' && value === false),
    )
    for (const [key] of keep)
      if (!keywords.has(key)) throw new Error(`${at || 'the top'}: ${key} has no structural form`)
    const converted: Record<string, unknown> = Object.fromEntries(keep)
    if (Array.isArray(node.anyOf)) Object.assign(converted, intOrString(node.anyOf as Schema[], at))
    else if (typeof node.type !== 'string') throw new Error(`${at || 'the top'}: has no type`)
    const description = describe(node)
    if (description) converted.description = description
    if (node.properties) {
      converted.properties = Object.fromEntries(
        Object.entries(node.properties as Record<string, Schema>).map(([name, field]) => [
          name,
          convert(field, at === '' ? name : `${at}.${name}`),
        ]),
      )
    }
    if (node.items) converted.items = convert(node.items as Schema, `${at}[]`)
    if (converted.additionalProperties)
      converted.additionalProperties = convert(node.additionalProperties as Schema, `${at}{}`)
    if ('default' in node) converted.default = filled(node.default, converted)
    if (node.type === 'array') {
      const keys = listKeys[at]
      converted['x-kubernetes-list-type'] = keys ? 'map' : 'atomic'
      if (keys) converted['x-kubernetes-list-map-keys'] = keys
    }
    const range = node[RANGE] as UnitRange | undefined
    const validations: Validation[] = [
      ...(range ? rangeRules(range) : []),
      ...rules.filter(rule => rule.path === at).map(({ path: _, ...validation }) => validation),
    ]
    if (validations.length > 0) converted['x-kubernetes-validations'] = validations
    return converted
  }
}

/** A default with the defaults of its fields: an API server checks the rules of an object against its bare default. */
function filled(value: unknown, { properties }: Schema): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const fields = Object.entries((properties ?? {}) as Record<string, Schema>)
  const defaults = fields.filter(([, field]) => 'default' in field).map(([name, field]) => [name, field.default])
  return { ...Object.fromEntries(defaults), ...value }
}

const within = (at: string, path: string): boolean => path === '' || at === path || at.startsWith(`${path}.`)

/** A whole number or text: the one union that a structural schema has. Bounds of either hold for their own type only. */
function intOrString(choices: readonly Schema[], at: string): Schema {
  const types = choices.map(({ type }) => type).sort()
  if (types.join() !== 'integer,string')
    throw new Error(`${at}: a union of ${types.join(' and ')} has no structural form`)
  const bounds = choices.flatMap(choice =>
    Object.entries(choice).filter(([key]) => key !== 'type' && keywords.has(key)),
  )
  return { ...Object.fromEntries(bounds), 'x-kubernetes-int-or-string': true }
}

/** `kubectl explain` shows it. */
function describe({ title, examples, description }: Schema): string | undefined {
  const such = Array.isArray(examples) && examples.length > 0 ? `, such as ${examples.join(', ')}` : ''
  return [title && `${title}${such}`, description].filter(part => typeof part === 'string').join('. ') || undefined
}
