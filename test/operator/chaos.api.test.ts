// The life of an experiment under the operator: a real API server and controller-manager, simulated kubelets, and runners
// that do what the test says.
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { resources } from '../../operator/kubernetes/runtime/resource.ts'
import { FaultProxy } from '../support/fault-proxy.ts'
import { type SimulatedCluster, simulatedCluster } from '../support/simulated-cluster.ts'
import { ExperimentHandle } from '../support/simulated-runner.ts'
import { startTestOperator, type TestOperator, testConfig } from '../support/test-operator.ts'
import { TestnetHandle } from '../support/testnet-handle.ts'

const tier = inject('apiTier')
let cluster: SimulatedCluster
const closers: (() => unknown)[] = []
beforeAll(async () => {
  if (tier.missing === undefined) cluster = await simulatedCluster()
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})
afterAll(() => cluster?.down())

const runner = {
  image: 'operator:1',
  imagePullPolicy: 'IfNotPresent' as const,
  imagePullSecrets: [],
  role: { kind: 'ClusterRole' as const, name: 'trellis-runner' },
  resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '64Mi' } },
}

interface Ground {
  readonly net: TestnetHandle
  readonly operator: TestOperator
  readonly namespace: string
  readonly proxy: FaultProxy
  experiment(name: string): ExperimentHandle
}

async function ground({ testnet = true } = {}): Promise<Ground> {
  const namespace = await cluster.namespace()
  const proxy = await FaultProxy.start(cluster.tier)
  closers.push(() => proxy.close())
  const operator = await startTestOperator(proxy.kubeconfig, testConfig(namespace, { runner }))
  closers.push(() => operator.stop())
  const more = () => operator.lines.slice(-15).join('\n')
  const net = new TestnetHandle(cluster, namespace, 'net', more)
  const experiment = (name: string) => new ExperimentHandle(cluster, namespace, name, more)
  if (testnet) {
    await net.apply()
    await net.ready()
  }
  return { net, operator, namespace, proxy, experiment }
}

const passed = {
  phase: 'Passed',
  reason: 'Healed',
  message: 'one head again after 6.7 s',
  healTime: '6.7s',
  deepestReorg: 3,
} as const

describe.skipIf(tier.missing !== undefined)('an experiment', () => {
  test('becomes a Job with a plan, and what its runner says is the end of it', async () => {
    const { experiment, namespace } = await ground()
    const cut = experiment('cut')
    await cut.apply({ seed: 's1' })
    const { plan } = await cut.becomes('Pending', 'RunnerStarting')
    expect(plan).toMatchObject({
      seed: 's1',
      faults: [{ name: 'cut', action: 'partition', targets: 3, at: '0s', until: '10s' }],
    })
    const pod = await cut.runner()
    expect(pod.spec?.serviceAccountName).toBe('cut--runner')
    expect(await cluster.get(resources.roleBindings, namespace, 'cut--runner')).toMatchObject({
      roleRef: { kind: 'ClusterRole', name: 'trellis-runner' },
      subjects: [{ kind: 'ServiceAccount', name: 'cut--runner', namespace }],
    })
    const now = new Date().toISOString()
    await cut.say({ phase: 'Injecting', reason: 'FaultsInForce', message: 'x', startedAt: now })
    await cut.until('Complete says Injecting', async () =>
      (await cut.status()).conditions?.some(({ type, reason }) => type === 'Complete' && reason === 'Injecting'),
    )
    await cut.say({ ...passed, startedAt: now, endedAt: new Date().toISOString() })
    await cut.exit(pod, 0)
    const over = await cut.until('Passed is True', async () => {
      const status = await cut.status()
      return status.conditions?.some(({ type, status }) => type === 'Passed' && status === 'True') && status
    })
    expect(over).toMatchObject({ ...passed, plan })
    for (const resource of [resources.jobs, resources.serviceAccounts, resources.roleBindings] as const)
      expect((await cluster.get(resource, namespace, 'cut--runner'))?.metadata.ownerReferences?.[0]?.name).toBe('cut')
  })
})
