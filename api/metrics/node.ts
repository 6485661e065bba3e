// What a node measures of itself.
import type { MetricDefinition } from './definition.ts'

/** From within one machine to a network that is being partitioned. */
const deliveryBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2, 4, 8, 15, 30, 60, 300]
const workBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

const topic = ['block', 'transaction', 'vote'] as const
const method = ['status', 'headers', 'bodies', 'finality', 'pool', 'peers'] as const
const direction = ['in', 'out'] as const
const quantile = ['0', '0.25', '0.5', '0.75', '1'] as const

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
  trellis_node_branch_tips: {
    type: 'gauge',
    labels: [],
    help: 'Ends of branches above finality, the head among them; 1 without a fork',
  },
  trellis_node_syncing: { type: 'gauge', labels: [], help: '1 while the node fetches blocks that it lacks' },
  trellis_node_sync_target_height: {
    type: 'gauge',
    labels: [],
    help: 'Height that synchronisation aims at; its speed is the rate of blocks imported from sync',
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
    values: { source: ['gossip', 'sync', 'self'] },
    help: 'Blocks imported; source is gossip, sync or self. Its rate for sync is the speed of synchronisation',
  },
  trellis_node_blocks_rejected_total: {
    type: 'counter',
    labels: ['reason'],
    help: 'Blocks refused, by the rule they broke',
  },
  trellis_node_votes_rejected_total: {
    type: 'counter',
    labels: ['reason'],
    values: { reason: ['malformed', 'not-a-validator', 'bad-signature'] },
    help: 'Gossiped finality votes refused, by the rule they broke',
  },
  trellis_node_transactions_imported_total: { type: 'counter', labels: [], help: 'Transactions in imported blocks' },
  trellis_node_orphans: { type: 'gauge', labels: [], help: 'Blocks that wait for their parent' },
  trellis_node_peers: {
    type: 'gauge',
    labels: ['direction', 'kind'],
    values: { direction: ['inbound', 'outbound'], kind: ['static', 'bootstrap', 'discovered'] },
    help: 'Connected peers; kind is how the node knows of them: static, bootstrap or discovered',
  },
  trellis_node_peer_score: {
    type: 'gauge',
    labels: ['score', 'quantile'],
    values: { score: ['conduct', 'routing'], quantile },
    help: 'Scores of the connected peers; conduct is the node’s own (-100 to 0), routing is gossipsub’s. Absent without peers',
  },
  trellis_node_partition_suspected: {
    type: 'gauge',
    labels: [],
    help: '1 while the node takes itself to be cut off, by the blocks it sees and the peers it lost',
  },
  trellis_node_block_deficit_probability: {
    type: 'gauge',
    labels: [],
    help: 'Probability of so few blocks in the last while if all validators were reached; small is suspicious',
  },
  trellis_node_peers_lost_ratio: {
    type: 'gauge',
    labels: [],
    help: 'Peers lost in the last ten minutes and not back, of those and the connected ones',
  },
  trellis_node_mesh_peers: {
    type: 'gauge',
    labels: ['topic'],
    values: { topic },
    help: 'Eager-push neighbours',
  },
  trellis_node_mesh_low: {
    type: 'gauge',
    labels: [],
    help: 'Eager-push neighbours below which gossipsub looks for more (D_low), as configured',
  },
  trellis_node_mesh_grafts_total: {
    type: 'counter',
    labels: ['topic', 'direction'],
    values: { topic, direction },
    help: 'GRAFT messages; direction is in or out',
  },
  trellis_node_mesh_prunes_total: {
    type: 'counter',
    labels: ['topic', 'direction'],
    values: { topic, direction },
    help: 'PRUNE messages; direction is in or out',
  },
  trellis_node_gossip_messages_total: {
    type: 'counter',
    labels: ['topic', 'verdict'],
    values: { topic, verdict: ['accept', 'ignore', 'reject'] },
    help: 'Gossip messages that arrived for the first time, by verdict',
  },
  trellis_node_gossip_duplicates_total: {
    type: 'counter',
    labels: ['topic'],
    values: { topic },
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
    values: { method },
    help: 'Requests of peers refused because they came too fast',
  },
  trellis_node_offences_total: { type: 'counter', labels: ['offence'], help: 'Misbehaviour of peers, by kind' },
  trellis_node_bans_total: { type: 'counter', labels: ['reason'], help: 'Peers banned' },
  trellis_node_dials_total: {
    type: 'counter',
    labels: ['outcome'],
    values: { outcome: ['ok', 'timeout', 'failed'] },
    help: 'Connection attempts of ours; outcome is ok, timeout or failed',
  },
  trellis_node_redial_backoff_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: [],
    help: 'Time from a failed dial to the next one of the same peer',
    buckets: [0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300],
  },
  trellis_node_disconnects_total: { type: 'counter', labels: ['reason'], help: 'Connections that ended' },
  trellis_node_protocol_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    labels: ['protocol', 'direction'],
    values: { protocol: [...method, 'gossip', 'ping', 'identify', 'kad', 'other'], direction },
    help: 'Payload of the streams of a protocol, before encryption and multiplexing',
  },
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
  trellis_node_clock_offset_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: [],
    help: 'Own clock minus that of the other producers, by the median of their latest gossiped blocks, whose delivery time it contains; absent when none came for a while',
  },
  trellis_node_store_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: ['part'],
    values: { part: ['headers', 'bodies', 'index', 'state', 'evidence', 'log'] },
    help: 'Size of the data directory; log is what is not in tables yet, with the database’s own files',
  },
  trellis_node_event_clients: { type: 'gauge', labels: [], help: 'Open /v1/events streams' },
} as const satisfies Readonly<Record<string, MetricDefinition>>

export type NodeMetrics = typeof nodeMetrics
export type NodeMetricName = keyof NodeMetrics
