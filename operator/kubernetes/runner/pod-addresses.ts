// Where the nodes of a testnet are now: the addresses of their pods, followed by a watch.
import type { Expanded } from '../../testnet/spec.ts'
import { podName, testnetSelector } from '../build/names.ts'
import { AGENT_CONTAINER } from '../build/net-agent.ts'
import type { Api } from '../runtime/api.ts'
import { Informer } from '../runtime/informer.ts'
import { keyOf, type Pod, resources } from '../runtime/resource.ts'
import { isTerminating } from '../testnet/pods.ts'

export interface NodePod {
  readonly name: string
  readonly uid: string
  readonly ip: string
  /** A net agent stands beside the node. */
  readonly agent: boolean
}

export class PodAddresses {
  readonly #informer: Informer<Pod>
  readonly #names: ReadonlyMap<string, string>
  readonly #keys: ReadonlyMap<string, string>
  readonly #listeners = new Set<(node: string) => void>()

  constructor(api: Api, namespace: string, { name, nodes }: Pick<Expanded, 'name' | 'nodes'>) {
    this.#keys = new Map(nodes.map(node => [node.name, keyOf({ namespace, name: podName(name, node.name) })]))
    this.#names = new Map(nodes.map(node => [podName(name, node.name), node.name]))
    const [[label, value]] = Object.entries(testnetSelector(name)) as [[string, string]]
    this.#informer = new Informer<Pod>(api, resources.pods, {
      selection: { namespace, labelSelector: `${label}=${value}` },
      onChange: change => {
        const node = this.#names.get(change.object.metadata.name)
        const before = change.kind === 'updated' ? addressOf(change.before) : undefined
        const after = change.kind === 'deleted' ? undefined : addressOf(change.object)
        const same = before?.ip === after?.ip && before?.uid === after?.uid
        if (node !== undefined && !same) for (const tell of this.#listeners) tell(node)
      },
    })
  }

  /** Resolves once all pods are known. */
  async start(signal: AbortSignal): Promise<void> {
    void this.#informer.run(signal)
    await Promise.race([
      this.#informer.synced,
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true })),
    ])
  }

  /** Undefined while the node has no pod with an address. */
  of(node: string): NodePod | undefined {
    const pod = this.#informer.store.get(this.#keys.get(node) ?? '')
    return pod && addressOf(pod)
  }

  /** Told of a node whose pod has another address, or none, than a moment ago. */
  onChange(listener: (node: string) => void): void {
    this.#listeners.add(listener)
  }
}

function addressOf(pod: Pod): NodePod | undefined {
  const { metadata, spec, status } = pod
  if (isTerminating(pod) || !status?.podIP || ['Succeeded', 'Failed'].includes(status.phase ?? '')) return undefined
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    ip: status.podIP,
    agent: spec?.initContainers?.some(({ name }) => name === AGENT_CONTAINER) ?? false,
  }
}

/** In URLs. */
export const inUrl = (ip: string): string => (ip.includes(':') ? `[${ip}]` : ip)
