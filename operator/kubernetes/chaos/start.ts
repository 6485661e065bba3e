// The parts of the operator that serve ChaosExperiments.
import type { OperatorConfig } from '../config.ts'
import type { Api } from '../runtime/api.ts'
import { Controller } from '../runtime/controller.ts'
import type { EventRecorder } from '../runtime/events.ts'
import type { Informer, InformerNote } from '../runtime/informer.ts'
import type { RuntimeMetrics } from '../runtime/metrics.ts'
import type { KubeObject, Resource } from '../runtime/resource.ts'
import type { Writer } from '../runtime/writer.ts'
import type { Stores, WatchTimes } from '../testnet/stores.ts'
import { ChaosController, type ChaosControllerParts } from './controller.ts'
import { type ChaosStores, openChaosStores } from './stores.ts'

export interface ChaosOptions {
  readonly config: OperatorConfig
  readonly api: Api
  readonly writer: Writer
  readonly recorder: EventRecorder
  readonly metrics: RuntimeMetrics
  readonly testnetStores: Stores
  readonly watchTimes?: WatchTimes | undefined
  readonly onNote: (informer: string, resource: Resource, note: InformerNote) => void
  readonly onError: (testnet: string, error: unknown, retryInMs: number | undefined) => void
  readonly onOutcome: ChaosControllerParts['onOutcome']
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** Undefined when nothing is configured to run them. Nothing is followed or done before both parts are run. */
export function chaosParts(options: ChaosOptions):
  | {
      readonly controller: Controller
      readonly informers: readonly Informer<KubeObject>[]
      readonly stores: ChaosStores
    }
  | undefined {
  const { config, api, writer, recorder, metrics, testnetStores, watchTimes, onNote, onError, onOutcome, now } = options
  const { namespaces, runner, concurrency } = config
  if (!runner) return undefined
  const stores = openChaosStores(api, {
    namespaces,
    watchTimes,
    onTarget: key => controller.add(key),
    onDeleted: (resource, object) => experiments.memory.removed(resource, object),
    onNote,
    now,
  })
  const experiments = new ChaosController({ runner, api, writer, recorder, stores, testnetStores, onOutcome })
  const controller: Controller = new Controller({
    name: 'chaos',
    reconcile: (key, signal) => experiments.reconcile(key, signal),
    metrics,
    concurrency,
    onError,
  })
  return { controller, informers: stores.informers, stores }
}
