// The controller of experiments: a key is a testnet, and all experiments on it are looked at together.

import type { Outcome } from '../../outside-metrics.ts'
import type { Wanted } from '../build/testnet-objects.ts'
import type { OperatorConfig } from '../config.ts'
import { outcomeOf } from '../outside-view.ts'
import type { Api } from '../runtime/api.ts'
import { isConflict, isNotFound } from '../runtime/api-error.ts'
import type { Result } from '../runtime/controller.ts'
import type { EventRecorder } from '../runtime/events.ts'
import { type KubeObject, nameOf, type ObjectName, type Resource, resources } from '../runtime/resource.ts'
import type { Writer } from '../runtime/writer.ts'
import { isRefusal } from '../testnet/execute.ts'
import { testnets } from '../testnet/stored-testnet.ts'
import { BY_NAMESPACE, type Stores } from '../testnet/stores.ts'
import { WriteMemory } from '../testnet/write-memory.ts'
import { observeChaos } from './observe.ts'
import { planChaos } from './plan.ts'
import { experiments } from './stored-experiment.ts'
import type { ChaosStores } from './stores.ts'
import type { ExperimentPlan } from './world.ts'

/** Until the definitions are there, or the server can be heard. */
const NOT_SYNCED_MS = 1_000
/** What was refused is tried again: quotas and roles change. */
const REFUSED_MS = 5_000
const MAX_REFUSALS = 1_024

export interface ChaosControllerParts {
  readonly runner: NonNullable<OperatorConfig['runner']>
  readonly api: Api
  readonly writer: Writer
  readonly recorder: EventRecorder
  readonly stores: ChaosStores
  readonly testnetStores: Stores
  /** A run is over, and this process was the first to say so. */
  readonly onOutcome: (outcome: Outcome) => void
}

export class ChaosController {
  readonly memory = new WriteMemory()
  readonly #parts: ChaosControllerParts
  /** By uid of the experiment. */
  readonly #refusals = new Map<string, string>()

  constructor(parts: ChaosControllerParts) {
    this.#parts = parts
  }

  /** Brings the experiments on the testnet of that key nearer to what they say. */
  async reconcile(key: string, signal: AbortSignal): Promise<Result> {
    const { stores, testnetStores, runner } = this.#parts
    const { namespace = '', name } = nameOf(key)
    if (!stores.synced(namespace)) return { requeueAfterMs: NOT_SYNCED_MS }
    const world = observeChaos(
      { namespace, testnet: name },
      {
        stores,
        memory: this.memory,
        testnet: testnetStores.of(testnets, namespace)?.get(key),
        events: testnetStores.of(resources.events, namespace)?.by(BY_NAMESPACE, namespace) ?? [],
        refusals: this.#refusals,
      },
    )
    const { experiments: plans, requeueAfterMs } = planChaos(world, { runner }, Date.now())
    let refused = false
    for (const plan of plans) refused = (await this.#carryOut(plan, signal)) || refused
    const after = [requeueAfterMs, ...(refused ? [REFUSED_MS] : [])].filter(time => time !== undefined)
    return after.length > 0 ? { requeueAfterMs: Math.min(...after) } : {}
  }

  /** True when the server refused something. */
  async #carryOut(plan: ExperimentPlan, signal: AbortSignal): Promise<boolean> {
    const { writer, recorder } = this.#parts
    const { experiment, status, create, remove, notices } = plan
    const { namespace, name, uid = '', resourceVersion } = experiment.metadata
    if (status) {
      try {
        // With its version: the runner may have said how it ended since.
        const metadata = { namespace, name, uid, resourceVersion }
        this.memory.wrote(experiments, await writer.applyStatus(experiments, { metadata, status }, signal))
      } catch (error) {
        // Deleted while we looked: all of it goes with it.
        if (isNotFound(error)) return false
        throw error
      }
      const outcome = outcomeOf(experiment, status)
      if (outcome) this.#parts.onOutcome(outcome)
    }
    const { apiVersion, kind } = experiments
    for (const notice of notices)
      recorder.record({ ...experiment, apiVersion, kind }, { ...notice, action: 'Reconcile' })
    const refusal = await this.#create(create, uid, signal)
    if (refusal === undefined) this.#refusals.delete(uid)
    else this.#remember(uid, refusal)
    for (const { resource, name, uid, atOnce } of remove) {
      try {
        // Until its pods are gone, so that who waits for the heal has something to look at.
        const propagation = resource.plural === resources.jobs.plural && !atOnce ? 'Foreground' : 'Background'
        await writer.delete(resource, { namespace, name }, { uid, propagation }, signal)
      } catch (error) {
        // The name is another object's by now.
        if (!isConflict(error)) throw error
      }
    }
    return refusal !== undefined
  }

  /** Why one could not be made; those after it are left for another time. */
  async #create(wanted: readonly Wanted[], owner: string, signal: AbortSignal): Promise<string | undefined> {
    const { writer } = this.#parts
    for (const { resource, object } of wanted) {
      const { name, namespace } = object.metadata
      try {
        const found = await this.#find(resource, { namespace, name }, signal)
        if (found?.metadata.ownerReferences?.some(({ uid }) => uid === owner)) continue
        if (found)
          return `${resource.kind} ${name} is somebody else's, or of an experiment that is just going: delete it, or choose another name`
        this.memory.wrote(resource, await writer.create(resource as Resource<KubeObject>, object, signal))
      } catch (error) {
        if (!isRefusal(error)) throw error
        return `${resource.kind} ${name} was refused: ${error.message}`
      }
    }
    return undefined
  }

  async #find(resource: Resource, name: ObjectName, signal: AbortSignal): Promise<KubeObject | undefined> {
    try {
      return await this.#parts.api.get(resource, name, signal)
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  #remember(uid: string, refusal: string): void {
    this.#refusals.delete(uid)
    this.#refusals.set(uid, refusal)
    if (this.#refusals.size > MAX_REFUSALS)
      for (const oldest of this.#refusals.keys()) return void this.#refusals.delete(oldest)
  }
}
