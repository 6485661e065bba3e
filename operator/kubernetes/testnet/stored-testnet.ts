// The Testnet as the API server has it, and whether this operator understands it.
import { testnetKind } from '../../../api/check/testnet.ts'
import { apiVersion } from '../../../api/metadata.ts'
import { testnetStatusSchema } from '../../../api/status.ts'
import { RecentMap } from '../runtime/recent-map.ts'
import { resource } from '../runtime/resource.ts'
import { checkDocument, withReadableStatus as readable } from '../stored-document.ts'
import type { StoredTestnet, ValidTestnet } from './world.ts'

export const testnets = resource<StoredTestnet>(apiVersion, 'Testnet', 'testnets')

export type Checked =
  | { readonly valid: ValidTestnet; readonly problems?: undefined }
  | { readonly valid?: undefined; readonly problems: readonly string[] }

/** The rules of a file hold for an object too. */
export function checkStored(stored: StoredTestnet): Checked {
  const { value, problems } = checkDocument(testnetKind, stored.metadata.name, stored.spec)
  return value ? { valid: { ...stored, spec: value.spec } } : { problems }
}

/** The Testnet with what is readable of its status. */
export const withReadableStatus = (stored: StoredTestnet): StoredTestnet => readable(stored, testnetStatusSchema)

/** Testnets whose rules were worked out and are remembered. */
const MAX_REMEMBERED = 1_024

/** As `checkStored`, and remembers what it said: the rules are worked out once for each generation of an object. */
export class StoredTestnets {
  readonly #known = new RecentMap<string, { readonly generation: number | undefined; readonly checked: Checked }>(
    MAX_REMEMBERED,
  )

  check(stored: StoredTestnet): Checked {
    const { uid = '', generation } = stored.metadata
    const known = this.#known.get(uid)
    const same = known !== undefined && generation !== undefined && known.generation === generation
    const checked = same ? known.checked : checkStored(stored)
    this.#known.set(uid, { generation, checked })
    return checked.valid ? { valid: { ...stored, spec: checked.valid.spec } } : checked
  }
}
