import { atLeast, exactly, headGroup, headGroups, within } from './meaning.ts'
import { type DashboardSource, lines, number, states } from './panel.ts'
import { avg, everyNode, max, min, node, orNone, quantile, rate, seen, seenNode, sum } from './series.ts'

const highest = max('', seen.gauge('trellis_testnet_head_height', { bound: 'max' }))
const lowest = min('', seen.gauge('trellis_testnet_head_height', { bound: 'min' }))
const finalized = min('', seen.gauge('trellis_testnet_finalized_height'))
const headGroupCount = max('', seen.gauge('trellis_testnet_head_groups'))
const spread = `${highest} - ${lowest}`
const finalityLag = `${highest} - ${finalized}`
const alive = seen.gauge('trellis_testnet_nodes', { state: 'desired' })

export const testnet: DashboardSource = {
  uid: 'trellis-testnet',
  title: 'Trellis / Testnet',
  description: 'One testnet as a whole: does it agree, does it go on, who is where while it is cut.',
  variables: ['namespace', 'testnet', 'group', 'node'],
  rows: [
    {
      title: 'Now',
      panels: [
        number({
          title: 'Head groups',
          description:
            'Groups of nodes that follow different chains. More than one is a partition, or the moment of a fork.',
          unit: 'short',
          of: { groups: headGroupCount },
          meanings: headGroups,
        }),
        number({
          title: 'Nodes',
          description: 'Nodes that are ready, and those that the testnet asks for.',
          unit: 'short',
          of: {
            ready: max('', seen.gauge('trellis_testnet_nodes', { state: 'ready' })),
            desired: max('', seen.gauge('trellis_testnet_nodes', { state: 'desired' })),
          },
        }),
        number({
          title: 'Height spread',
          description: 'Blocks between the highest and the lowest head. A few are normal while a block travels.',
          unit: 'short',
          of: { blocks: spread },
          meanings: [
            within(0, 2, 'together', 'green'),
            within(3, 9, 'apart', 'yellow'),
            atLeast(10, 'far apart', 'red'),
          ],
        }),
        number({
          title: 'Finality lag',
          description:
            'Blocks between the highest head and the lowest finalized checkpoint. It grows while too few votes meet.',
          unit: 'short',
          of: { blocks: finalityLag },
        }),
        number({
          title: 'Age of the head',
          description: 'Time since the newest head of any node was produced.',
          unit: 's',
          of: { age: min('', everyNode.gauge('trellis_node_head_age_seconds')) },
        }),
        number({
          title: 'Faults in force',
          description: 'Faults of experiments that are in force this moment.',
          unit: 'short',
          of: { faults: orNone('experiment', sum('', seen.gauge('trellis_experiment_faults_active')), alive) },
          meanings: [exactly(0, 'none', 'green'), atLeast(1, 'broken on purpose', 'orange')],
        }),
      ],
    },
    {
      title: 'Who is where',
      panels: [
        states({
          title: 'Head group of each node',
          description: 'The partition map: nodes of one colour and word follow one chain. The largest group is 1.',
          unit: 'short',
          of: { '{{node}}': max('node', seenNode.gauge('trellis_testnet_node_head_group')) },
          meanings: headGroup,
        }),
        states({
          title: 'Conditions',
          description: 'What the status of the testnet says, as in `trellis status`.',
          unit: 'short',
          width: 12,
          of: { '{{condition}}': max('condition', seen.gauge('trellis_testnet_condition')) },
          meanings: [exactly(0, 'not so', 'red'), exactly(1, 'true', 'green')],
        }),
        lines({
          title: 'Head groups over time',
          description: 'Groups of nodes that follow different chains. Shaded times have a fault in force.',
          unit: 'short',
          width: 12,
          of: { groups: headGroupCount },
        }),
      ],
    },
    {
      title: 'Chain',
      panels: [
        lines({
          title: 'Heads',
          description: 'Highest and lowest head by group of nodes.',
          unit: 'short',
          of: {
            '{{group}} highest': max('group', node.gauge('trellis_node_head_height')),
            '{{group}} lowest': min('group', node.gauge('trellis_node_head_height')),
          },
        }),
        lines({
          title: 'Height spread',
          description:
            'Blocks between the highest and the lowest head. It grows on both sides of a cut, and falls at the heal.',
          unit: 'short',
          of: { blocks: spread },
        }),
        lines({
          title: 'Finality',
          description:
            'Heights of heads, justified and finalized checkpoints. Finality stops while no side has two thirds of the weight.',
          unit: 'short',
          of: {
            'highest head': highest,
            'highest justified': max('', everyNode.gauge('trellis_node_justified_height')),
            'lowest finalized': finalized,
          },
        }),
        lines({
          title: 'Blocks produced',
          description: 'Blocks that nodes made themselves, by group.',
          unit: 'cps',
          of: {
            '{{group}}': sum('group', rate(node.counter('trellis_node_blocks_imported_total', { source: 'self' }))),
          },
        }),
        lines({
          title: 'Block delivery',
          description: 'Time from a block’s timestamp to its arrival by gossip.',
          unit: 's',
          of: {
            'half of the blocks': quantile(0.5, '', everyNode.buckets('trellis_node_block_delivery_seconds')),
            '95 of 100': quantile(0.95, '', everyNode.buckets('trellis_node_block_delivery_seconds')),
          },
        }),
        lines({
          title: 'Peers',
          description: 'Connected peers of a node, by group. Nodes on the small side of a cut lose theirs.',
          unit: 'short',
          of: {
            '{{group}} fewest': min('group', sum('group, node', node.gauge('trellis_node_peers'))),
            '{{group}} usual': avg('group', sum('group, node', node.gauge('trellis_node_peers'))),
          },
        }),
      ],
    },
  ],
}
