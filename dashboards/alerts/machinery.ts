// What goes wrong with what runs and breaks testnets: faults that outlast their experiment, and the operator.
import { type AlertGroup, byTestnet, series, theTestnet, unlessAnnounced } from './alert.ts'

/** Share of reconciliations. One that fails is tried again, and usually succeeds. */
const FAILED_SHARE = 0.25
/** A healthy watch is silent for a minute at most: it is ended and begun anew. */
const STALE_SECONDS = 150

/** controller-runtime's names are those of every operator of a cluster; only ours has these besides. */
const ours = (expression: string): string =>
  `${expression} and on (job, instance) ${series('trellis_operator_cached_objects')}`
const rate = (name: 'controller_runtime_reconcile_errors_total' | 'controller_runtime_reconcile_total'): string =>
  `sum by (namespace, controller) (${ours(`rate(${series(name)}[5m])`)})`

export const faultAlerts: AlertGroup = {
  name: 'trellis-faults',
  alerts: [
    {
      name: 'FaultOverdue',
      severity: 'warning',
      expression: `${byTestnet('count', `${series('trellis_node_link_rows')} > 0 or ${series('trellis_agent_rows')} > 0 or ${series('trellis_experiment_faults_active')} > 0`)}\n${unlessAnnounced}`,
      for: '30s',
      summary: `${theTestnet} has faults that nobody announces`,
      description: `Faults are in force at {{ $value }} places of testnet {{ $labels.namespace }}/{{ $labels.testnet }} although no experiment is on it, or the one that is has passed its deadline.`,
    },
  ],
}

export const operatorAlerts: AlertGroup = {
  name: 'trellis-operator',
  alerts: [
    {
      name: 'ReconcileErrors',
      severity: 'warning',
      expression: `${rate('controller_runtime_reconcile_errors_total')}\n  / ${rate('controller_runtime_reconcile_total')}\n  > ${FAILED_SHARE}`,
      for: '5m',
      summary: 'The operator in {{ $labels.namespace }} fails at its {{ $labels.controller }} controller',
      description:
        '{{ $value | humanizePercentage }} of the reconciliations of the {{ $labels.controller }} controller have failed for five minutes.',
    },
    {
      name: 'WatchStale',
      severity: 'warning',
      expression: `max by (namespace, resource) (${series('trellis_operator_watch_silent_seconds')}) > ${STALE_SECONDS}`,
      for: '30s',
      summary: 'The operator in {{ $labels.namespace }} hears nothing of {{ $labels.resource }}',
      description:
        'The API server has sent nothing on the watch of {{ $labels.resource }} for {{ $value | humanizeDuration }}: the operator works on an old picture.',
    },
    {
      name: 'OperatorAbsent',
      severity: 'critical',
      // On one machine there is none; where none was ever seen, nodes in a cluster tell that one is missing.
      expression: `(\n  count(${series('trellis_node_info', { namespace: '!="local"' })})\n  or count(last_over_time(${series('trellis_operator_cached_objects')}[6h]))\n)\nunless on () (${ours(`${series('leader_election_master_status')} == 1`)})`,
      for: '2m',
      summary: 'No operator leads',
      description:
        'No operator of Trellis has led for two minutes: testnets run on, but nobody repairs, changes or observes them, and no experiment starts.',
    },
  ],
}
