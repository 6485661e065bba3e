// What would happen to the objects of a cluster, for people to read before it does. Pure.
import type { KubeObject } from '../../operator/kubernetes/runtime/resource.ts'

export type ObjectAction = 'create' | 'change' | 'keep' | 'remove'

export interface ObjectChange {
  readonly action: ObjectAction
  readonly kind: string
  readonly name: string
  /** `spec.replicas: 3 -> 5`; of what is secret or long only where it is. */
  readonly changes: readonly string[]
  /** As it would be stored, secrets left out; absent for what is kept or removed. */
  readonly object?: object
}

/** Changes listed of one object; the rest is counted. */
const MAX_CHANGES = 20
const MAX_VALUE_CHARS = 48
const HIDDEN = '(hidden)'

/** What of `wanted` is otherwise in `stored`. Fields of `stored` that `wanted` does not mention are somebody else's. */
export function changesOf(stored: unknown, wanted: unknown): string[] {
  const found = [...differences(stored, wanted, '', isSecret(wanted))]
  const rest = found.length - MAX_CHANGES
  return rest > 0 ? [...found.slice(0, MAX_CHANGES), `and ${rest} more`] : found
}

/** The object for people: the values of a Secret are not theirs to see here. */
export function shown(object: KubeObject): object {
  if (!isSecret(object)) return object
  const { data = {}, ...rest } = object as KubeObject & { data?: Record<string, string> }
  return { ...rest, data: Object.fromEntries(Object.keys(data).map(key => [key, HIDDEN])) }
}

function* differences(stored: unknown, wanted: unknown, path: string, secret: boolean): Generator<string> {
  if (isObject(wanted)) {
    const below = isObject(stored) ? stored : {}
    for (const [field, value] of Object.entries(wanted)) {
      const inner = /^[A-Za-z_][A-Za-z0-9_]*$/.test(field)
        ? `${path && `${path}.`}${field}`
        : `${path}[${JSON.stringify(field)}]`
      yield* differences(below[field], value, inner, secret)
    }
    return
  }
  if (Array.isArray(wanted) && Array.isArray(stored) && wanted.length === stored.length) {
    for (const [index, value] of wanted.entries()) yield* differences(stored[index], value, `${path}[${index}]`, secret)
    return
  }
  if (wanted === undefined || JSON.stringify(stored) === JSON.stringify(wanted)) return
  const before = valueText(stored)
  const now = valueText(wanted)
  if (secret || before === undefined || now === undefined) yield path
  else yield stored === undefined ? `${path}: ${now}` : `${path}: ${before} -> ${now}`
}

/** Undefined when it is too long to be read in a line. */
function valueText(value: unknown): string | undefined {
  const text = value === undefined ? 'absent' : typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > MAX_VALUE_CHARS || text.includes('\n') ? undefined : text
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isSecret = (value: unknown): boolean => isObject(value) && value.kind === 'Secret'
