import { exactly } from './meaning.ts'
import { type DashboardSource, lines, states } from './panel.ts'
import { max, operator, operatorProcess, orNone, quantile, rate, sum } from './series.ts'

/** Every panel: a testnet on one machine has no operator. */
const byOperator = { cluster: 'the operator serves it, and there is one in a cluster only' }
const alive = operator.gauge('leader_election_master_status')

export const operators: DashboardSource = {
  uid: 'trellis-operator',
  title: 'Trellis / Operator',
  description: 'The operator as a program: who leads, what it works on, what the API server answers.',
  variables: ['operator'],
  rows: [
    {
      title: 'Leader and reconciliations',
      panels: [
        states({
          title: 'Who leads',
          description: 'Replicas of the operator; one leads at a time.',
          unit: 'short',
          shows: byOperator,
          of: { '{{instance}}': max('instance', operator.gauge('leader_election_master_status')) },
          meanings: [exactly(0, 'stands by', 'blue'), exactly(1, 'leads', 'green')],
        }),
        lines({
          title: 'Reconciliations',
          description: 'A second, by controller and result.',
          unit: 'ops',
          shows: byOperator,
          of: {
            '{{controller}} {{result}}': sum(
              'controller, result',
              rate(operator.counter('controller_runtime_reconcile_total')),
            ),
          },
        }),
        lines({
          title: 'Failed reconciliations',
          description: 'A second, by controller: those that are tried again, and those that wait for a change.',
          unit: 'ops',
          shows: byOperator,
          of: {
            '{{controller}} failed': orNone(
              'controller',
              sum('controller', rate(operator.counter('controller_runtime_reconcile_errors_total'))),
              alive,
            ),
            '{{controller}} for good': orNone(
              'controller',
              sum('controller', rate(operator.counter('controller_runtime_terminal_reconcile_errors_total'))),
              alive,
            ),
          },
        }),
        lines({
          title: 'Time of a reconciliation',
          description: 'Within which 95 of 100 end, by controller.',
          unit: 's',
          shows: byOperator,
          of: {
            '{{controller}}': quantile(
              0.95,
              'controller',
              operator.buckets('controller_runtime_reconcile_time_seconds'),
            ),
          },
        }),
        lines({
          title: 'Workers',
          description: 'Reconciliations that run, and that may run at a time.',
          unit: 'short',
          shows: byOperator,
          of: {
            '{{controller}} at work': sum('controller', operator.gauge('controller_runtime_active_workers')),
            '{{controller}} at most': max('controller', operator.gauge('controller_runtime_max_concurrent_reconciles')),
          },
        }),
      ],
    },
    {
      title: 'Queues',
      panels: [
        lines({
          title: 'Waiting keys',
          description: 'Testnets that wait for a worker, by queue.',
          unit: 'short',
          shows: byOperator,
          of: { '{{name}}': sum('name', operator.gauge('workqueue_depth')) },
        }),
        lines({
          title: 'Keys added',
          description: 'A second, by queue; and those that are added again after a failure.',
          unit: 'ops',
          shows: byOperator,
          of: {
            '{{name}} added': sum('name', rate(operator.counter('workqueue_adds_total'))),
            '{{name}} again': orNone('name', sum('name', rate(operator.counter('workqueue_retries_total'))), alive),
          },
        }),
        lines({
          title: 'Time in a queue and at work',
          description: 'Of 95 of 100 keys, by queue.',
          unit: 's',
          shows: byOperator,
          of: {
            '{{name}} waits': quantile(0.95, 'name', operator.buckets('workqueue_queue_duration_seconds')),
            '{{name}} works': quantile(0.95, 'name', operator.buckets('workqueue_work_duration_seconds')),
          },
        }),
        lines({
          title: 'Unfinished work',
          description:
            'Time of the work that is not done yet: of all together, and the longest. What hangs grows here.',
          unit: 's',
          shows: byOperator,
          of: {
            '{{name}} together': sum('name', operator.gauge('workqueue_unfinished_work_seconds')),
            '{{name}} longest': max('name', operator.gauge('workqueue_longest_running_processor_seconds')),
          },
        }),
      ],
    },
    {
      title: 'API server',
      panels: [
        lines({
          title: 'Requests',
          description: 'A second, by method and code of the answer; `<error>` when none came.',
          unit: 'reqps',
          shows: byOperator,
          of: { '{{method}} {{code}}': sum('method, code', rate(operator.counter('rest_client_requests_total'))) },
        }),
        lines({
          title: 'Time of a request',
          description: 'Within which 95 of 100 are answered, by method; watches left out.',
          unit: 's',
          shows: byOperator,
          of: { '{{method}}': quantile(0.95, 'method', operator.buckets('rest_client_request_duration_seconds')) },
        }),
        lines({
          title: 'Silence of watches',
          description:
            'Time since the server was last heard, by resource. More than a minute is a watch that died unnoticed.',
          unit: 's',
          shows: byOperator,
          of: { '{{resource}}': max('resource', operator.gauge('trellis_operator_watch_silent_seconds')) },
        }),
        lines({
          title: 'Broken watches and lists',
          description:
            'Lists and watches a second that ended otherwise than they should, by what followed; and lists that filled a store.',
          unit: 'ops',
          shows: byOperator,
          of: {
            '{{resource}} {{reason}}, then {{next}}': orNone(
              'resource',
              sum('resource, reason, next', rate(operator.counter('trellis_operator_watch_breaks_total'))),
              alive,
            ),
            '{{resource}} listed': sum('resource', rate(operator.counter('trellis_operator_lists_total'))),
          },
        }),
        lines({
          title: 'Objects in stores',
          description: 'By resource.',
          unit: 'short',
          shows: byOperator,
          of: { '{{resource}}': max('resource', operator.gauge('trellis_operator_cached_objects')) },
        }),
        lines({
          title: 'Events dropped',
          description: 'Events of objects a second that were not written, by reason.',
          unit: 'ops',
          shows: byOperator,
          of: {
            '{{reason}}': orNone(
              'reason',
              sum('reason', rate(operator.counter('trellis_operator_events_dropped_total'))),
              alive,
            ),
          },
        }),
      ],
    },
    {
      title: 'Process',
      panels: [
        lines({
          title: 'Processor',
          description: 'Share of one core that each replica uses.',
          unit: 'percentunit',
          width: 12,
          shows: byOperator,
          of: {
            '{{instance}}': `${sum('instance', rate(operatorProcess.counter('process_cpu_seconds_total')))} and on(instance) ${alive}`,
          },
        }),
        lines({
          title: 'Memory',
          description: 'Resident memory of each replica.',
          unit: 'bytes',
          width: 12,
          shows: byOperator,
          of: {
            '{{instance}}': `${max('instance', operatorProcess.gauge('process_resident_memory_bytes'))} and on(instance) ${alive}`,
          },
        }),
      ],
    },
  ],
}
