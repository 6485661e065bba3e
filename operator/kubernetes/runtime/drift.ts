// Whether an object is already as it should be, so that nothing is written. Pure.
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { KubeObject } from './resource.ts'

/** Digest of what was applied last. Tells what a comparison cannot see: fields that were given up. */
export const INTENT_ANNOTATION = 'trellis.dev/intent'

/** The intent with its own digest among its annotations. */
export function marked<T extends KubeObject>(intent: T): T {
  const annotations = { ...intent.metadata.annotations, [INTENT_ANNOTATION]: digest(intent) }
  return { ...intent, metadata: { ...intent.metadata, annotations } }
}

/** True when applying a marked intent would change nothing. An answer of false costs one write that changes nothing. */
export function isSettled(stored: KubeObject, intent: KubeObject): boolean {
  const mark = intent.metadata.annotations?.[INTENT_ANNOTATION]
  return mark !== undefined && stored.metadata.annotations?.[INTENT_ANNOTATION] === mark && covers(stored, intent)
}

/**
 * True when all that `wanted` says is so in `stored`, which may say more: defaults, status. Lists are compared item by
 * item. Empty lists and objects count as absent, as the API server has them.
 */
export function covers(stored: unknown, wanted: unknown): boolean {
  if (isEmpty(wanted)) return isEmpty(stored)
  if (Array.isArray(wanted))
    return (
      Array.isArray(stored) && stored.length === wanted.length && wanted.every((item, at) => covers(stored[at], item))
    )
  if (typeof wanted !== 'object' || wanted === null) return stored === wanted
  if (typeof stored !== 'object' || stored === null) return false
  return Object.entries(wanted).every(
    ([field, value]) => value === undefined || covers((stored as Record<string, unknown>)[field], value),
  )
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)

/** The same for equal values, whatever the order of their fields. */
export const digest = (value: unknown): string => bytesToHex(sha256(utf8ToBytes(canonical(value)))).slice(0, 32)

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(item => canonical(item ?? null)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join(',')}}`
}
