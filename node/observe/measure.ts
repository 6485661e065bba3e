// Gauges that are read at the moment of a scrape.
import { nodeMetrics } from '../../api/metrics/node.ts'
import { steadyNow } from '../clock.ts'
import type { Links } from '../faults/links.ts'
import type { Ledger } from '../ledger.ts'
import type { Network } from '../network.ts'
import type { PeerInfo } from '../stacks/port.ts'
import type { ClockOffset } from './clock-offset.ts'
import type { Metrics } from './metrics.ts'
import type { PartitionWatch } from './partition-watch.ts'
import { quantiles } from './quantiles.ts'

export interface Measured {
  readonly ledger: Ledger
  readonly network: Network
  readonly links: Links
  readonly partition: PartitionWatch
  readonly clockOffset: ClockOffset
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export function measure(metrics: Metrics, measured: Measured): void {
  measureChain(metrics, measured)
  measurePeers(metrics, measured)
  measureLinks(metrics, measured.links)
  const { suspected, probability, lostRatio } = measured.partition.read()
  metrics.get('trellis_node_partition_suspected').set(suspected ? 1 : 0)
  metrics.get('trellis_node_block_deficit_probability').set(probability)
  metrics.get('trellis_node_peers_lost_ratio').set(lostRatio)
  const offsetMs = measured.clockOffset.estimate(steadyNow())
  const offset = metrics.get('trellis_node_clock_offset_seconds')
  if (offsetMs === undefined) offset.remove()
  else offset.set(offsetMs / 1_000)
}

function measureChain(metrics: Metrics, { ledger, network, now }: Measured): void {
  const { chain, pool, importer } = ledger
  const { state, target } = network.syncer.progress
  metrics.get('trellis_node_head_height').set(chain.head.height)
  metrics.get('trellis_node_justified_height').set(chain.justified.height)
  metrics.get('trellis_node_finalized_height').set(chain.finalized.height)
  metrics.get('trellis_node_head_age_seconds').set(Math.max(0, now() - chain.head.timestamp) / 1_000)
  metrics.get('trellis_node_branch_tips').set(chain.tips)
  metrics.get('trellis_node_syncing').set(state === 'syncing' ? 1 : 0)
  metrics.get('trellis_node_sync_target_height').set(target)
  metrics.get('trellis_node_pool_transactions').set(pool.count)
  metrics.get('trellis_node_pool_bytes').set(pool.bytes)
  metrics.get('trellis_node_orphans').set(importer.orphans)
}

function measurePeers(metrics: Metrics, { network }: Measured): void {
  const { stack, peering } = network
  const peers = stack.peers()
  const kindOf = ({ id }: PeerInfo) => peering.keeper.kindOf(id)
  const { values } = nodeMetrics.trellis_node_peers
  for (const direction of values.direction) {
    for (const kind of values.kind) {
      const count = peers.filter(peer => peer.direction === direction && kindOf(peer) === kind).length
      metrics.get('trellis_node_peers').set({ direction, kind }, count)
    }
  }
  for (const topic of nodeMetrics.trellis_node_mesh_peers.values.topic) {
    metrics.get('trellis_node_mesh_peers').set({ topic }, stack.mesh(topic).length)
  }
  const scores = metrics.get('trellis_node_peer_score')
  scores.reset()
  const wanted = nodeMetrics.trellis_node_peer_score.values.quantile
  for (const [score, of] of [
    ['conduct', peering.scoreOf.bind(peering)],
    ['routing', stack.routingScore?.bind(stack)],
  ] as const) {
    const found = of === undefined ? [] : peers.map(({ id }) => of(id))
    for (const [index, value] of quantiles(found, wanted.map(Number)).entries()) {
      scores.set({ score, quantile: wanted[index]! }, value)
    }
  }
  for (const { protocol, ...bytes } of stack.traffic?.() ?? []) {
    metrics.raise('trellis_node_protocol_bytes_total', { protocol, direction: 'in' }, bytes.in)
    metrics.raise('trellis_node_protocol_bytes_total', { protocol, direction: 'out' }, bytes.out)
  }
}

function measureLinks(metrics: Metrics, links: Links): void {
  metrics.get('trellis_node_link_rows').set(links.status().length)
  for (const direction of ['in', 'out'] as const) {
    const { heldBytes, delayedBytes, leakedBytes } = links.totals[direction]
    metrics.raise('trellis_node_link_held_bytes_total', { direction }, heldBytes)
    metrics.raise('trellis_node_link_delayed_bytes_total', { direction }, delayedBytes)
    metrics.raise('trellis_node_link_leaked_bytes_total', { direction }, leakedBytes)
  }
}
