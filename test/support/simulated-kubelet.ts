// Scheduler and kubelet of machines that do not exist: binds pods, says that they run, and answers for the nodes in them.
// What a pod does follows from its image: `pull...` cannot be pulled, `crash...` crashes, `never...` is never ready.
import { createServer, type Server } from 'node:http'
import type { NodeStatus } from '../../api/observation.ts'
import type { Api } from '../../operator/kubernetes/runtime/api.ts'
import { Informer } from '../../operator/kubernetes/runtime/informer.ts'
import { keyOf, objectPath, type Pod, resources } from '../../operator/kubernetes/runtime/resource.ts'
import { type ForkOf, SimulatedChain } from './simulated-chain.ts'

const HTTP_PORT = 8080
const LEASE_MS = 10_000
const MAX_TRIES = 20

interface Running {
  readonly uid: string
  server: Server | undefined
  address: string
}

export class SimulatedKubelet {
  readonly #api: Api
  readonly #stop = new AbortController()
  readonly #pods: Informer<Pod>
  readonly #running = new Map<string, Running>()
  readonly #busy = new Map<string, Promise<void>>()
  readonly #again = new Set<string>()
  readonly #chains = new Map<string, SimulatedChain>()
  readonly #machines: readonly string[]
  readonly #lost = new Set<string>()
  readonly #timers: NodeJS.Timeout[] = []
  #next = 0
  #addresses = 0
  #ended: Promise<void> | undefined
  /** Blocks come so often. */
  blockIntervalMs = 200
  /** Pods, as `namespace/testnet-miners-0`, whose nodes follow a chain of their own. */
  readonly forks = new Map<string, ForkOf>()
  /** What nodes answer beside their status, by path: JSON, or the text of a stream that stays open. */
  readonly answers = new Map<string, unknown>()
  /** Pods whose nodes do not answer. */
  readonly silent = new Set<string>()
  /** Pods that are not started while this says so. */
  hold: (pod: Pod) => boolean = () => false

  constructor(api: Api, machines: readonly string[] = ['sim-0', 'sim-1']) {
    this.#api = api
    this.#machines = machines
    this.#pods = new Informer(api, resources.pods, { onChange: ({ object }) => this.#turn(keyOf(object.metadata)) })
  }

  async start(): Promise<void> {
    for (const name of this.#machines) await this.#register(name)
    this.#ended = this.#pods.run(this.#stop.signal)
    await this.#pods.synced
    // What was held may go by now.
    this.#timers.push(setInterval(() => this.retry(), 200))
    for (const name of this.#machines)
      this.#timers.push(setInterval(() => void this.#renew(name).catch(() => {}), LEASE_MS))
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    this.#stop.abort()
    await this.#ended
    await Promise.all(this.#busy.values())
    await Promise.all([...this.#running.keys()].map(key => this.#end(key)))
  }

  /** Looks at every pod again. */
  retry(): void {
    for (const { metadata } of this.#pods.store.list()) {
      const key = keyOf(metadata)
      if (!this.#running.has(key)) this.#turn(key)
    }
  }

  chain(namespace: string, testnet: string): SimulatedChain {
    const key = `${namespace}/${testnet}`
    const known = this.#chains.get(key) ?? new SimulatedChain(this.blockIntervalMs)
    this.#chains.set(key, known)
    return known
  }

  /** The machine renews nothing any more, and its pods answer nobody. */
  lose(machine: string): void {
    this.#lost.add(machine)
  }

  #turn(key: string): void {
    if (this.#busy.has(key)) {
      this.#again.add(key)
      return
    }
    const work = this.#work(key)
      .catch(() => {})
      .finally(() => {
        this.#busy.delete(key)
        if (this.#again.delete(key)) this.#turn(key)
      })
    this.#busy.set(key, work)
  }

  async #work(key: string): Promise<void> {
    const pod = this.#pods.store.get(key)
    const running = this.#running.get(key)
    if (running && running.uid !== pod?.metadata.uid) await this.#end(key)
    if (!pod || this.#stop.signal.aborted || this.hold(pod)) return
    if (pod.metadata.deletionTimestamp) {
      if (this.#lost.has(pod.spec?.nodeName ?? '')) return
      await this.#end(key)
      const query = { gracePeriodSeconds: '0' }
      await this.#api.send({
        method: 'DELETE',
        path: objectPath(resources.pods, pod.metadata),
        query,
        signal: this.#stop.signal,
      })
      return
    }
    if (!pod.spec?.nodeName) {
      const machines = this.#machines.filter(name => !this.#lost.has(name))
      const machine = machines[this.#next++ % machines.length]!
      const body = {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: pod.metadata.name },
        target: { apiVersion: 'v1', kind: 'Node', name: machine },
      }
      const path = objectPath(resources.pods, pod.metadata, 'binding')
      await this.#api.send({ method: 'POST', path, body, signal: this.#stop.signal })
      return
    }
    if (this.#running.has(key)) return
    const image = pod.spec.containers[0]?.image ?? ''
    const entry: Running = { uid: pod.metadata.uid ?? '', server: undefined, address: '' }
    this.#running.set(key, entry)
    if (image.startsWith('pull'))
      return await this.#say(pod, statusOf(pod, '', waiting('ImagePullBackOff', `Back-off pulling image "${image}"`)))
    if (image.startsWith('crash')) return await this.#say(pod, statusOf(pod, '127.0.0.1', crashing))
    await this.#listen(pod, entry)
    await this.#say(pod, statusOf(pod, entry.address, image.startsWith('never') ? unready : ready))
  }

  async #end(key: string): Promise<void> {
    const { server } = this.#running.get(key) ?? {}
    this.#running.delete(key)
    if (!server) return
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }

  async #listen(pod: Pod, entry: Running): Promise<void> {
    const { name, namespace = '', labels = {} } = pod.metadata
    const testnet = labels['trellis.dev/testnet'] ?? ''
    const chain = this.chain(namespace, testnet)
    const server = createServer((request, response) => {
      const key = keyOf(pod.metadata)
      if (this.silent.has(key) || this.#lost.has(pod.spec?.nodeName ?? '')) return
      const node = name.slice(testnet.length + 1)
      const answer = this.answers.get(request.url ?? '')
      if (typeof answer === 'string') return void response.write(answer)
      if (answer !== undefined) return void response.end(JSON.stringify(answer))
      const body = (): NodeStatus => chain.status(node, testnet, labels, this.forks.get(key))
      response.writeHead(request.url === '/status' ? 200 : 404, { connection: 'close' })
      response.end(request.url === '/status' ? JSON.stringify(body()) : '')
    })
    entry.server = server
    for (let attempt = 0; ; attempt++) {
      entry.address = this.#address()
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      server.once('error', reject)
      server.listen(HTTP_PORT, entry.address, resolve)
      const error = await promise.then(
        () => undefined,
        problem => problem,
      )
      server.off('error', reject)
      if (!error) return
      if (attempt >= MAX_TRIES) throw error
    }
  }

  /** Of this process's own corner of the loopback network. */
  #address(): string {
    const index = this.#addresses++
    return `127.${16 + (process.pid % 200)}.${1 + (Math.floor(index / 250) % 250)}.${1 + (index % 250)}`
  }

  async #say({ metadata }: Pod, status: Pod['status']): Promise<void> {
    await this.#api.send({
      method: 'PATCH',
      path: objectPath(resources.pods, metadata, 'status'),
      contentType: 'application/merge-patch+json',
      body: { status },
      signal: this.#stop.signal,
    })
  }

  async #register(name: string): Promise<void> {
    const { signal } = this.#stop
    const metadata = { name }
    const path = '/api/v1/nodes'
    await this.#api.send({ method: 'POST', path, body: { apiVersion: 'v1', kind: 'Node', metadata }, signal })
    await this.#api.send({
      method: 'PATCH',
      path: `${path}/${name}/status`,
      contentType: 'application/merge-patch+json',
      body: { status: { conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }] } },
      signal,
    })
    const namespaces = '/api/v1/namespaces'
    const leases = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-node-lease' } }
    await this.#api.send({ method: 'POST', path: namespaces, body: leases, signal }).catch(() => {})
    await this.#renew(name)
  }

  async #renew(name: string): Promise<void> {
    if (this.#lost.has(name)) return
    await this.#api.send({
      method: 'PATCH',
      path: objectPath(resources.leases, { namespace: 'kube-node-lease', name }),
      query: { fieldManager: 'kubelet', force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body: {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name },
        spec: {
          holderIdentity: name,
          leaseDurationSeconds: 40,
          renewTime: new Date().toISOString().replace('Z', '000Z'),
        },
      },
      signal: this.#stop.signal,
    })
  }
}

interface Container {
  readonly phase: 'Pending' | 'Running'
  readonly ready: boolean
  readonly started: boolean
  readonly state: Record<string, unknown>
  readonly lastState?: Record<string, unknown>
  readonly restartCount: number
}

const running = { running: { startedAt: '2026-01-01T00:00:00Z' } }
const ready: Container = { phase: 'Running', ready: true, started: true, state: running, restartCount: 0 }
const unready: Container = { ...ready, ready: false }
const waiting = (reason: string, message: string): Container => ({
  phase: 'Pending',
  ready: false,
  started: false,
  state: { waiting: { reason, message } },
  restartCount: 0,
})
const crashing: Container = {
  ...waiting('CrashLoopBackOff', 'back-off 10s restarting failed container=node'),
  phase: 'Running',
  lastState: { terminated: { exitCode: 1, reason: 'Error', message: '{"level":"error","msg":"boiler burst"}\n' } },
  restartCount: 3,
}

function statusOf(pod: Pod, address: string, container: Container): Pod['status'] {
  const at = new Date().toISOString().replace(/\.\d+/, '')
  const { phase, ready, started, state, lastState = {}, restartCount } = container
  const condition = (type: string, holds: boolean) => ({
    type,
    status: holds ? 'True' : 'False',
    lastTransitionTime: at,
  })
  const image = pod.spec?.containers[0]?.image ?? ''
  return {
    phase,
    startTime: at,
    ...(address && { podIP: address, podIPs: [{ ip: address }] }),
    conditions: [
      condition('PodScheduled', true),
      condition('Initialized', true),
      condition('ContainersReady', ready),
      condition('Ready', ready),
    ],
    containerStatuses: [{ name: 'node', image, imageID: image, ready, started, restartCount, state, lastState }],
  }
}
