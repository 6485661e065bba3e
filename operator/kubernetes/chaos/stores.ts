// The informers of experiments and of their runners: one set for all namespaces, or one for each that is served. Testnets
// go on without them.
import type { Api } from '../runtime/api.ts'
import { type Change, Informer, type InformerNote } from '../runtime/informer.ts'
import { type Job, type KubeObject, type Pod, type Resource, resources } from '../runtime/resource.ts'
import type { ReadStore } from '../runtime/store.ts'
import type { WatchTimes } from '../testnet/stores.ts'
import { EXPERIMENT_LABEL, TARGET_LABEL } from './names.ts'
import { experiments, type StoredExperiment, testnetOf } from './stored-experiment.ts'

/** Index by `namespace/testnet`. */
export const BY_TARGET = 'target'

export interface ChaosStores {
  readonly informers: readonly Informer<KubeObject>[]
  /** True when all have listed what is in that namespace. */
  synced(namespace: string): boolean
  of<T extends KubeObject>(resource: Resource<T>, namespace: string): ReadStore<T> | undefined
  /** All of them, in no particular order. */
  experiments(): readonly StoredExperiment[]
  /** Names of testnets that experiments are for, as keys. */
  targets(): readonly string[]
}

export interface ChaosStoresOptions {
  /** All when empty. */
  readonly namespaces: readonly string[]
  /** Something of the experiments on that testnet changed; `namespace/testnet`. */
  readonly onTarget: (key: string) => void
  readonly onDeleted: (resource: Resource, object: KubeObject) => void
  readonly onNote: (informer: string, resource: Resource, note: InformerNote) => void
  readonly watchTimes?: WatchTimes | undefined
  readonly now: () => number
}

export function openChaosStores(api: Api, options: ChaosStoresOptions): ChaosStores {
  const { namespaces, onTarget, onDeleted, onNote, watchTimes, now } = options
  const everywhere = namespaces.length === 0
  const byPlace = new Map<string, Informer<KubeObject>>()
  const open = <T extends KubeObject>(
    resource: Resource<T>,
    namespace: string | undefined,
    keyOf: (object: T) => string | undefined,
    { labelSelector, trim }: { labelSelector?: string; trim?: (object: T) => T } = {},
  ): void => {
    const informer: Informer<T> = new Informer<T>(api, resource, {
      now,
      ...watchTimes,
      selection: { namespace, labelSelector },
      indexes: { [BY_TARGET]: object => [keyOf(object) ?? ''] },
      ...(trim && { trim }),
      onChange: (change: Change<T>) => {
        if (change.kind === 'deleted') onDeleted(resource as unknown as Resource, change.object)
        const key = keyOf(change.object)
        if (key !== undefined) onTarget(key)
      },
      onNote: note => onNote(informer.name, resource as unknown as Resource, note),
    })
    byPlace.set(place(resource as unknown as Resource, namespace), informer as unknown as Informer<KubeObject>)
  }
  for (const namespace of everywhere ? [undefined] : namespaces) {
    open(experiments, namespace, experimentKey)
    open(resources.jobs, namespace, labelledKey, { labelSelector: EXPERIMENT_LABEL, trim: trimJob })
    open(resources.pods, namespace, labelledKey, { labelSelector: EXPERIMENT_LABEL, trim: trimPod })
  }
  const all = (): StoredExperiment[] =>
    [...byPlace].flatMap(([key, { store }]) =>
      key.startsWith(`${experiments.plural} `) ? (store.list() as StoredExperiment[]) : [],
    )
  const at = (resource: Resource, namespace: string) => byPlace.get(place(resource, everywhere ? undefined : namespace))
  return {
    informers: [...byPlace.values()],
    synced: namespace =>
      ([experiments, resources.jobs, resources.pods] as Resource[]).every(
        resource => at(resource, namespace)?.hasSynced ?? false,
      ),
    of: <T extends KubeObject>(resource: Resource<T>, namespace: string) =>
      at(resource as unknown as Resource, namespace)?.store as unknown as ReadStore<T> | undefined,
    experiments: all,
    targets: () => [...new Set(all().flatMap(each => experimentKey(each) ?? []))],
  }
}

const place = ({ plural }: Resource, namespace: string | undefined): string => `${plural} ${namespace ?? ''}`

export function experimentKey(experiment: StoredExperiment): string | undefined {
  const testnet = testnetOf(experiment)
  return testnet === undefined ? undefined : `${experiment.metadata.namespace}/${testnet}`
}

function labelledKey({ metadata }: KubeObject): string | undefined {
  const testnet = metadata.labels?.[TARGET_LABEL]
  return testnet === undefined ? undefined : `${metadata.namespace}/${testnet}`
}

/** What a Job was asked for is known. */
function trimJob({ apiVersion, kind, metadata, status }: Job): Job {
  return { ...(apiVersion && { apiVersion }), ...(kind && { kind }), metadata, ...(status && { status }) }
}

function trimPod({ apiVersion, kind, metadata, status }: Pod): Pod {
  const { annotations: _, ...kept } = metadata
  return { ...(apiVersion && { apiVersion }), ...(kind && { kind }), metadata: kept, ...(status && { status }) }
}
