import { atLeast, exactly, headGroup, headGroups } from './meaning.ts'
import { type DashboardSource, heat, lines, number, states } from './panel.ts'
import { agent, everyNode, increase, max, min, orNone, quantile, rate, runner, seen, seenNode, sum } from './series.ts'

const alive = seen.gauge('trellis_testnet_nodes', { state: 'desired' })
const healed = { faults: 'without an experiment that healed there is no time' }
const underWay = { faults: 'a series lasts as long as its experiment is under way' }
const byRunner = { cluster: 'the Job of an experiment serves it, and there are Jobs in a cluster only' }
const byAgent = { cluster: 'net agents serve it, which stand beside nodes in a cluster that allows kernel faults' }

export const chaos: DashboardSource = {
  uid: 'trellis-chaos',
  title: 'Trellis / Chaos',
  description: 'Experiments: what is broken on purpose, for how long, what it did, and how the testnet healed.',
  variables: ['namespace', 'testnet', 'group', 'node'],
  rows: [
    {
      title: 'Experiments',
      panels: [
        number({
          title: 'Faults in force',
          description: 'Faults of all experiments that are in force this moment.',
          unit: 'short',
          width: 6,
          of: { faults: orNone('experiment', sum('', seen.gauge('trellis_experiment_faults_active')), alive) },
          meanings: [exactly(0, 'none', 'green'), atLeast(1, 'broken on purpose', 'orange')],
        }),
        number({
          title: 'Experiments that are over',
          description: 'By verdict, since the operator or the supervisor of this testnet started to count.',
          unit: 'short',
          width: 6,
          // As it stands: there are few, and an increase leaves the first of each verdict out.
          of: { '{{verdict}}': orNone('verdict', sum('verdict', seen.counter('trellis_experiments_total')), alive) },
        }),
        number({
          title: 'Time to heal',
          description:
            'From the end of the last fault until the testnet had healed: mean of the experiments counted, and a bound of 9 in 10.',
          unit: 's',
          width: 6,
          shows: healed,
          of: {
            mean: `${sum('', seen.sum('trellis_experiment_heal_seconds'))} / (${sum('', seen.count('trellis_experiment_heal_seconds'))} > 0)`,
            '9 in 10 within': `histogram_quantile(0.9, ${sum('le', seen.buckets('trellis_experiment_heal_seconds'))})`,
          },
        }),
        number({
          title: 'Time left',
          description:
            'Until an experiment is over at the latest, its wait for the heal included. Negative: it outlasts its deadline.',
          unit: 's',
          width: 6,
          shows: underWay,
          of: {
            '{{experiment}}': `${max('experiment', seen.gauge('trellis_experiment_end_timestamp_seconds'))} - time()`,
          },
        }),
      ],
    },
    {
      title: 'Fault windows',
      panels: [
        states({
          title: 'Phases',
          description: 'The phase of each experiment that is under way.',
          unit: 'short',
          shows: underWay,
          of: { '{{experiment}} {{phase}}': max('experiment, phase', seen.gauge('trellis_experiment_active')) },
          meanings: [exactly(0, 'not now', 'gray'), exactly(1, 'in this phase', 'orange')],
        }),
        states({
          title: 'Faults in force',
          description: 'How many faults of each experiment are in force.',
          unit: 'short',
          shows: underWay,
          of: { '{{experiment}}': max('experiment', seen.gauge('trellis_experiment_faults_active')) },
          meanings: [
            exactly(0, 'none', 'green'),
            exactly(1, 'one fault', 'orange'),
            atLeast(2, 'several faults', 'red'),
          ],
        }),
        states({
          title: 'Head groups',
          description: 'Whether the testnet is of one chain.',
          unit: 'short',
          of: { 'the testnet': max('', seen.gauge('trellis_testnet_head_groups')) },
          meanings: headGroups,
        }),
        states({
          title: 'Head group of each node',
          description: 'The partition map: nodes of one colour and word follow one chain.',
          unit: 'short',
          of: { '{{node}}': max('node', seenNode.gauge('trellis_testnet_node_head_group')) },
          meanings: headGroup,
        }),
      ],
    },
    {
      title: 'What it did',
      panels: [
        lines({
          title: 'Bytes held back',
          description: 'Bytes a second that nodes held because a row says drop. The proof that a cut in userspace bit.',
          unit: 'Bps',
          of: {
            '{{direction}}': orNone(
              'direction',
              sum('direction', rate(everyNode.counter('trellis_node_link_held_bytes_total'))),
              alive,
            ),
          },
        }),
        lines({
          title: 'Fewest peers',
          description: 'Peers of the node that has fewest, by group. Back to what it was: the connections healed.',
          unit: 'short',
          of: { '{{group}}': min('group', sum('group, node', everyNode.gauge('trellis_node_peers'))) },
        }),
        lines({
          title: 'Nodes that suspect a partition',
          description: 'Nodes that take themselves to be cut off, by group. The smaller side of a cut should say so.',
          unit: 'short',
          of: { '{{group}}': sum('group', everyNode.gauge('trellis_node_partition_suspected')) },
        }),
        lines({
          title: 'Finality',
          description:
            'Highest head and lowest finalized checkpoint. The second stands still while no side has two thirds of the weight.',
          unit: 'short',
          of: {
            'highest head': max('', seen.gauge('trellis_testnet_head_height', { bound: 'max' })),
            'lowest finalized': min('', seen.gauge('trellis_testnet_finalized_height')),
          },
        }),
        heat({
          title: 'Depth of reorgs',
          description: 'How many reorgs gave up how many blocks. At the heal the losing side gives up its branch.',
          unit: 'short',
          of: { '{{le}}': sum('le', increase(everyNode.buckets('trellis_node_reorg_depth'))) },
        }),
        lines({
          title: 'Block delivery',
          description: 'Time within which 95 of 100 blocks arrive by gossip, by group.',
          unit: 's',
          of: { '{{group}}': quantile(0.95, 'group', everyNode.buckets('trellis_node_block_delivery_seconds')) },
        }),
        lines({
          title: 'Transactions returned',
          description: 'Transactions a second that reorgs put back into pools.',
          unit: 'cps',
          of: { '{{group}}': sum('group', rate(everyNode.counter('trellis_node_transactions_returned_total'))) },
        }),
      ],
    },
    {
      title: 'Runner',
      panels: [
        lines({
          title: 'Targets',
          description: 'Nodes that a fault is aimed at, and how far it got.',
          unit: 'short',
          width: 6,
          shows: byRunner,
          of: { '{{fault}} {{state}}': max('fault, state', runner.gauge('trellis_runner_targets')) },
        }),
        lines({
          title: 'Faults',
          description: 'Faults in force as the runner knows them, by kind.',
          unit: 'short',
          width: 6,
          shows: byRunner,
          of: { '{{fault}} ({{kind}})': max('fault, kind', runner.gauge('trellis_runner_faults_active')) },
        }),
        lines({
          title: 'Injection skew',
          description: 'Time from the first to the last node that a fault was injected at.',
          unit: 's',
          width: 6,
          shows: byRunner,
          of: { '{{fault}}': max('fault', runner.gauge('trellis_runner_injection_skew_seconds')) },
        }),
        lines({
          title: 'Lease renewals',
          description: 'Renewals of leases a second, by outcome. A fault whose leases are not renewed ends by itself.',
          unit: 'cps',
          width: 6,
          shows: byRunner,
          of: { '{{outcome}}': sum('outcome', rate(runner.counter('trellis_runner_lease_renewals_total'))) },
        }),
      ],
    },
    {
      title: 'Net agents',
      panels: [
        lines({
          title: 'Rows in kernels',
          description: 'Link rows that kernels hold.',
          unit: 'short',
          width: 6,
          shows: byAgent,
          of: { '{{node}}': max('node', agent.gauge('trellis_agent_rows')) },
        }),
        lines({
          title: 'Time left of leases',
          description: 'Until the last lease of each agent ends; it is renewed long before.',
          unit: 's',
          signed: true,
          width: 6,
          shows: byAgent,
          of: { '{{node}}': `(${max('node', agent.gauge('trellis_agent_lease_end_timestamp_seconds'))} > 0) - time()` },
        }),
        lines({
          title: 'Packets',
          description: 'Packets a second that rules dropped or shaped, as kernels count them.',
          unit: 'cps',
          width: 6,
          shows: byAgent,
          of: {
            'dropped {{direction}}': sum('direction', rate(agent.counter('trellis_agent_packets_dropped_total'))),
            shaped: sum('', rate(agent.counter('trellis_agent_packets_shaped_total'))),
          },
        }),
        lines({
          title: 'Leases',
          description: 'Leases a second that were renewed, and that ended because nobody renewed them.',
          unit: 'cps',
          width: 6,
          shows: byAgent,
          of: {
            renewed: sum('', rate(agent.counter('trellis_agent_lease_renewals_total'))),
            lapsed: sum('', rate(agent.counter('trellis_agent_leases_lapsed_total'))),
          },
        }),
        lines({
          title: 'Time to bring a row into the kernel',
          description: 'Half of the rows and 95 of 100.',
          unit: 's',
          width: 12,
          shows: byAgent,
          of: {
            'half of the rows': quantile(0.5, '', agent.buckets('trellis_agent_apply_seconds')),
            '95 of 100': quantile(0.95, '', agent.buckets('trellis_agent_apply_seconds')),
          },
        }),
        lines({
          title: 'Requests refused',
          description: 'Requests to agents a second, by code of the answer.',
          unit: 'reqps',
          width: 12,
          shows: byAgent,
          of: { '{{code}}': sum('code', rate(agent.counter('trellis_agent_requests_refused_total'))) },
        }),
      ],
    },
  ],
}
