// Metrics of the runtime, with controller-runtime's and client-go's names: dashboards for those fit.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { OnAnswer } from './api.ts'
import type { Informer, InformerNote } from './informer.ts'
import type { LeaderNote } from './leader.ts'
import type { KubeObject, Resource } from './resource.ts'

// Buckets as controller-runtime and client-go have them.
const reconcileBuckets = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2,
  2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
]
const queueBuckets = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1_000]
const requestBuckets = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 45, 60]

export type RuntimeMetrics = ReturnType<typeof runtimeMetrics>

export function runtimeMetrics(registry: Registry) {
  const registers = [registry]
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Counter<L>({ name, help, labelNames, registers })
  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Gauge<L>({ name, help, labelNames, registers })
  const histogram = <L extends string>(name: string, help: string, buckets: number[], ...labelNames: L[]) =>
    new Histogram<L>({ name, help, buckets, labelNames, registers })
  return {
    reconciles: counter(
      'controller_runtime_reconcile_total',
      'Reconciliations; result is success, error, requeue or requeue_after',
      'controller',
      'result',
    ),
    reconcileErrors: counter('controller_runtime_reconcile_errors_total', 'Reconciliations that failed', 'controller'),
    terminalErrors: counter(
      'controller_runtime_terminal_reconcile_errors_total',
      'Reconciliations that failed and are not tried again',
      'controller',
    ),
    reconcileSeconds: histogram(
      'controller_runtime_reconcile_time_seconds',
      'Time of a reconciliation',
      reconcileBuckets,
      'controller',
    ),
    maxConcurrent: gauge(
      'controller_runtime_max_concurrent_reconciles',
      'Reconciliations at a time, at most',
      'controller',
    ),
    activeWorkers: gauge('controller_runtime_active_workers', 'Reconciliations that run', 'controller'),
    queueDepth: gauge('workqueue_depth', 'Keys that wait', 'name'),
    queueAdds: counter('workqueue_adds_total', 'Keys added', 'name'),
    queueRetries: counter('workqueue_retries_total', 'Keys added again after a failure', 'name'),
    queueSeconds: histogram('workqueue_queue_duration_seconds', 'Time a key waits', queueBuckets, 'name'),
    workSeconds: histogram('workqueue_work_duration_seconds', 'Time a key is worked on', queueBuckets, 'name'),
    unfinishedSeconds: gauge(
      'workqueue_unfinished_work_seconds',
      'Sum of the times of the work that is not done yet',
      'name',
    ),
    longestSeconds: gauge(
      'workqueue_longest_running_processor_seconds',
      'Time of the longest work that is not done yet',
      'name',
    ),
    requests: counter(
      'rest_client_requests_total',
      'Requests to the API server; code is <error> when no answer came',
      'code',
      'method',
      'host',
    ),
    requestSeconds: histogram(
      'rest_client_request_duration_seconds',
      'Time of a request to the API server; watches left out',
      requestBuckets,
      'method',
      'host',
    ),
    leader: gauge('leader_election_master_status', '1 while this process leads', 'name'),
    lists: counter('trellis_operator_lists_total', 'Lists that filled a store', 'resource'),
    watchBreaks: counter(
      'trellis_operator_watch_breaks_total',
      'Lists and watches that ended otherwise than they should; next is what followed',
      'resource',
      'reason',
      'next',
    ),
    objects: gauge('trellis_operator_cached_objects', 'Objects in a store', 'resource'),
    silentSeconds: gauge('trellis_operator_watch_silent_seconds', 'Time since the server was last heard', 'resource'),
    eventsDropped: counter('trellis_operator_events_dropped_total', 'Events that were not written', 'reason'),
  }
}

/** Counts an Api's requests; the time of a watch says nothing. */
export const countAnswers =
  ({ requests, requestSeconds }: RuntimeMetrics): OnAnswer =>
  ({ code, method, host, watch, seconds }) => {
    requests.inc({ code, method, host })
    if (!watch) requestSeconds.observe({ method, host }, seconds)
  }

/** Counts what an informer notes. */
export const countNotes =
  ({ lists, watchBreaks }: RuntimeMetrics, { plural }: Resource) =>
  (note: InformerNote): void => {
    if (note.kind === 'listed') lists.inc({ resource: plural })
    if (note.kind === 'broke') watchBreaks.inc({ resource: plural, reason: note.reason, next: note.next })
  }

/** For before a scrape. */
export function observeInformer<T extends KubeObject>(metrics: RuntimeMetrics, informer: Informer<T>): void {
  const resource = informer.name
  metrics.objects.set({ resource }, informer.store.size)
  metrics.silentSeconds.set({ resource }, informer.silentMs / 1_000)
}

export const showLeader =
  ({ leader }: RuntimeMetrics, name: string) =>
  ({ kind }: LeaderNote): void => {
    if (kind === 'leading' || kind === 'lost') leader.set({ name }, kind === 'leading' ? 1 : 0)
  }
