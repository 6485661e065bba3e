// Each alert about faults and the operator: when it fires, when it does not, and that it clears.
import { type AlertCase, ofExperiment, ofNode, ofOperator, testnet } from './alert-case.ts'

const end = ofExperiment('trellis_experiment_end_timestamp_seconds')
const faults = ofExperiment('trellis_experiment_faults_active')
const rows = ofNode('trellis_node_link_rows')
const agentRows = ofNode('trellis_agent_rows').replace('job="nodes"', 'job="agents"')
const overdue = (places: number) => ({
  labels: testnet,
  summary: 'Testnet team/net has faults that nobody announces',
  description: `Faults are in force at ${places} places of testnet team/net although no experiment is on it, or the one that is has passed its deadline.`,
})
const ofController = ',controller="testnet"'
const errors = ofOperator('controller_runtime_reconcile_errors_total', ofController)
const total = ofOperator('controller_runtime_reconcile_total', `${ofController},result="error"`)
const cached = ofOperator('trellis_operator_cached_objects', ',resource="pods"')
const leads = ofOperator('leader_election_master_status', ',name="trellis-operator"')
const silent = ofOperator('trellis_operator_watch_silent_seconds', ',resource="pods"')
const nodes = ofNode('trellis_node_info')
const nobody = {
  labels: {},
  summary: 'No operator leads',
  description:
    'No operator of Trellis has led for two minutes: testnets run on, but nobody repairs, changes or observes them, and no experiment starts.',
}

export const machineryCases: readonly AlertCase[] = [
  {
    alert: 'FaultOverdue',
    what: 'rows of nodes and agents without an experiment',
    series: { [rows]: '0x4 1x8 0x8', [agentRows]: '0x4 2x8 0x8' },
    silent: ['1m', '1m30s', '4m'],
    fires: { at: '2m', alerts: [overdue(2)] },
  },
  {
    alert: 'FaultOverdue',
    what: 'an experiment past its deadline',
    series: { [faults]: '1x16 0x8', [rows]: '1x16 0x8', [end]: '120x24' },
    silent: ['1m', '2m', '5m'],
    fires: { at: '3m', alerts: [overdue(2)] },
  },
  {
    alert: 'FaultOverdue',
    what: 'an experiment in time, whose last rows lapse after it',
    series: { [faults]: '1x12 stale', [rows]: '1x13 0x8', [end]: '300x12 stale' },
    silent: ['1m', '3m', '3m15s', '3m30s', '4m'],
  },
  {
    alert: 'ReconcileErrors',
    what: 'half of them fail for ten minutes',
    series: { [errors]: '0x20 0+5x40 200x60', [total]: '0+10x120', [cached]: '8x120' },
    silent: ['5m', '9m', '25m'],
    fires: {
      at: '15m',
      alerts: [
        {
          labels: { namespace: 'trellis-system', controller: 'testnet' },
          summary: 'The operator in trellis-system fails at its testnet controller',
          description: '50% of the reconciliations of the testnet controller have failed for five minutes.',
        },
      ],
    },
  },
  {
    alert: 'ReconcileErrors',
    what: 'one in ten, and an operator that is not ours',
    series: {
      [errors]: '0+1x120',
      [total]: '0+10x120',
      [cached]: '8x120',
      [errors.replace('job="operator"', 'job="other"')]: '0+9x120',
      [total.replace('job="operator"', 'job="other"')]: '0+10x120',
    },
    silent: ['5m', '15m', '25m'],
  },
  {
    alert: 'WatchStale',
    what: 'a watch that is silent for five minutes',
    series: { [silent]: '0+15x20 0x8' },
    silent: ['1m', '2m30s', '2m45s', '6m'],
    fires: {
      at: '4m',
      alerts: [
        {
          labels: { namespace: 'trellis-system', resource: 'pods' },
          summary: 'The operator in trellis-system hears nothing of pods',
          description:
            'The API server has sent nothing on the watch of pods for 4m 0s: the operator works on an old picture.',
        },
      ],
    },
  },
  {
    alert: 'WatchStale',
    what: 'watches that are renewed',
    series: { [silent]: '0+15x4 0+15x4 0+15x4 0+15x4' },
    silent: ['1m', '2m', '4m'],
  },
  {
    alert: 'OperatorAbsent',
    what: 'the leader goes, and comes back',
    series: { [leads]: '1x8 stale _x20 1x20', [cached]: '8x8 stale _x20 8x20' },
    silent: ['1m', '4m', '8m'],
    fires: { at: '5m', alerts: [nobody] },
  },
  {
    alert: 'OperatorAbsent',
    what: 'nodes in a cluster, and an operator that stands by',
    series: { [nodes]: '1x40', [leads]: '1x4 0x20 1x16', [cached]: '8x40' },
    silent: ['1m', '2m', '7m'],
    fires: { at: '4m', alerts: [nobody] },
  },
  {
    alert: 'OperatorAbsent',
    what: 'another one takes over within a minute',
    series: {
      [leads]: '1x4 0x40',
      [cached]: '8x50',
      [leads.replace('operator-1', 'operator-2')]: '0x8 1x40',
      [cached.replace('operator-1', 'operator-2')]: '8x50',
    },
    silent: ['1m', '3m', '10m'],
  },
  {
    alert: 'OperatorAbsent',
    what: 'a testnet on one machine, which has none',
    series: { [nodes.replace('namespace="team"', 'namespace="local"')]: '1x40' },
    silent: ['1m', '5m', '9m'],
  },
]
