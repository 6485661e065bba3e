import { exactly } from './meaning.ts'
import { type DashboardSource, heat, lines, states, table } from './panel.ts'
import { max, node, nodeProcess, orNone, rate, sum } from './series.ts'

const alive = node.gauge('trellis_node_info')

export const nodes: DashboardSource = {
  uid: 'trellis-node',
  title: 'Trellis / Node',
  description: 'Nodes as processes: connections, what they hold, what a fault did to their links.',
  variables: ['namespace', 'testnet', 'group', 'node'],
  rows: [
    {
      title: 'What runs',
      panels: [
        table({
          title: 'Nodes',
          description: 'The chosen nodes with role, region, stack and version.',
          unit: 'none',
          of: { nodes: sum('group, node, role, region, stack, version', alive) },
        }),
      ],
    },
    {
      title: 'Connections',
      panels: [
        lines({
          title: 'Peers',
          description: 'Connected peers of each node, by who dialled and how the node knows of them.',
          unit: 'short',
          of: { '{{node}} {{direction}} {{kind}}': max('node, direction, kind', node.gauge('trellis_node_peers')) },
        }),
        lines({
          title: 'Dials',
          description: 'Connection attempts a second of the chosen nodes, by outcome.',
          unit: 'cps',
          of: {
            '{{outcome}}': orNone('outcome', sum('outcome', rate(node.counter('trellis_node_dials_total'))), alive),
          },
        }),
        heat({
          title: 'Wait before the next dial',
          description: 'Dials a second that failed, by how long their peer is left alone after it.',
          unit: 's',
          of: { '{{le}}': sum('le', rate(node.buckets('trellis_node_redial_backoff_seconds'))) },
        }),
        lines({
          title: 'Connections that ended',
          description: 'A second, by reason.',
          unit: 'cps',
          of: {
            '{{reason}}': orNone('reason', sum('reason', rate(node.counter('trellis_node_disconnects_total'))), alive),
          },
        }),
      ],
    },
    {
      title: 'Suspicion and clocks',
      panels: [
        states({
          title: 'Takes itself to be cut off',
          description:
            'What each node says of itself, by the blocks it sees and the peers it lost. It knows nothing of the other side.',
          unit: 'short',
          of: { '{{node}}': max('node', node.gauge('trellis_node_partition_suspected')) },
          meanings: [exactly(0, 'no', 'green'), exactly(1, 'suspects a partition', 'red')],
        }),
        lines({
          title: 'Probability of so few blocks',
          description: 'If all validators were reached. The smaller, the more a node suspects.',
          unit: 'percentunit',
          of: { '{{node}}': max('node', node.gauge('trellis_node_block_deficit_probability')) },
        }),
        lines({
          title: 'Peers lost',
          description: 'Share of the peers of the last ten minutes that are lost and not back.',
          unit: 'percentunit',
          of: { '{{node}}': max('node', node.gauge('trellis_node_peers_lost_ratio')) },
        }),
        lines({
          title: 'Clock offset',
          description:
            'Each node’s clock less that of the other producers, by the blocks that arrive; the time of delivery is in it.',
          unit: 's',
          signed: true,
          of: { '{{node}}': max('node', node.gauge('trellis_node_clock_offset_seconds')) },
        }),
      ],
    },
    {
      title: 'Process',
      panels: [
        lines({
          title: 'Processor',
          description: 'Share of one core that each node uses.',
          unit: 'percentunit',
          of: { '{{node}}': sum('node', rate(nodeProcess.counter('process_cpu_seconds_total'))) },
        }),
        lines({
          title: 'Memory',
          description: 'Resident memory of each node.',
          unit: 'bytes',
          of: { '{{node}}': max('node', nodeProcess.gauge('process_resident_memory_bytes')) },
        }),
        lines({
          title: 'Event-loop lag',
          description:
            'By how much timers of each node were late since the last scrape; 0.99 is all but the worst of 100.',
          unit: 's',
          of: { '{{node}} {{quantile}}': max('node, quantile', node.gauge('trellis_node_event_loop_lag_seconds')) },
        }),
        lines({
          title: 'Up for',
          description: 'Time since each node’s process started. It falls when one is restarted.',
          unit: 's',
          of: { '{{node}}': `time() - ${max('node', nodeProcess.gauge('process_start_time_seconds'))}` },
        }),
        lines({
          title: 'Data directory',
          description: 'Size of each node’s store on disk, by what it holds.',
          unit: 'bytes',
          of: { '{{node}} {{part}}': max('node, part', node.gauge('trellis_node_store_bytes')) },
        }),
        lines({
          title: 'Readers of events',
          description: 'Open /v1/events streams of each node.',
          unit: 'short',
          of: { '{{node}}': max('node', node.gauge('trellis_node_event_clients')) },
        }),
      ],
    },
    {
      title: 'Links',
      panels: [
        lines({
          title: 'Link rows',
          description: 'Whether each node holds a row of a fault in userspace.',
          unit: 'short',
          of: { '{{node}}': max('node', node.gauge('trellis_node_link_rows')) },
        }),
        lines({
          title: 'Held back and slowed',
          description: 'Bytes a second that the chosen nodes held for a drop, or slowed for a delay.',
          unit: 'Bps',
          of: {
            'held {{direction}}': orNone(
              'direction',
              sum('direction', rate(node.counter('trellis_node_link_held_bytes_total'))),
              alive,
            ),
            'slowed {{direction}}': orNone(
              'direction',
              sum('direction', rate(node.counter('trellis_node_link_delayed_bytes_total'))),
              alive,
            ),
          },
        }),
        lines({
          title: 'Leaked',
          description: 'Bytes a second that passed while a row said drop. Anything but 0 is a defect of Trellis.',
          unit: 'Bps',
          of: {
            '{{direction}}': orNone(
              'direction',
              sum('direction', rate(node.counter('trellis_node_link_leaked_bytes_total'))),
              alive,
            ),
          },
        }),
      ],
    },
  ],
}
