// Fills a world from the stores and from what this process wrote a moment ago. Reads, and asks nobody.
import { experimentStatusSchema } from '../../../api/status.ts'
import { type Event, type Job, type KubeObject, type Resource, resources } from '../runtime/resource.ts'
import type { ReadStore } from '../runtime/store.ts'
import { withReadableStatus } from '../stored-document.ts'
import { eventTime } from '../testnet/event-time.ts'
import type { StoredTestnet } from '../testnet/world.ts'
import type { WriteMemory } from '../testnet/write-memory.ts'
import { TARGET_LABEL } from './names.ts'
import { experiments, type StoredExperiment } from './stored-experiment.ts'
import { BY_TARGET, type ChaosStores, experimentKey } from './stores.ts'
import type { ChaosWorld } from './world.ts'

/** Warnings given to a plan; the newest are. */
const MAX_WARNINGS = 64

export interface ChaosSources {
  readonly stores: ChaosStores
  readonly memory: WriteMemory
  readonly testnet: StoredTestnet | undefined
  /** Of the namespace. */
  readonly events: readonly Event[]
  readonly refusals: ReadonlyMap<string, string>
}

export function observeChaos(
  { namespace, testnet }: Pick<ChaosWorld, 'namespace' | 'testnet'>,
  { stores, memory, testnet: storedTestnet, events, refusals }: ChaosSources,
): ChaosWorld {
  const key = `${namespace}/${testnet}`
  const known = <T extends KubeObject>(resource: Resource<T>, ofTarget: (object: T) => boolean): T[] => {
    const store: ReadStore<T> | undefined = stores.of(resource, namespace)
    const stored = new Map((store?.by(BY_TARGET, key) ?? []).map(object => [object.metadata.name, object]))
    // Made a moment ago, and not told of yet.
    for (const written of memory.all(resource as unknown as Resource, namespace) as T[])
      if (ofTarget(written) && !stored.has(written.metadata.name)) stored.set(written.metadata.name, written)
    return [...stored.values()].map(object => memory.newest(resource, object.metadata, object) ?? object)
  }
  return {
    namespace,
    testnet,
    storedTestnet,
    experiments: known<StoredExperiment>(experiments, each => experimentKey(each) === key).map(each =>
      withReadableStatus(each, experimentStatusSchema),
    ),
    jobs: known<Job>(resources.jobs, ({ metadata }) => metadata.labels?.[TARGET_LABEL] === testnet),
    pods: stores.of(resources.pods, namespace)?.by(BY_TARGET, key) ?? [],
    warnings: events
      .filter(({ regarding }) => regarding?.kind === resources.jobs.kind)
      .sort((a, b) => eventTime(a) - eventTime(b))
      .slice(-MAX_WARNINGS),
    refusals,
  }
}
