// How large the data directory is, by what is in it.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Store } from '../store/store.ts'
import type { Metrics } from './metrics.ts'

export async function measureStore(metrics: Metrics, store: Store, directory: string): Promise<void> {
  const sizes = { ...(await store.sizes()), log: await bytesBesideTables(directory) }
  for (const [part, bytes] of Object.entries(sizes)) {
    metrics.get('trellis_node_store_bytes').set({ part: part as keyof typeof sizes }, bytes)
  }
}

/** Bytes of the files in LevelDB's directory that are no tables: its write-ahead log and manifest. */
async function bytesBesideTables(directory: string): Promise<number> {
  let total = 0
  for (const name of await readdir(directory)) {
    if (name.endsWith('.ldb')) continue
    const entry = await stat(join(directory, name)).catch(() => undefined)
    total += entry?.size ?? 0
  }
  return total
}
