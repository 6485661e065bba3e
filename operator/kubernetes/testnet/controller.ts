// The Testnet controller: looks, plans, carries out, tells. Level-based: a key is a name, and what to do is found out anew.
import { milliseconds } from '../../../api/units.ts'
import { ports } from '../build/names.ts'
import type { Wanted } from '../build/testnet-objects.ts'
import type { OperatorConfig } from '../config.ts'
import type { Api } from '../runtime/api.ts'
import { isNotFound } from '../runtime/api-error.ts'
import type { Result } from '../runtime/controller.ts'
import type { EventRecorder } from '../runtime/events.ts'
import { type KubeObject, nameOf, type Pod, type Resource } from '../runtime/resource.ts'
import type { Writer } from '../runtime/writer.ts'
import { execute } from './execute.ts'
import { drawToken, observe, worldKey } from './observe.ts'
import { earliest, invalidPlan, Planner } from './plan.ts'
import { isUp } from './pods.ts'
import { type Following, type NodePoller, type PollTimes, pollIntervalMs } from './poller.ts'
import { Refusals } from './refusals.ts'
import { StoredTestnets, testnets, withReadableStatus } from './stored-testnet.ts'
import type { Stores } from './stores.ts'
import type { Notice, Plan, StoredTestnet, ValidTestnet, World } from './world.ts'
import { WriteMemory } from './write-memory.ts'

/** At a namespace whose objects could not be listed yet. */
const LOOK_AGAIN_MS = 2_000

export interface ControllerParts {
  readonly config: OperatorConfig
  readonly api: Api
  readonly writer: Writer
  readonly recorder: EventRecorder
  readonly stores: Stores
  readonly poller: NodePoller
  readonly pollTimes?: PollTimes | undefined
  readonly rng: () => number
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** What this process remembers of a testnet between two looks; all of it may be lost. */
interface Memory {
  readonly uid: string
  /** The stored one as it was seen last, so that whoever deletes it does not change it; drawn before there was one. */
  token: string
  readonly refusals: Refusals
  statusWrittenAt: number | undefined
}

export class TestnetController {
  readonly memory: WriteMemory
  readonly #parts: ControllerParts
  readonly #planner: Planner
  readonly #checked = new StoredTestnets()
  readonly #remembered = new Map<string, Memory>()

  constructor(parts: ControllerParts) {
    this.#parts = parts
    this.#planner = new Planner(parts.config)
    this.memory = new WriteMemory(parts.now)
  }

  get planner(): Planner {
    return this.#planner
  }

  /** Brings the testnet of that key nearer to what it says. */
  async reconcile(key: string, signal: AbortSignal): Promise<Result> {
    if (!this.#parts.stores.hasListed(nameOf(key).namespace ?? '')) return { requeueAfterMs: LOOK_AGAIN_MS }
    const stored = this.#stored(key)
    // Everything of it goes with it: its objects name it as their owner.
    if (!stored || stored.metadata.deletionTimestamp) {
      this.#parts.poller.forget(key)
      this.#remembered.delete(key)
      return {}
    }
    const of = this.#memoryOf(key, stored)
    const checked = this.#checked.check(stored)
    if (!checked.valid) {
      this.#parts.poller.forget(key)
      const plan = invalidPlan(stored, checked.problems, { statusWrittenAt: of.statusWrittenAt }, Date.now())
      await this.#tell(stored, plan, of, signal)
      return { requeueAfterMs: plan.requeueAfterMs }
    }
    const { world, plan } = await this.#look(checked.valid, of, signal)
    if (plan.expire) {
      const { namespace, name, uid } = stored.metadata
      await this.#parts.writer.delete(testnets, { namespace, name }, { uid }, signal)
      return {}
    }
    this.#parts.poller.follow(key, this.following(world))
    const { writer, now, rng } = this.#parts
    const outcome = await execute(plan, {
      writer,
      memory: this.memory,
      world,
      standing: wanted => of.refusals.standing(wanted, now()),
      signal,
    })
    const learned = of.refusals.learn(outcome, plan.apply, now(), rng)
    const final = learned ? this.#planner.plan({ ...world, refusals: of.refusals.list() }, Date.now()) : plan
    await this.#tell(stored, { ...final, notices: [...final.notices, ...outcome.altered.map(alteration)] }, of, signal)
    if (outcome.transient !== undefined) throw outcome.transient
    const refusedMs = of.refusals.nextDue === undefined ? undefined : Math.max(0, of.refusals.nextDue - now())
    return { requeueAfterMs: earliest(final.requeueAfterMs, refusedMs) }
  }

  /** The world of a testnet as this process sees it now; undefined when there is none, or none it understands. */
  world(key: string): World | undefined {
    const stored = this.#stored(key)
    const checked = stored && this.#checked.check(stored)
    return checked?.valid && this.#observe(checked.valid, this.#memoryOf(key, checked.valid), [])
  }

  /** Whom to ask, and how often. */
  following({ testnet, pods }: World): Following {
    const { name } = testnet.metadata
    const targets = pods.flatMap(pod =>
      isUp(pod) ? [{ name: nodeOf(pod, name), host: pod.status!.podIP!, port: ports.http }] : [],
    )
    const { status } = testnet
    const converged = status?.conditions?.some(({ type, status }) => type === 'Converged' && status === 'True') ?? false
    const blockIntervalMs = milliseconds(testnet.spec.chain.blockInterval)
    const of = { blockIntervalMs, nodes: targets.length }
    const { pollTimes } = this.#parts
    return {
      testnet: name,
      targets,
      intervalMs: pollIntervalMs({ ...of, settled: converged }, pollTimes),
      apartMs: pollIntervalMs({ ...of, settled: true }, pollTimes),
    }
  }

  #stored(key: string): StoredTestnet | undefined {
    const { namespace = '', name } = nameOf(key)
    const store = this.#parts.stores.of(testnets, namespace)
    const known = store?.get(key)
    // Only of a Testnet that is there: what was written a moment ago may be gone by now.
    return known && this.memory.newest(testnets, { namespace, name }, known)
  }

  #memoryOf(key: string, { metadata: { uid = '' } }: StoredTestnet): Memory {
    const known = this.#remembered.get(key)
    if (known?.uid === uid) return known
    const fresh = { uid, token: drawToken(), refusals: new Refusals(), statusWrittenAt: undefined }
    this.#remembered.set(key, fresh)
    return fresh
  }

  #observe(testnet: ValidTestnet, of: Memory, found: readonly { resource: Resource; object: KubeObject }[]): World {
    const { stores, poller, now } = this.#parts
    const { namespace, name } = testnet.metadata
    const world = observe(testnet, {
      stores,
      memory: this.memory,
      rounds: poller.rounds(`${namespace}/${name}`),
      refusals: of.refusals.list(),
      statusWrittenAt: of.statusWrittenAt,
      token: of.token,
      found,
      now: Date.now(),
      monotonic: now(),
    })
    of.token = world.adminToken
    return world
  }

  /**
   * World and plan. What the plan would create is asked for first: the stores hold only what carries our label, and a
   * name may be somebody else's.
   */
  async #look(testnet: ValidTestnet, of: Memory, signal: AbortSignal): Promise<{ world: World; plan: Plan }> {
    const world = this.#observe(testnet, of, [])
    const plan = this.#planner.plan(world, Date.now())
    const found = await this.#ask(
      plan.apply.filter(({ resource, object }) => !world.stored.has(worldKey(resource, object.metadata.name))),
      signal,
    )
    if (found.length === 0) return { world, plan }
    const whole = this.#observe(testnet, of, found)
    return { world: whole, plan: this.#planner.plan(whole, Date.now()) }
  }

  /** What the API server has under those names; what it has not is left out. */
  async #ask(wanted: readonly Wanted[], signal: AbortSignal): Promise<{ resource: Resource; object: KubeObject }[]> {
    const answers = wanted.map(async ({ resource, object }) => {
      try {
        return [{ resource, object: await this.#parts.api.get(resource, object.metadata, signal) }]
      } catch (error) {
        if (isNotFound(error)) return []
        throw error
      }
    })
    return (await Promise.all(answers)).flat()
  }

  async #tell(testnet: StoredTestnet, { status, notices }: Plan, of: Memory, signal: AbortSignal): Promise<void> {
    const { writer, recorder } = this.#parts
    if (status) {
      const { namespace, name, uid } = testnet.metadata
      try {
        const intent = { metadata: { namespace, name, uid }, status }
        this.memory.wrote(testnets, withReadableStatus(await writer.applyStatus(testnets, intent, signal)))
      } catch (error) {
        // It went while we looked: nobody is left to be told.
        if (isNotFound(error)) return
        throw error
      }
      of.statusWrittenAt = Date.now()
    }
    const { apiVersion, kind } = testnets
    for (const notice of notices) recorder.record({ ...testnet, apiVersion, kind }, { ...notice, action: 'Reconcile' })
  }
}

const alteration = ({ object: { kind, metadata } }: Wanted): Notice => ({
  type: 'Warning',
  reason: 'Altered',
  note: `${kind} ${metadata.name} is not stored as it was applied: a webhook of the cluster changes it. Exempt it from that webhook, or its changes are undone and made again now and then`,
})

/** A pod's name is its node's behind the testnet's. */
export const nodeOf = ({ metadata }: Pod, testnet: string): string => metadata.name.slice(testnet.length + 1)
