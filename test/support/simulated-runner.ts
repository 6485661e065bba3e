// The pods of experiments' runners on a simulated cluster: they stand still until a test says what becomes of them.

import type { ExperimentStatus } from '../../api/status.ts'
import { EXPERIMENT_LABEL } from '../../operator/kubernetes/chaos/names.ts'
import { experiments, type StoredExperiment } from '../../operator/kubernetes/chaos/stored-experiment.ts'
import { type Job, objectPath, type Pod, resources } from '../../operator/kubernetes/runtime/resource.ts'
import { Writer } from '../../operator/kubernetes/runtime/writer.ts'
import { until } from '../cluster/until.ts'
import { alwaysLeader, never } from './api-server.ts'
import type { SimulatedCluster } from './simulated-cluster.ts'

const WITHIN_MS = 30_000

export class ExperimentHandle {
  readonly cluster: SimulatedCluster
  readonly namespace: string
  readonly name: string
  readonly more: () => string
  readonly #runner: Writer

  constructor(cluster: SimulatedCluster, namespace: string, name: string, more: () => string = () => '') {
    this.cluster = cluster
    this.namespace = namespace
    this.name = name
    this.more = more
    this.#runner = new Writer(cluster.api, alwaysLeader, 'trellis-runner')
    // The kubelet's simulation runs nodes; what a runner does is the test's business.
    cluster.kubelet.hold = pod => pod.metadata.labels?.[EXPERIMENT_LABEL] !== undefined
  }

  async apply(spec: object = {}): Promise<void> {
    const { apiVersion, kind } = experiments
    const metadata = { name: this.name, namespace: this.namespace }
    const cut = [{ name: 'cut', duration: '10s', partition: { shape: 'halves' } }]
    const object = { apiVersion, kind, metadata, spec: { testnet: 'net', faults: cut, ...spec } }
    await this.cluster.api.send({
      method: 'POST',
      path: objectPath(experiments, metadata).replace(/\/[^/]+$/, ''),
      query: { fieldManager: 'tests' },
      body: object,
      signal: never,
    })
  }

  async patch(spec: object): Promise<void> {
    await this.cluster.patch(experiments, this, { spec })
  }

  async remove(): Promise<void> {
    await this.cluster.writer.delete(experiments, this, {}, never)
  }

  async stored(): Promise<StoredExperiment | undefined> {
    return await this.cluster.get(experiments, this.namespace, this.name)
  }

  async status(): Promise<ExperimentStatus> {
    return (await this.stored())?.status ?? {}
  }

  async job(): Promise<Job | undefined> {
    return await this.cluster.get(resources.jobs, this.namespace, `${this.name}--runner`)
  }

  /** Its runners' pods, the oldest first. */
  async pods(): Promise<Pod[]> {
    const pods = await this.cluster.list(resources.pods, this.namespace)
    const own = pods.filter(({ metadata }) => metadata.labels?.[EXPERIMENT_LABEL] === this.name)
    return own.sort((a, b) => (a.metadata.creationTimestamp! < b.metadata.creationTimestamp! ? -1 : 1))
  }

  /** Resolves with the status once it is so. */
  becomes(phase: ExperimentStatus['phase'], reason?: string, withinMs = WITHIN_MS): Promise<ExperimentStatus> {
    return this.until(
      `${this.name} is ${phase}${reason ? ` (${reason})` : ''}`,
      async () => {
        const status = await this.status()
        return status.phase === phase && (reason === undefined || status.reason === reason) && status
      },
      withinMs,
    )
  }

  /** A pod of its runner that is not over. */
  runner(): Promise<Pod> {
    return this.until(`a runner of ${this.name}`, async () =>
      (await this.pods()).find(
        ({ metadata, status }) =>
          !metadata.deletionTimestamp && status?.phase !== 'Failed' && status?.phase !== 'Succeeded',
      ),
    )
  }

  /** A runner on a machine: told to end, it stays until it leaves; one without a machine would go at once. */
  async placedRunner(): Promise<Pod> {
    const pod = await this.runner()
    const { name } = pod.metadata
    const [machine] = await this.cluster.list(resources.nodes, '')
    await this.cluster.api.send({
      method: 'POST',
      path: objectPath(resources.pods, pod.metadata, 'binding'),
      body: {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name },
        target: { apiVersion: 'v1', kind: 'Node', name: machine!.metadata.name },
      },
      signal: never,
    })
    return pod
  }

  /** The pod of a runner that was told to end is gone. */
  async leave({ metadata }: Pod): Promise<void> {
    const path = objectPath(resources.pods, metadata)
    await this.cluster.api.send({ method: 'DELETE', path, query: { gracePeriodSeconds: '0' }, signal: never })
  }

  until<T>(what: string, condition: () => Promise<T | undefined | false>, withinMs = WITHIN_MS): Promise<T> {
    return until(what, { withinMs, everyMs: 50, describe: () => this.describe() }, condition) as Promise<T>
  }

  /** What the runner says in the status. */
  async say(status: ExperimentStatus): Promise<void> {
    const metadata = { namespace: this.namespace, name: this.name }
    await this.#runner.applyStatus(experiments, { metadata, status }, never)
  }

  /** The pod's process ends: 0 for a runner that did its work. */
  async exit({ metadata }: Pod, exitCode: number, message = ''): Promise<void> {
    const at = new Date().toISOString().replace(/\.\d+/, '')
    const terminated = {
      exitCode,
      message,
      reason: exitCode === 0 ? 'Completed' : 'Error',
      startedAt: at,
      finishedAt: at,
    }
    const container = {
      name: 'runner',
      image: 'operator:1',
      imageID: 'operator:1',
      ready: false,
      restartCount: 0,
      state: { terminated },
    }
    await this.cluster.api.send({
      method: 'PATCH',
      path: objectPath(resources.pods, metadata, 'status'),
      contentType: 'application/merge-patch+json',
      body: { status: { phase: exitCode === 0 ? 'Succeeded' : 'Failed', containerStatuses: [container] } },
      signal: never,
    })
  }

  async describe(): Promise<string> {
    const all = await this.cluster.list(experiments, this.namespace)
    const jobs = await this.cluster.list(resources.jobs, this.namespace)
    const events = (await this.cluster.list(resources.events, this.namespace)).map(
      ({ type, reason, note, regarding }) => `${type} ${reason} ${regarding?.kind}/${regarding?.name}: ${note}`,
    )
    return [
      ...all.map(({ metadata, status }) => `${metadata.name} ${JSON.stringify(status)}`),
      ...jobs.map(
        ({ metadata, status }) => `Job ${metadata.name} ${metadata.deletionTimestamp} ${JSON.stringify(status)}`,
      ),
      ...(await this.pods()).map(
        ({ metadata, status }) => `${metadata.name} ${status?.phase} ${metadata.deletionTimestamp ?? ''}`,
      ),
      ...events.slice(-12),
      this.more(),
    ].join('\n')
  }
}
