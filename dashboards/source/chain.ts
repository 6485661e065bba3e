import { exactly } from './meaning.ts'
import { type DashboardSource, heat, lines, states } from './panel.ts'
import { increase, max, node, orNone, quantile, rate, sum } from './series.ts'

const alive = node.gauge('trellis_node_info')
const importing = node.buckets('trellis_node_block_import_seconds')

export const chain: DashboardSource = {
  uid: 'trellis-chain',
  title: 'Trellis / Sync and chain',
  description: 'Heads, finality, reorgs, imports, sync and the pool, node by node.',
  variables: ['namespace', 'testnet', 'group', 'node'],
  rows: [
    {
      title: 'Heads',
      panels: [
        lines({
          title: 'Height',
          description: 'Height of each node’s head.',
          unit: 'short',
          of: { '{{node}}': max('node', node.gauge('trellis_node_head_height')) },
        }),
        lines({
          title: 'Age of the head',
          description:
            'Time since each node’s head was produced, beside the mean time between blocks. It grows without end where nothing arrives.',
          unit: 's',
          of: {
            '{{node}}': max('node', node.gauge('trellis_node_head_age_seconds')),
            'block interval': max('', node.gauge('trellis_node_block_interval_seconds')),
          },
        }),
        lines({
          title: 'Checkpoints',
          description:
            'Height of each node’s last finalized checkpoint, the highest that is justified, and the blocks from one to the next.',
          unit: 'short',
          of: {
            '{{node}}': max('node', node.gauge('trellis_node_finalized_height')),
            'highest justified': max('', node.gauge('trellis_node_justified_height')),
            'blocks between checkpoints': max('', node.gauge('trellis_node_checkpoint_interval')),
          },
        }),
      ],
    },
    {
      title: 'Reorgs',
      panels: [
        heat({
          title: 'Depth of reorgs',
          description:
            'How many reorgs gave up how many blocks. Single ones are forks that a race decided; deep ones are heals.',
          unit: 'short',
          of: { '{{le}}': sum('le', increase(node.buckets('trellis_node_reorg_depth'))) },
        }),
        lines({
          title: 'Reorgs',
          description: 'Head changes that gave up at least one block, in the interval of a point.',
          unit: 'short',
          of: { '{{node}}': sum('node', increase(node.counter('trellis_node_reorgs_total'))) },
        }),
        lines({
          title: 'Given back and contradicting',
          description:
            'Transactions a second that reorgs put back into the pool, and contradicting blocks or votes seen.',
          unit: 'cps',
          of: {
            'transactions returned': sum('', rate(node.counter('trellis_node_transactions_returned_total'))),
            equivocations: sum('', rate(node.counter('trellis_node_equivocations_total'))),
          },
        }),
        lines({
          title: 'Forks',
          description: 'Ends of branches above finality that each node knows. 1 is a chain without a fork.',
          unit: 'short',
          of: { '{{node}}': max('node', node.gauge('trellis_node_branch_tips')) },
        }),
      ],
    },
    {
      title: 'Imports',
      panels: [
        lines({
          title: 'Blocks imported',
          description: 'Blocks a second of all chosen nodes, by where they came from.',
          unit: 'cps',
          stacked: true,
          of: { '{{source}}': sum('source', rate(node.counter('trellis_node_blocks_imported_total'))) },
        }),
        lines({
          title: 'Time to import a block',
          description: 'To verify, execute and store it.',
          unit: 's',
          of: {
            'half of the blocks': quantile(0.5, '', importing),
            '95 of 100': quantile(0.95, '', importing),
            '99 of 100': quantile(0.99, '', importing),
          },
        }),
        lines({
          title: 'Blocks and votes refused',
          description: 'A second, by the rule they broke.',
          unit: 'cps',
          of: {
            'vote: {{reason}}': orNone(
              'reason',
              sum('reason', rate(node.counter('trellis_node_votes_rejected_total'))),
              alive,
            ),
            'block: {{reason}}': orNone(
              'reason',
              sum('reason', rate(node.counter('trellis_node_blocks_rejected_total'))),
              alive,
            ),
          },
        }),
        lines({
          title: 'Transactions imported',
          description: 'Transactions a second in the blocks that a node imports.',
          unit: 'cps',
          of: { '{{node}}': sum('node', rate(node.counter('trellis_node_transactions_imported_total'))) },
        }),
        lines({
          title: 'Orphans',
          description: 'Blocks of each node that wait for their parent.',
          unit: 'short',
          of: { '{{node}}': max('node', node.gauge('trellis_node_orphans')) },
        }),
      ],
    },
    {
      title: 'Sync',
      panels: [
        lines({
          title: 'Speed',
          description: 'Blocks a second that each node imports from sync.',
          unit: 'cps',
          of: { '{{node}}': sum('node', rate(node.counter('trellis_node_blocks_imported_total', { source: 'sync' }))) },
        }),
        lines({
          title: 'Blocks to go',
          description: 'From each node’s head to the height that it synchronises to.',
          unit: 'short',
          of: {
            '{{node}}': `clamp_min(${max('node', node.gauge('trellis_node_sync_target_height'))} - ${max('node', node.gauge('trellis_node_head_height'))}, 0)`,
          },
        }),
        states({
          title: 'Fetching',
          description: 'Whether each node fetches blocks that it lacks.',
          unit: 'short',
          width: 8,
          of: { '{{node}}': max('node', node.gauge('trellis_node_syncing')) },
          meanings: [exactly(0, 'up to date', 'green'), exactly(1, 'fetching', 'blue')],
        }),
        lines({
          title: 'Requests to peers',
          description: 'What the chosen nodes ask for a second, by method and outcome.',
          unit: 'reqps',
          of: {
            '{{method}} {{outcome}}': orNone(
              'method',
              sum('method, outcome', rate(node.counter('trellis_node_sync_requests_total'))),
              alive,
            ),
          },
        }),
        lines({
          title: 'Requests served',
          description: 'What peers ask the chosen nodes for a second, by method and outcome.',
          unit: 'reqps',
          of: {
            '{{method}} {{outcome}}': orNone(
              'method',
              sum('method, outcome', rate(node.counter('trellis_node_served_requests_total'))),
              alive,
            ),
          },
        }),
        lines({
          title: 'Refused for coming too fast',
          description: 'Requests of peers a second, by method.',
          unit: 'reqps',
          of: {
            '{{method}}': orNone('method', sum('method', rate(node.counter('trellis_node_rate_limited_total'))), alive),
          },
        }),
      ],
    },
    {
      title: 'Pool',
      panels: [
        lines({
          title: 'Transactions in the pool',
          description: 'Of each node.',
          unit: 'short',
          of: { '{{node}}': max('node', node.gauge('trellis_node_pool_transactions')) },
        }),
        lines({
          title: 'Size of the pool',
          description: 'Of the transactions in each node’s pool.',
          unit: 'bytes',
          of: { '{{node}}': max('node', node.gauge('trellis_node_pool_bytes')) },
        }),
        lines({
          title: 'Transactions offered',
          description: 'Transactions a second that came to the pools, by source and what became of them.',
          unit: 'cps',
          of: {
            '{{source}} {{outcome}}': orNone(
              'source',
              sum('source, outcome', rate(node.counter('trellis_node_transactions_received_total'))),
              alive,
            ),
          },
        }),
      ],
    },
  ],
}
