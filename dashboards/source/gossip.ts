import { type DashboardSource, heat, lines } from './panel.ts'
import { avg, max, min, node, orNone, quantile, rate, sum } from './series.ts'

const alive = node.gauge('trellis_node_info')
const delivery = node.buckets('trellis_node_block_delivery_seconds')
const messages = node.counter('trellis_node_gossip_messages_total')
const duplicates = node.counter('trellis_node_gossip_duplicates_total')
const mesh = node.gauge('trellis_node_mesh_peers')

export const gossip: DashboardSource = {
  uid: 'trellis-gossip',
  title: 'Trellis / Gossip',
  description: 'How blocks, transactions and votes spread: delay, what it costs, and who misbehaves.',
  variables: ['namespace', 'testnet', 'group', 'node'],
  rows: [
    {
      title: 'Delivery',
      panels: [
        heat({
          title: 'Block delivery',
          description:
            'How many blocks a second took how long from their timestamp to a node. After a heal late blocks fill the upper rows.',
          unit: 's',
          width: 12,
          of: { '{{le}}': sum('le', rate(delivery)) },
        }),
        lines({
          title: 'Block delivery by group',
          description: 'Time within which 95 of 100 blocks reach the nodes of a group.',
          unit: 's',
          width: 12,
          of: { '{{group}}': quantile(0.95, 'group', delivery) },
        }),
      ],
    },
    {
      title: 'Messages',
      panels: [
        lines({
          title: 'Arrived for the first time',
          description: 'Gossip messages a second of all chosen nodes, by topic and what was thought of them.',
          unit: 'cps',
          stacked: true,
          of: { '{{topic}} {{verdict}}': sum('topic, verdict', rate(messages)) },
        }),
        lines({
          title: 'Duplicates for each message',
          description:
            'How often a message arrives again. Near the mesh’s size less one it is what flooding a mesh costs.',
          unit: 'short',
          of: {
            '{{topic}}': `${sum('topic', rate(duplicates))} / (${sum('topic', rate(messages))} > 0)`,
          },
        }),
        lines({
          title: 'Not accepted',
          description: 'Gossip messages a second that were ignored or rejected, by topic.',
          unit: 'cps',
          of: {
            '{{topic}} {{verdict}}': orNone(
              'topic',
              sum(
                'topic, verdict',
                rate(node.counter('trellis_node_gossip_messages_total', { verdict: '~ignore|reject' })),
              ),
              alive,
            ),
          },
        }),
      ],
    },
    {
      title: 'Mesh and peers',
      panels: [
        lines({
          title: 'Mesh size',
          description:
            'Eager-push neighbours of a node on a topic: the fewest and the usual. Below the low mark a node looks for more.',
          unit: 'short',
          of: {
            '{{topic}} fewest': min('topic', mesh),
            '{{topic}} usual': avg('topic', mesh),
            'low mark': max('', node.gauge('trellis_node_mesh_low')),
          },
        }),
        lines({
          title: 'Grafts and prunes',
          description:
            'Changes of the mesh a second. Many grafts follow a heal; many of both all the time are a mesh that finds no rest.',
          unit: 'cps',
          of: {
            'graft {{direction}}': orNone(
              'direction',
              sum('direction', rate(node.counter('trellis_node_mesh_grafts_total'))),
              alive,
            ),
            'prune {{direction}}': orNone(
              'direction',
              sum('direction', rate(node.counter('trellis_node_mesh_prunes_total'))),
              alive,
            ),
          },
        }),
        lines({
          title: 'Scores of peers',
          description:
            'Quantiles of the scores that nodes give their peers, mean of the chosen nodes. Conduct is at most 0; far below it peers are dropped.',
          unit: 'short',
          signed: true,
          of: { '{{score}} {{quantile}}': avg('score, quantile', node.gauge('trellis_node_peer_score')) },
        }),
        lines({
          title: 'Bytes by protocol',
          description: 'Bytes a second of the chosen nodes, by protocol and direction.',
          unit: 'Bps',
          stacked: true,
          of: {
            '{{protocol}} {{direction}}': sum(
              'protocol, direction',
              rate(node.counter('trellis_node_protocol_bytes_total')),
            ),
          },
        }),
        lines({
          title: 'Offences',
          description: 'Misbehaviour of peers a second, by kind.',
          unit: 'cps',
          of: {
            '{{offence}}': orNone('offence', sum('offence', rate(node.counter('trellis_node_offences_total'))), alive),
          },
        }),
        lines({
          title: 'Bans',
          description: 'Peers banned a second, by reason.',
          unit: 'cps',
          of: { '{{reason}}': orNone('reason', sum('reason', rate(node.counter('trellis_node_bans_total'))), alive) },
        }),
      ],
    },
  ],
}
