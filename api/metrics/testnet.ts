// What is seen of a testnet and its experiments from outside: by the operator in a cluster, by the supervisor on one
// machine, with the same names. `namespace` is `local` there.
import type { MetricDefinitions } from './definition.ts'

const testnet = ['namespace', 'testnet'] as const
const experiment = [...testnet, 'experiment'] as const

export const testnetMetrics = {
  trellis_testnet_nodes: {
    type: 'gauge',
    labels: [...testnet, 'state'],
    help: 'Nodes of the testnet; state is desired or ready',
  },
  trellis_testnet_condition: {
    type: 'gauge',
    labels: [...testnet, 'condition'],
    help: '1 while the condition is True, 0 while it is not',
  },
  trellis_testnet_head_groups: {
    type: 'gauge',
    labels: testnet,
    help: 'Groups of nodes that follow different chains; more than 1 is a partition',
  },
  trellis_testnet_node_head_group: {
    type: 'gauge',
    labels: [...testnet, 'group', 'node'],
    help: 'Head group that the node is in, the largest is 1; 0 when the node does not answer',
  },
  trellis_testnet_head_height: {
    type: 'gauge',
    labels: [...testnet, 'bound'],
    help: 'Height of the lowest and of the highest head; bound is min or max',
  },
  trellis_testnet_finalized_height: { type: 'gauge', labels: testnet, help: 'Lowest finalized height of its nodes' },
  trellis_experiment_active: {
    type: 'gauge',
    labels: [...experiment, 'phase'],
    help: '1 in the phase that the experiment is in; absent once it is over',
  },
  trellis_experiment_faults_active: {
    type: 'gauge',
    labels: experiment,
    help: 'Faults of the experiment that are in force',
  },
  trellis_experiment_end_timestamp_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: experiment,
    help: 'Unix time at which the experiment is over at the latest, its wait for the heal included',
  },
  trellis_experiments_total: {
    type: 'counter',
    labels: [...testnet, 'verdict'],
    help: 'Experiments that are over; verdict is passed, failed, inconclusive or aborted',
  },
  trellis_experiment_heal_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: testnet,
    help: 'Time from the end of the last fault until the testnet had healed',
    buckets: [0.5, 1, 2, 4, 6, 8, 10, 15, 20, 30, 45, 60, 120, 300],
  },
} as const satisfies MetricDefinitions

export type TestnetMetrics = typeof testnetMetrics
