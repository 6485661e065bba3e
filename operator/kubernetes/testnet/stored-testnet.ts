// The Testnet as the API server has it, and whether this operator understands it.
import { testnetKind } from '../../../api/check/testnet.ts'
import { formatPath } from '../../../api/errors.ts'
import { explain } from '../../../api/explain.ts'
import { apiVersion } from '../../../api/metadata.ts'
import { testnetStatusSchema } from '../../../api/status.ts'
import { resource } from '../runtime/resource.ts'
import type { StoredTestnet, ValidTestnet } from './world.ts'

export const testnets = resource<StoredTestnet>(apiVersion, 'Testnet', 'testnets')

/** Problems listed of one object. */
const MAX_PROBLEMS = 8

export type Checked =
  | { readonly valid: ValidTestnet; readonly problems?: undefined }
  | { readonly valid?: undefined; readonly problems: readonly string[] }

/** The rules of a file hold for an object too: an older definition, or none of ours, may have let it in. */
export function checkStored(stored: StoredTestnet): Checked {
  const { name } = stored.metadata
  const plain = { apiVersion, kind: 'Testnet', metadata: { name }, spec: stored.spec }
  const parsed = testnetKind.schema.safeParse(plain)
  if (!parsed.success) {
    const faults = parsed.error.issues.flatMap(issue =>
      explain(issue, testnetKind.schema, plain, testnetKind.hint ?? (() => undefined)),
    )
    return { problems: told(faults) }
  }
  const faults = testnetKind.check?.(parsed.data) ?? []
  if (faults.length > 0) return { problems: told(faults) }
  return { valid: { ...stored, spec: parsed.data.spec } }
}

/**
 * The Testnet with what is readable of its status: an older or newer operator, or a hand, may have written the rest. Field
 * by field, so that one nobody knows does not cost the others.
 */
export function withReadableStatus({ status, ...testnet }: StoredTestnet): StoredTestnet {
  if (typeof status !== 'object' || status === null) return testnet
  const fields = Object.entries(testnetStatusSchema.shape).flatMap(([field, schema]) => {
    const { data } = schema.safeParse((status as Record<string, unknown>)[field])
    return data === undefined ? [] : [[field, data]]
  })
  return { ...testnet, status: Object.fromEntries(fields) }
}

/** Testnets whose rules were worked out and are remembered. */
const MAX_REMEMBERED = 1_024

/** As `checkStored`, and remembers what it said: the rules are worked out once for each generation of an object. */
export class StoredTestnets {
  readonly #known = new Map<string, { readonly generation: number | undefined; readonly checked: Checked }>()

  check(stored: StoredTestnet): Checked {
    const { uid = '', generation } = stored.metadata
    const known = this.#known.get(uid)
    const same = known !== undefined && generation !== undefined && known.generation === generation
    const checked = same ? known.checked : checkStored(stored)
    this.#known.delete(uid)
    this.#known.set(uid, { generation, checked })
    if (this.#known.size > MAX_REMEMBERED)
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest)
        break
      }
    return checked.valid ? { valid: { ...stored, spec: checked.valid.spec } } : checked
  }
}

function told(faults: readonly { path: readonly (string | number)[]; message: string; mend: string }[]): string[] {
  const lines = faults.map(({ path, message, mend }) => `${formatPath([...path])} ${message}: ${mend}`)
  const rest = lines.length - MAX_PROBLEMS
  return rest > 0 ? [...lines.slice(0, MAX_PROBLEMS), `and ${rest} more`] : lines
}
