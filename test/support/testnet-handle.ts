// One Testnet on a simulated cluster, as a user of kubectl would handle it.
import { setTimeout as delay } from 'node:timers/promises'
import type { Condition } from '../../api/conditions.ts'
import type { TestnetStatus } from '../../api/status.ts'
import {
  type KubeObject,
  type Pod,
  type Resource,
  resources,
  type StatefulSet,
} from '../../operator/kubernetes/runtime/resource.ts'
import { testnets } from '../../operator/kubernetes/testnet/stored-testnet.ts'
import { labelled } from '../../operator/kubernetes/testnet/stores.ts'
import type { StoredTestnet } from '../../operator/kubernetes/testnet/world.ts'
import { until } from '../cluster/until.ts'
import { never } from './api-server.ts'
import type { SimulatedCluster } from './simulated-cluster.ts'

/** A bootstrap node and two miners. */
export const smallSpec = {
  chain: { blockInterval: '200ms' },
  groups: [
    { name: 'boot', role: 'bootstrap' },
    { name: 'miners', role: 'miner', count: 2 },
  ],
}
const WITHIN_MS = 30_000

export class TestnetHandle {
  readonly cluster: SimulatedCluster
  readonly namespace: string
  readonly name: string
  /** What else to show when a deadline passes. */
  readonly more: () => string

  constructor(cluster: SimulatedCluster, namespace: string, name = 'net', more = () => '') {
    this.cluster = cluster
    this.namespace = namespace
    this.name = name
    this.more = more
  }

  async apply(spec: object = smallSpec): Promise<StoredTestnet> {
    const { apiVersion, kind } = testnets
    const object = { apiVersion, kind, metadata: { name: this.name, namespace: this.namespace }, spec }
    return await this.cluster.writer.apply(testnets, object, never)
  }

  async patch(spec: object): Promise<void> {
    await this.cluster.patch(testnets, this, { spec })
  }

  async remove(): Promise<void> {
    await this.cluster.writer.delete(testnets, this, {}, never)
  }

  async stored(): Promise<StoredTestnet | undefined> {
    return await this.cluster.get(testnets, this.namespace, this.name)
  }

  async status(): Promise<TestnetStatus> {
    return (await this.stored())?.status ?? {}
  }

  /** Resolves with the condition once it is so of the newest generation. */
  async becomes(type: string, status: string, reason?: string, withinMs = WITHIN_MS): Promise<Condition> {
    const what = `${this.name} ${type} is ${status}${reason ? ` (${reason})` : ''}`
    return await until(what, { withinMs, everyMs: 50, describe: () => this.describe() }, async () => {
      const stored = await this.stored()
      const condition = stored?.status?.conditions?.find(each => each.type === type)
      return (
        condition?.status === status &&
        (reason === undefined || condition.reason === reason) &&
        (condition.observedGeneration ?? 0) >= (stored?.metadata.generation ?? 0) &&
        condition
      )
    })
  }

  /** The condition is false, and its reason or message says so. */
  async says(type: string, words: RegExp, withinMs = WITHIN_MS): Promise<Condition> {
    const what = `${this.name} ${type} says ${words}`
    return await until(what, { withinMs, everyMs: 50, describe: () => this.describe() }, async () => {
      const condition = (await this.status()).conditions?.find(each => each.type === type)
      return condition?.status === 'False' && words.test(`${condition.reason}: ${condition.message}`) && condition
    })
  }

  ready(withinMs = WITHIN_MS): Promise<Condition> {
    return this.becomes('Ready', 'True', undefined, withinMs)
  }

  async until(what: string, condition: () => Promise<unknown>, withinMs = WITHIN_MS): Promise<void> {
    await until(what, { withinMs, everyMs: 50, describe: () => this.describe() }, async () =>
      Boolean(await condition()),
    )
  }

  /** Looks again and again for so long. @throws Error when it is not so once */
  async stays(what: string, forMs: number, condition: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + forMs
    while (performance.now() < end) {
      if (!(await condition())) throw new Error(`not so: ${what}\n${await this.describe()}`)
      await delay(50)
    }
  }

  async pods(): Promise<Pod[]> {
    return (await this.#labelled(resources.pods)).sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  }

  async podNames(): Promise<string[]> {
    return (await this.pods()).map(({ metadata }) => metadata.name)
  }

  async images(): Promise<string[]> {
    return (await this.pods()).map(({ spec }) => spec?.containers[0]?.image ?? '')
  }

  async statefulSet(group: string): Promise<StatefulSet | undefined> {
    return await this.cluster.get(resources.statefulSets, this.namespace, `${this.name}-${group}`)
  }

  /** Everything that carries the testnet's label. */
  async objects(): Promise<KubeObject[]> {
    return (await Promise.all(labelled.map(resource => this.#labelled(resource as Resource<KubeObject>)))).flat()
  }

  async describe(): Promise<string> {
    const { conditions = [], ...status } = await this.status()
    const pods = (await this.pods()).map(
      ({ metadata, spec, status }) =>
        `${metadata.name} ${spec?.containers[0]?.image} ${status?.phase} ready=${status?.containerStatuses?.[0]?.ready}${metadata.deletionTimestamp ? ' going' : ''}`,
    )
    const sets = (await this.#labelled(resources.statefulSets)).map(
      ({ metadata, spec, status }) =>
        `${metadata.name} ${status?.readyReplicas ?? 0}/${spec?.replicas} updated ${status?.updatedReplicas ?? 0} partition ${spec?.updateStrategy?.rollingUpdate?.partition}`,
    )
    const events = (await this.cluster.list(resources.events, this.namespace)).map(
      ({ type, reason, note, regarding }) => `${type} ${reason} ${regarding?.kind}/${regarding?.name}: ${note}`,
    )
    return [
      ...conditions.map(({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`),
      JSON.stringify(status),
      ...sets,
      ...pods,
      ...events.slice(-12),
      this.more(),
    ].join('\n')
  }

  async #labelled<T extends KubeObject>(resource: Resource<T>): Promise<T[]> {
    const selection = { namespace: this.namespace, labelSelector: `trellis.dev/testnet=${this.name}` }
    return (await this.cluster.api.page(resource, selection, 10_000, undefined, never)).items
  }
}
