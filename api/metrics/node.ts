// What a node measures of itself.
import type { MetricDefinition } from './definition.ts'

/** From within one machine to a network that is being partitioned. */
const deliveryBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2, 4, 8, 15, 30, 60, 300]
const workBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

export const nodeMetrics = {
  trellis_node_info: {
    type: 'gauge',
    labels: ['version', 'stack', 'role', 'region'],
    help: 'Always 1; the labels say what runs',
  },
  trellis_node_block_interval_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: [],
    help: 'Mean time between blocks, as configured',
  },
  trellis_node_checkpoint_interval: { type: 'gauge', labels: [], help: 'Blocks between checkpoints, as configured' },
  trellis_node_head_height: { type: 'gauge', labels: [], help: 'Height of the head block' },
  trellis_node_justified_height: { type: 'gauge', labels: [], help: 'Height of the last justified checkpoint' },
  trellis_node_finalized_height: { type: 'gauge', labels: [], help: 'Height of the last finalized checkpoint' },
  trellis_node_head_age_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: [],
    help: 'Time since the head block was produced, by this node’s clock',
  },
  trellis_node_reorgs_total: { type: 'counter', labels: [], help: 'Head changes that gave up at least one block' },
  trellis_node_reorg_depth: {
    type: 'histogram',
    labels: [],
    help: 'Blocks given up in a reorg',
    buckets: [1, 2, 3, 5, 8, 13, 21, 34, 64, 128],
  },
  trellis_node_transactions_returned_total: {
    type: 'counter',
    labels: [],
    help: 'Transactions a reorg put back into the pool',
  },
  trellis_node_equivocations_total: {
    type: 'counter',
    labels: [],
    help: 'Pairs of contradicting blocks or votes seen',
  },
  trellis_node_pool_transactions: { type: 'gauge', labels: [], help: 'Transactions in the pool' },
  trellis_node_pool_bytes: { type: 'gauge', unit: 'bytes', labels: [], help: 'Size of the transactions in the pool' },
  trellis_node_transactions_received_total: {
    type: 'counter',
    labels: ['source', 'outcome'],
    help: 'Transactions offered to the pool; source is gossip, http or load',
  },
  trellis_node_block_delivery_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: [],
    help: 'Receipt of a gossiped block minus its producer’s timestamp',
    buckets: deliveryBuckets,
  },
  trellis_node_block_import_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: [],
    help: 'Time to verify, execute and store a block',
    buckets: workBuckets,
  },
  trellis_node_blocks_imported_total: {
    type: 'counter',
    labels: ['source'],
    help: 'Blocks imported; source is gossip, sync or self',
  },
  trellis_node_blocks_rejected_total: {
    type: 'counter',
    labels: ['reason'],
    help: 'Blocks refused, by the rule they broke',
  },
  trellis_node_transactions_imported_total: { type: 'counter', labels: [], help: 'Transactions in imported blocks' },
  trellis_node_orphans: { type: 'gauge', labels: [], help: 'Blocks that wait for their parent' },
  trellis_node_peers: { type: 'gauge', labels: ['direction'], help: 'Connected peers' },
  trellis_node_mesh_peers: { type: 'gauge', labels: ['topic'], help: 'Eager-push neighbours' },
  trellis_node_gossip_messages_total: {
    type: 'counter',
    labels: ['topic', 'verdict'],
    help: 'Gossip messages that arrived for the first time, by verdict',
  },
  trellis_node_gossip_duplicates_total: {
    type: 'counter',
    labels: ['topic'],
    help: 'Gossip messages that had arrived before',
  },
  trellis_node_sync_requests_total: {
    type: 'counter',
    labels: ['method', 'outcome'],
    help: 'Requests of ours to peers',
  },
  trellis_node_served_requests_total: {
    type: 'counter',
    labels: ['method', 'outcome'],
    help: 'Requests of peers to us',
  },
  trellis_node_rate_limited_total: {
    type: 'counter',
    labels: ['method'],
    help: 'Requests of peers refused because they came too fast',
  },
  trellis_node_offences_total: { type: 'counter', labels: ['offence'], help: 'Misbehaviour of peers, by kind' },
  trellis_node_bans_total: { type: 'counter', labels: ['reason'], help: 'Peers banned' },
  trellis_node_dials_total: { type: 'counter', labels: ['outcome'], help: 'Connection attempts of ours' },
  trellis_node_disconnects_total: { type: 'counter', labels: ['reason'], help: 'Connections that ended' },
  trellis_node_link_held_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    labels: ['direction'],
    help: 'Bytes held by a drop in a link row',
  },
  trellis_node_link_delayed_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    labels: ['direction'],
    help: 'Bytes slowed by a link row or a standing link',
  },
  trellis_node_link_leaked_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    labels: ['direction'],
    help: 'Bytes that passed while a row said drop; anything but 0 is a defect',
  },
  trellis_node_link_rows: { type: 'gauge', labels: [], help: 'Link rows in force' },
  trellis_node_event_loop_lag_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: ['quantile'],
    help: 'Delay of the event loop since the last scrape',
  },
  trellis_node_store_bytes: { type: 'gauge', unit: 'bytes', labels: [], help: 'Size of the data directory' },
  trellis_node_event_clients: { type: 'gauge', labels: [], help: 'Open /v1/events streams' },
} as const satisfies Readonly<Record<string, MetricDefinition>>

export type NodeMetrics = typeof nodeMetrics
export type NodeMetricName = keyof NodeMetrics
