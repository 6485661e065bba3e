// Gauges that are read at the moment of a scrape.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Chain } from '../chain/index.ts'
import type { Pool } from '../chain/pool.ts'
import type { Links } from '../faults/links.ts'
import type { Importer } from '../intake/importer.ts'
import type { Stack } from '../stacks/port.ts'
import type { Metrics } from './metrics.ts'

export interface Measured {
  readonly chain: Chain
  readonly pool: Pool
  readonly stack: Stack
  readonly importer: Importer
  readonly links: Links
  readonly now: () => number
}

export function measure(metrics: Metrics, { chain, pool, stack, importer, links, now }: Measured): void {
  metrics.get('trellis_node_head_height').set(chain.head.height)
  metrics.get('trellis_node_justified_height').set(chain.justified.height)
  metrics.get('trellis_node_finalized_height').set(chain.finalized.height)
  metrics.get('trellis_node_head_age_seconds').set(Math.max(0, now() - chain.head.timestamp) / 1_000)
  metrics.get('trellis_node_pool_transactions').set(pool.count)
  metrics.get('trellis_node_pool_bytes').set(pool.bytes)
  metrics.get('trellis_node_orphans').set(importer.orphans)
  metrics.get('trellis_node_link_rows').set(links.status().length)
  const peers = stack.peers()
  for (const direction of ['inbound', 'outbound'] as const) {
    const count = peers.filter(peer => peer.direction === direction).length
    metrics.get('trellis_node_peers').set({ direction }, count)
  }
  for (const direction of ['in', 'out'] as const) {
    const { heldBytes, delayedBytes, leakedBytes } = links.totals[direction]
    metrics.raise('trellis_node_link_held_bytes_total', { direction }, heldBytes)
    metrics.raise('trellis_node_link_delayed_bytes_total', { direction }, delayedBytes)
    metrics.raise('trellis_node_link_leaked_bytes_total', { direction }, leakedBytes)
  }
}

/** Bytes of the files in a directory, without those below it. */
export async function directoryBytes(directory: string): Promise<number> {
  let total = 0
  for (const name of await readdir(directory)) {
    const entry = await stat(join(directory, name)).catch(() => undefined)
    total += entry?.size ?? 0
  }
  return total
}
