// A cluster without machines: the real API server, etcd and controller-manager (StatefulSets, Jobs, garbage collection,
// namespaces, quotas), and a simulated kubelet. For tests of the operator that need pods but no programs in them.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Api } from '../../operator/kubernetes/runtime/api.ts'
import { type KubeObject, objectPath, type Resource, resources } from '../../operator/kubernetes/runtime/resource.ts'
import { Writer } from '../../operator/kubernetes/runtime/writer.ts'
import { type ApiTier, type ApiUser, apiTier } from '../cluster/api-tier.ts'
import { startComponent } from '../cluster/component.ts'
import { installDefinitions } from '../cluster/definitions.ts'
import { alwaysLeader, apiOf, never } from './api-server.ts'
import { SimulatedKubelet } from './simulated-kubelet.ts'

const controllers = [
  'statefulset-controller',
  'job-controller',
  'garbage-collector-controller',
  'namespace-controller',
  'resourcequota-controller',
  'persistentvolumeclaim-protection-controller',
]

export interface SimulatedCluster {
  readonly tier: ApiTier
  readonly api: Api
  readonly writer: Writer
  readonly kubelet: SimulatedKubelet
  /** Makes a namespace that nobody else uses. */
  namespace(): Promise<string>
  get<T extends KubeObject>(kind: Resource<T>, namespace: string, name: string): Promise<T | undefined>
  list<T extends KubeObject>(kind: Resource<T>, namespace: string): Promise<T[]>
  /** Merge-patches an object as somebody else than the operator. */
  patch(kind: Resource, name: { namespace?: string; name: string }, body: unknown): Promise<void>
  down(): Promise<void>
}

export async function simulatedCluster({
  machines = ['sim-0', 'sim-1'],
  apiServerArgs = [] as readonly string[],
  users = [] as readonly ApiUser[],
} = {}): Promise<SimulatedCluster> {
  const tier = await apiTier.up({ apiServerArgs, users })
  const api = apiOf(readFileSync(tier.kubeconfig, 'utf8'))
  const kubelet = new SimulatedKubelet(api, machines)
  const writer = new Writer(api, alwaysLeader)
  const closers: (() => unknown)[] = [() => tier.down(), () => api.close()]
  const down = async () => {
    for (const close of closers.splice(0).reverse()) await close()
  }
  try {
    // Before the garbage collector starts: it looks for kinds when it does, and then every 30 s.
    await installDefinitions(tier)
    const manager = startComponent(
      'kube-controller-manager',
      join(tier.binaries, 'kube-controller-manager'),
      [
        `--kubeconfig=${tier.kubeconfig}`,
        `--controllers=${controllers.join(',')}`,
        '--leader-elect=false',
        '--kube-api-qps=500',
        '--kube-api-burst=1000',
        '--concurrent-statefulset-syncs=20',
        '--secure-port=0',
        '--profiling=false',
      ],
      { cwd: tier.state, logFile: join(tier.state, 'kube-controller-manager.log') },
    )
    closers.push(() => manager.kill())
    await kubelet.start()
    closers.push(() => kubelet.close())
  } catch (error) {
    await down()
    throw error
  }
  return {
    tier,
    api,
    writer,
    kubelet,
    down,
    async namespace() {
      const name = `t-${randomBytes(4).toString('hex')}`
      await writer.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, never)
      return name
    },
    get: (kind, namespace, name) => api.get(kind, { namespace, name }, never).catch(() => undefined),
    async list(kind, namespace) {
      return (await api.page(kind, { namespace }, 10_000, undefined, never)).items
    },
    async patch(kind, name, body) {
      const contentType = 'application/merge-patch+json'
      const query = { fieldManager: 'tests' }
      await api.send({ method: 'PATCH', path: objectPath(kind, name), query, contentType, body, signal: never })
    },
  }
}
