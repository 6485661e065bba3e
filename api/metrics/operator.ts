// What the operator measures of itself, with controller-runtime's and client-go's names where these have one: dashboards
// made for them fit. Sources: controller-runtime pkg/internal/controller/metrics, pkg/metrics; client-go tools/metrics.
import type { MetricDefinitions } from './definition.ts'

// Buckets as controller-runtime and client-go have them.
const reconcileBuckets = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2,
  2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
]
const queueBuckets = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1_000]
const requestBuckets = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 45, 60]

export const operatorMetrics = {
  controller_runtime_reconcile_total: {
    type: 'counter',
    labels: ['controller', 'result'],
    help: 'Reconciliations; result is success, error, requeue or requeue_after',
  },
  controller_runtime_reconcile_errors_total: {
    type: 'counter',
    labels: ['controller'],
    help: 'Reconciliations that failed',
  },
  controller_runtime_terminal_reconcile_errors_total: {
    type: 'counter',
    labels: ['controller'],
    help: 'Reconciliations that failed and are not tried again',
  },
  controller_runtime_reconcile_time_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: ['controller'],
    help: 'Time of a reconciliation',
    buckets: reconcileBuckets,
  },
  controller_runtime_max_concurrent_reconciles: {
    type: 'gauge',
    labels: ['controller'],
    help: 'Reconciliations at a time, at most',
  },
  controller_runtime_active_workers: { type: 'gauge', labels: ['controller'], help: 'Reconciliations that run' },
  workqueue_depth: { type: 'gauge', labels: ['name'], help: 'Keys that wait' },
  workqueue_adds_total: { type: 'counter', labels: ['name'], help: 'Keys added' },
  workqueue_retries_total: { type: 'counter', labels: ['name'], help: 'Keys added again after a failure' },
  workqueue_queue_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: ['name'],
    help: 'Time a key waits',
    buckets: queueBuckets,
  },
  workqueue_work_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: ['name'],
    help: 'Time a key is worked on',
    buckets: queueBuckets,
  },
  workqueue_unfinished_work_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: ['name'],
    help: 'Sum of the times of the work that is not done yet',
  },
  workqueue_longest_running_processor_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: ['name'],
    help: 'Time of the longest work that is not done yet',
  },
  rest_client_requests_total: {
    type: 'counter',
    labels: ['code', 'method', 'host'],
    help: 'Requests to the API server; code is <error> when no answer came',
  },
  rest_client_request_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: ['method', 'host'],
    help: 'Time of a request to the API server; watches left out',
    buckets: requestBuckets,
  },
  leader_election_master_status: { type: 'gauge', labels: ['name'], help: '1 while this process leads' },
  trellis_operator_lists_total: { type: 'counter', labels: ['resource'], help: 'Lists that filled a store' },
  trellis_operator_watch_breaks_total: {
    type: 'counter',
    labels: ['resource', 'reason', 'next'],
    help: 'Lists and watches that ended otherwise than they should; next is what followed',
  },
  trellis_operator_cached_objects: { type: 'gauge', labels: ['resource'], help: 'Objects in a store' },
  trellis_operator_watch_silent_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: ['resource'],
    help: 'Time since the API server was last heard on a watch; a healthy one is silent for a minute at most',
  },
  trellis_operator_events_dropped_total: {
    type: 'counter',
    labels: ['reason'],
    help: 'Events that were not written',
  },
} as const satisfies MetricDefinitions

export type OperatorMetrics = typeof operatorMetrics
