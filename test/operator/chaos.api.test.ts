// The life of an experiment under the operator: a real API server and controller-manager, simulated kubelets, and runners
// that do what the test says.
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { type KubeObject, resource, resources } from '../../operator/kubernetes/runtime/resource.ts'
import { never } from '../support/api-server.ts'
import { FaultProxy } from '../support/fault-proxy.ts'
import { scrape } from '../support/metrics.ts'
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

/** Reads the operator's metrics of what has these labels: each call scrapes once and sums; 0 when there is no such series. */
function seen({ ports }: TestOperator, labels: Readonly<Record<string, string>>) {
  return async (name: string, more: Readonly<Record<string, string>> = {}): Promise<number> =>
    (await scrape(`http://127.0.0.1:${ports.health}`))(name, { ...labels, ...more })
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
    const { experiment, namespace, operator, net } = await ground()
    const metric = seen(operator, { namespace, testnet: 'net' })
    expect(await metric('trellis_testnet_nodes', { state: 'ready' })).toBe(
      await metric('trellis_testnet_nodes', { state: 'desired' }),
    )
    expect(await metric('trellis_testnet_condition', { condition: 'Ready' })).toBe(1)
    expect(await metric('trellis_testnet_node_head_group', { group: 'miners', node: 'miners-0' })).toBe(1)
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
    const faults = [{ name: 'cut', targets: 3, injected: 3, recovered: 0 }]
    await cut.say({ phase: 'Injecting', reason: 'FaultsInForce', message: 'x', startedAt: now, faults })
    await cut.until('Complete says Injecting', async () =>
      (await cut.status()).conditions?.some(({ type, reason }) => type === 'Complete' && reason === 'Injecting'),
    )
    expect(await metric('trellis_experiment_active', { experiment: 'cut', phase: 'Injecting' })).toBe(1)
    expect(await metric('trellis_experiment_faults_active', { experiment: 'cut' })).toBe(1)
    expect(await metric('trellis_experiment_end_timestamp_seconds')).toBe(Date.parse(plan!.endsBy) / 1_000)
    expect(await metric('trellis_experiments_total')).toBe(0)
    await cut.say({ ...passed, startedAt: now, endedAt: new Date().toISOString() })
    await cut.exit(pod, 0)
    const over = await cut.until('Passed is True', async () => {
      const status = await cut.status()
      return status.conditions?.some(({ type, status }) => type === 'Passed' && status === 'True') && status
    })
    expect(over).toMatchObject({ ...passed, plan })
    for (const resource of [resources.jobs, resources.serviceAccounts, resources.roleBindings] as const)
      expect((await cluster.get(resource, namespace, 'cut--runner'))?.metadata.ownerReferences?.[0]?.name).toBe('cut')
    expect(await metric('trellis_experiment_active')).toBe(0)
    // Counted when the answer to its write is there.
    const counted = () => metric('trellis_experiments_total', { verdict: 'passed' })
    await cut.until('it is counted', async () => (await counted()) === 1)
    expect(await metric('trellis_experiment_heal_seconds_sum')).toBe(6.7)
    expect(await metric('trellis_experiment_heal_seconds_count')).toBe(1)
    await net.remove()
    await cut.until('its series are gone', async () => (await metric('trellis_testnet_nodes')) === 0)
  })

  test('waits for its testnet, and not for ever', async () => {
    const { experiment, net } = await ground({ testnet: false })
    const late = experiment('late')
    await late.apply({ steadyState: { within: '3s' } })
    await late.becomes('Pending', 'TestnetNotFound')
    const { message, conditions } = await late.becomes('Inconclusive', 'NoSteadyState')
    expect(message).toContain('there is no Testnet net in this namespace; that was waited for 3s')
    expect(conditions?.find(({ type }) => type === 'Accepted')).toMatchObject({ status: 'False' })
    const patient = experiment('patient')
    await patient.apply()
    await patient.becomes('Pending', 'TestnetNotFound')
    await net.apply()
    await patient.becomes('Pending', 'RunnerStarting', 60_000)
  })

  test('that does not fit its testnet says why at once', async () => {
    const { experiment } = await ground()
    const wrong = experiment('wrong')
    const select = { groups: ['minerz'] }
    await wrong.apply({ faults: [{ name: 'cut', duration: '10s', partition: { shape: 'halves' }, select }] })
    const { message } = await wrong.becomes('Inconclusive', 'Invalid')
    expect(message).toContain('did you mean `miners`')
    const kernel = experiment('kernel')
    await kernel.apply({ injector: 'kernel' })
    expect((await kernel.becomes('Inconclusive', 'Unsupported')).message).toContain('spec.chaos.kernel')
    expect(await wrong.job()).toBeUndefined()
  })

  test('is refused or queued while another has the testnet, as it says', async () => {
    const { experiment } = await ground()
    const [first, second, third] = ['first', 'second', 'third'].map(experiment) as [
      ExperimentHandle,
      ExperimentHandle,
      ExperimentHandle,
    ]
    await first.apply()
    const pod = await first.runner()
    await second.apply({ whenBusy: 'queue' })
    await third.apply()
    expect((await second.becomes('Pending', 'Queued')).message).toContain('first has testnet net')
    await third.becomes('Inconclusive', 'Busy')
    expect(await second.job()).toBeUndefined()
    await first.say({ ...passed, endedAt: new Date().toISOString() })
    await first.exit(pod, 0)
    await second.runner()
  })

  test('that is aborted loses its runner, and is over when that is gone', async () => {
    const { experiment } = await ground()
    const cut = experiment('cut')
    await cut.apply()
    await cut.runner()
    await cut.say({ phase: 'Injecting', reason: 'FaultsInForce', message: 'x' })
    await cut.patch({ abort: true })
    await cut.becomes('Aborted')
    expect(await cut.job()).toBeUndefined()
    expect(await cut.pods()).toEqual([])
    const early = experiment('early')
    await early.apply({ abort: true })
    expect((await early.becomes('Aborted')).message).toBe('aborted before it began')
  })

  test('goes with everything of it when it is deleted, and the next one of its name begins anew', async () => {
    const { experiment, namespace } = await ground()
    const cut = experiment('cut')
    await cut.apply()
    const before = (await cut.runner()).metadata.uid
    await cut.remove()
    await cut.apply()
    const after = await cut.until('another runner', async () => {
      const pods = await cut.pods()
      return pods.length === 1 && pods[0]!.metadata.uid !== before && pods[0]
    })
    const owner = (await cut.stored())?.metadata.uid
    const account = await cut.until('a service account of its own', async () => {
      const found = await cluster.get(resources.serviceAccounts, namespace, 'cut--runner')
      return found?.metadata.ownerReferences?.[0]?.uid === owner && found
    })
    expect(account.metadata.name).toBe(after.spec?.serviceAccountName)
    await cut.remove()
    await cut.until('nothing is left', async () => {
      const kinds = [resources.jobs, resources.pods, resources.serviceAccounts, resources.roleBindings] as const
      const left = (await Promise.all(kinds.map(kind => cluster.list<KubeObject>(kind, namespace)))).flat()
      return left.every(({ metadata }) => metadata.labels?.['trellis.dev/experiment'] === undefined)
    })
  })

  test('whose runner dies gets another; when all die it is inconclusive and says the last word', async () => {
    const { experiment } = await ground()
    const cut = experiment('cut')
    await cut.apply()
    const first = await cut.runner()
    await cut.exit(first, 137, 'killed\n')
    const second = await cut.runner()
    expect(second.metadata.uid).not.toBe(first.metadata.uid)
    await cluster.patch(
      resources.jobs,
      { namespace: cut.namespace, name: 'cut--runner' },
      // On a machine so slow that the first one counts as died at work, this is another Job.
      { spec: { backoffLimit: (await cut.job())?.status?.failed ?? 0 } },
    )
    await cut.exit(second, 1, '{"level":"error"}\nboiler burst\n')
    const { message } = await cut.becomes('Inconclusive', 'RunnerFailed', 60_000)
    expect(message).toContain('its last word: boiler burst')
  }, 120_000)

  test('goes on under another operator, whose image it does not take', async () => {
    const { experiment, operator, net, namespace, proxy } = await ground()
    const cut = experiment('cut')
    await cut.apply()
    const pod = await cut.runner()
    await cut.say({ phase: 'Injecting', reason: 'FaultsInForce', message: 'x' })
    const before = await cut.job()
    await operator.stop()
    const next = await startTestOperator(
      proxy.kubeconfig,
      testConfig(namespace, { runner: { ...runner, image: 'operator:2' } }),
    )
    closers.push(() => next.stop())
    await net.until('the next one leads', async () => next.lines.some(line => line.includes('"leads"')))
    await cut.say({ ...passed, endedAt: new Date().toISOString() })
    await cut.exit(pod, 0)
    await cut.until('it is complete', async () =>
      (await cut.status()).conditions?.some(({ type, status }) => type === 'Passed' && status === 'True'),
    )
    expect((await cut.job())?.metadata.uid).toBe(before?.metadata.uid)
    expect((await cut.job())?.spec?.template.spec?.containers[0]?.image).toBe('operator:1')
  })

  test('of repeats makes runs with seeds of their own, one after the other, and sums them up', async () => {
    const { experiment } = await ground()
    const many = experiment('many')
    await many.apply({ repeat: 2, keep: 1, seed: 's' })
    for (const [run, phase] of [
      ['many-1', 'Passed'],
      ['many-2', 'Failed'],
    ] as const) {
      const each = experiment(run)
      const pod = await each.runner()
      expect((await each.status()).plan?.seed).toBe(`s/${run.slice(-1)}`)
      await each.say({ ...passed, phase, endedAt: new Date().toISOString() })
      await each.exit(pod, 0)
    }
    const { message, runs } = await many.becomes('Failed', 'RunsFailed')
    expect(message).toBe('1 of 2 runs passed, 1 failed')
    expect(runs).toMatchObject({ made: 2, passed: 1, failed: 1 })
    expect(await experiment('many-1').stored()).toBeUndefined()
    expect(await experiment('many-2').stored()).toBeDefined()
  })

  test('that nobody may make a runner for says so, and begins when it may', async () => {
    const { experiment, namespace } = await ground()
    const quota = (jobs: string) => ({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'few', namespace },
      spec: { hard: { 'count/jobs.batch': jobs } },
    })
    const quotas = resource<KubeObject>('v1', 'ResourceQuota', 'resourcequotas')
    await cluster.writer.apply(quotas, quota('0'), never)
    const cut = experiment('cut')
    await cut.until('the quota is counted', async () => {
      const { status } = ((await cluster.get(quotas, namespace, 'few')) ?? {}) as { status?: { hard?: object } }
      return status?.hard !== undefined
    })
    await cut.apply()
    expect((await cut.becomes('Pending', 'RunnerRefused')).message).toContain('exceeded quota')
    await cluster.writer.apply(quotas, quota('9'), never)
    await cut.runner()
  })
})
