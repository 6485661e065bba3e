// What a reconciliation of a testnet's experiments sees, and what it decides. All of them are looked at together: only one
// runs at a time, because each is judged by all nodes of its testnet.
import type { ExperimentStatus } from '../../../api/status.ts'
import type { Wanted } from '../build/testnet-objects.ts'
import type { Event, Job, Pod, Resource } from '../runtime/resource.ts'
import type { Notice, StoredTestnet } from '../testnet/world.ts'
import type { StoredExperiment } from './stored-experiment.ts'

export interface ChaosWorld {
  readonly namespace: string
  /** Name of the testnet, whether there is one or not. */
  readonly testnet: string
  readonly storedTestnet: StoredTestnet | undefined
  /** That name the testnet, in no particular order. */
  readonly experiments: readonly StoredExperiment[]
  /** Of runners of this testnet, also those of experiments that are gone. */
  readonly jobs: readonly Job[]
  readonly pods: readonly Pod[]
  /** Warnings about Jobs of the namespace, newest last. */
  readonly warnings: readonly Event[]
  /** By uid of the experiment: what the server said no to, of the objects of its run. */
  readonly refusals: ReadonlyMap<string, string>
}

export interface Removal {
  readonly resource: Resource
  readonly name: string
  readonly uid: string
  /** What it owns is left to the garbage collector, so that its name is free at once. */
  readonly atOnce?: boolean | undefined
}

/** What is to be done about one experiment, in this order: status, objects, runs, removals. */
export interface ExperimentPlan {
  readonly experiment: StoredExperiment
  /** Undefined when the stored one says the same. */
  readonly status: ExperimentStatus | undefined
  /** Made once and never changed: an operator of another version leaves a run as it is. */
  readonly create: readonly Wanted[]
  readonly remove: readonly Removal[]
  readonly notices: readonly Notice[]
}

export interface ChaosPlan {
  readonly experiments: readonly ExperimentPlan[]
  /** When to look again although nothing happens. */
  readonly requeueAfterMs: number | undefined
}
