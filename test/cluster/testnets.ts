// Testnets of a case: each case has a namespace of its own, applies Testnets there, and waits for what they become. When
// a deadline passes, everything that could explain it is shown.
import type { NodeStatus } from '../../api/observation.ts'
import type { TestnetStatus } from '../../api/status.ts'
import type { Testnet } from '../../api/testnet.ts'
import { podName, testnetSelector } from '../../operator/kubernetes/build/names.ts'
import { type Pod, resource, resources } from '../../operator/kubernetes/runtime/resource.ts'
import type { StoredTestnet } from '../../operator/kubernetes/testnet/world.ts'
import { ask, type Changes, change, create, get, list, remove } from './cluster-api.ts'
import { stateOf } from './explanation.ts'
import { until } from './until.ts'

export const testnetKind = resource<StoredTestnet>('trellis.dev/v1alpha1', 'Testnet', 'testnets')

/** What a small testnet says besides its groups; an hour of blocks takes half an hour. */
const quick = { chain: { blockInterval: '500ms', finality: { checkpointInterval: 4 } } }
export const boot = { name: 'boot', role: 'bootstrap' } as const
export const miners = (count: number, more: Changes = {}) => ({ name: 'miner', role: 'miner', count, ...more })

/** Pods that the namespace takes: as harmless as Kubernetes can ask for, unless a case needs others. */
type Profile = 'restricted' | 'privileged'

export class TestNamespace {
  readonly name: string

  private constructor(name: string) {
    this.name = name
  }

  static async create(name: string, profile: Profile = 'restricted'): Promise<TestNamespace> {
    const full = `trellis-${name}-${process.pid}`
    await create(resources.namespaces, {
      metadata: { name: full, labels: { 'pod-security.kubernetes.io/enforce': profile } },
    })
    await until(
      `the service account of ${full}`,
      { withinMs: 20_000 },
      async () => (await list(resource('v1', 'ServiceAccount', 'serviceaccounts'), full)).length > 0,
    )
    return new TestNamespace(full)
  }

  /** Creates a Testnet of these groups; `spec` may say more. */
  async testnet(name: string, groups: readonly object[], spec: Changes = {}): Promise<RunningTestnet> {
    const { apiVersion, kind } = testnetKind
    const body = { apiVersion, kind, metadata: { name, namespace: this.name }, spec: { ...quick, groups, ...spec } }
    await create(testnetKind, body)
    return this.running(name)
  }

  /** One that somebody else applied. */
  running(name: string): RunningTestnet {
    return new RunningTestnet(this.name, name)
  }

  async remove(): Promise<void> {
    await remove(resources.namespaces, { name: this.name })
    await until(
      `namespace ${this.name} is gone`,
      { withinMs: 90_000, everyMs: 200, describe: () => stateOf(this.name) },
      async () => (await get(resources.namespaces, { name: this.name })) === undefined,
    )
  }
}

export class RunningTestnet {
  readonly namespace: string
  readonly name: string

  constructor(namespace: string, name: string) {
    this.namespace = namespace
    this.name = name
  }

  /** @throws Error when it is gone */
  async stored(): Promise<StoredTestnet> {
    const found = await get(testnetKind, this)
    if (!found) throw new Error(`Testnet ${this.namespace}/${this.name} is gone`)
    return found
  }

  async status(): Promise<TestnetStatus> {
    return (await this.stored()).status ?? {}
  }

  /** Merge patch of the spec. */
  async change(spec: Changes): Promise<void> {
    await change(testnetKind, this, { spec })
  }

  /** The same groups, as `edit` makes them. */
  async changeGroups(edit: (group: Testnet['spec']['groups'][number]) => object): Promise<void> {
    const { spec } = await this.stored()
    await this.change({ groups: (spec as Testnet['spec']).groups.map(edit) })
  }

  async until<T>(
    what: string,
    withinMs: number,
    condition: () => Promise<T> | T,
  ): Promise<NonNullable<Exclude<T, false>>> {
    const describe = () => stateOf(this.namespace)
    return await until(`${what} (${this.namespace}/${this.name})`, { withinMs, everyMs: 200, describe }, condition)
  }

  /** Its condition of that type says so of the Testnet as it is now. */
  async untilCondition(type: string, status: 'True' | 'False' | 'Unknown', withinMs: number, reason?: string) {
    return await this.until(`${type} is ${status}${reason ? ` for ${reason}` : ''}`, withinMs, async () => {
      const stored = await this.stored()
      const found = (stored.status?.conditions ?? []).find(one => one.type === type)
      return (
        found?.status === status &&
        found.observedGeneration === stored.metadata.generation &&
        (reason === undefined || found.reason === reason) &&
        found
      )
    })
  }

  /** Ready, with all conditions that sum up to it, and every node that it wants. */
  async untilReady(withinMs = 60_000): Promise<TestnetStatus> {
    await this.untilCondition('Ready', 'True', withinMs)
    return await this.status()
  }

  async pods(): Promise<Pod[]> {
    const [[label, value]] = Object.entries(testnetSelector(this.name)) as [[string, string]]
    return await list(resources.pods, this.namespace, `${label}=${value}`)
  }

  async pod(node: string): Promise<Pod | undefined> {
    return await get(resources.pods, { namespace: this.namespace, name: podName(this.name, node) })
  }

  /** JSON of a node's HTTP API, through the API server. */
  async node<T>(node: string, path: string, withinMs?: number): Promise<T> {
    const pod = `${podName(this.name, node)}:8080`
    return await ask<T>(`/api/v1/namespaces/${this.namespace}/pods/${pod}/proxy${path}`, withinMs)
  }

  async nodeStatus(node: string, withinMs?: number): Promise<NodeStatus> {
    return await this.node<NodeStatus>(node, '/status', withinMs)
  }

  async delete(): Promise<void> {
    await remove(testnetKind, this)
  }
}
