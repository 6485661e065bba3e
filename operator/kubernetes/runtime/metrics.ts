// The operator's own metrics (api/metrics/operator.ts), under the names by which the code feeds them.
import type { OperatorMetrics } from '../../../api/metrics/operator.ts'
import type { Registered } from '../../../api/metrics/registered.ts'
import type { OnAnswer } from './api.ts'
import type { Informer, InformerNote } from './informer.ts'
import type { LeaderNote } from './leader.ts'
import type { KubeObject, Resource } from './resource.ts'

export type RuntimeMetrics = ReturnType<typeof runtimeMetrics>

export const runtimeMetrics = ({ get }: Pick<Registered<OperatorMetrics>, 'get'>) => ({
  reconciles: get('controller_runtime_reconcile_total'),
  reconcileErrors: get('controller_runtime_reconcile_errors_total'),
  terminalErrors: get('controller_runtime_terminal_reconcile_errors_total'),
  reconcileSeconds: get('controller_runtime_reconcile_time_seconds'),
  maxConcurrent: get('controller_runtime_max_concurrent_reconciles'),
  activeWorkers: get('controller_runtime_active_workers'),
  queueDepth: get('workqueue_depth'),
  queueAdds: get('workqueue_adds_total'),
  queueRetries: get('workqueue_retries_total'),
  queueSeconds: get('workqueue_queue_duration_seconds'),
  workSeconds: get('workqueue_work_duration_seconds'),
  unfinishedSeconds: get('workqueue_unfinished_work_seconds'),
  longestSeconds: get('workqueue_longest_running_processor_seconds'),
  requests: get('rest_client_requests_total'),
  requestSeconds: get('rest_client_request_duration_seconds'),
  leader: get('leader_election_master_status'),
  lists: get('trellis_operator_lists_total'),
  watchBreaks: get('trellis_operator_watch_breaks_total'),
  objects: get('trellis_operator_cached_objects'),
  silentSeconds: get('trellis_operator_watch_silent_seconds'),
  eventsDropped: get('trellis_operator_events_dropped_total'),
})

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
