// What keeps a testnet from coming up is named in its conditions within 30 s, and the mend recovers it without help.
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { type KubeObject, resource, resources } from '../../operator/kubernetes/runtime/resource.ts'
import { until } from '../cluster/until.ts'
import { never } from '../support/api-server.ts'
import { type SimulatedCluster, simulatedCluster } from '../support/simulated-cluster.ts'
import { startTestOperator, testConfig } from '../support/test-operator.ts'
import { smallSpec, TestnetHandle } from '../support/testnet-handle.ts'

const tier = inject('apiTier')
const WITHIN_MS = 30_000
const quotas = resource<KubeObject & { spec: unknown; status?: { hard?: object } }>(
  'v1',
  'ResourceQuota',
  'resourcequotas',
)
const policies = resource<KubeObject & { spec: unknown }>(
  'admissionregistration.k8s.io/v1',
  'ValidatingAdmissionPolicy',
  'validatingadmissionpolicies',
  { namespaced: false },
)
const bindings = resource<KubeObject & { spec: unknown }>(
  'admissionregistration.k8s.io/v1',
  'ValidatingAdmissionPolicyBinding',
  'validatingadmissionpolicybindings',
  { namespaced: false },
)

let cluster: SimulatedCluster
const closers: (() => unknown)[] = []
beforeAll(async () => {
  if (tier.missing === undefined) cluster = await simulatedCluster({ machines: ['sim-0', 'sim-1', 'doomed'] })
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})
afterAll(() => cluster?.down())

async function ground(more: Parameters<typeof testConfig>[1] = {}): Promise<TestnetHandle> {
  const namespace = await cluster.namespace()
  const kubeconfig = cluster.tier.kubeconfigOf('admin')
  const operator = await startTestOperator(kubeconfig, testConfig(namespace, more))
  closers.push(() => operator.stop())
  return new TestnetHandle(cluster, namespace, 'net', () => operator.lines.slice(-15).join('\n'))
}

async function quota(namespace: string, hard: Record<string, string>): Promise<() => Promise<unknown>> {
  const { apiVersion, kind } = quotas
  const metadata = { name: 'small', namespace }
  await cluster.writer.apply(quotas, { apiVersion, kind, metadata, spec: { hard } }, never)
  // Until its controller has counted, everything that it is about is refused.
  await until(
    'the quota is counted',
    { withinMs: 20_000 },
    async () => (await cluster.get(quotas, namespace, 'small'))?.status?.hard,
  )
  return () => cluster.writer.delete(quotas, metadata, {}, never)
}

describe.skipIf(tier.missing !== undefined)('the condition names', () => {
  test('an image that cannot be pulled', async () => {
    const net = await ground()
    await net.apply({ ...smallSpec, image: 'pull-me/not:9' })
    await net.says('Provisioned', /^ImagePull: \d of 3 pods.*pull-me\/not:9/, WITHIN_MS)
    await net.says('Ready', /^ImagePull: /, WITHIN_MS)
    await net.patch({ image: 'node:1' })
    await net.ready()
  })

  test('a crash loop, with the last log line', async () => {
    const net = await ground()
    await net.apply({ ...smallSpec, image: 'crash:1' })
    await net.says('Provisioned', /^CrashLoop: .*boiler burst/, WITHIN_MS)
    await net.patch({ image: 'node:1' })
    await net.ready()
  })

  test('a quota that leaves no room for pods', async () => {
    const net = await ground()
    const lift = await quota(net.namespace, { pods: '1' })
    await net.apply()
    await net.says('Provisioned', /^QuotaExceeded: .*exceeded quota: small/, WITHIN_MS)
    await lift()
    // The StatefulSet's controller tries again after a pause of its own that grows.
    await net.ready(60_000)
  }, 120_000)

  test('a quota that leaves no room for our objects', async () => {
    const net = await ground()
    const lift = await quota(net.namespace, { 'count/statefulsets.apps': '1' })
    await net.apply()
    await net.says('Provisioned', /^QuotaExceeded: .*StatefulSet net-miners.*exceeded quota: small/, WITHIN_MS)
    // The one that there was room for is there.
    expect((await net.statefulSet('boot'))?.metadata.name).toBe('net-boot')
    await lift()
    await net.ready(60_000)
  }, 120_000)

  test('a policy that refuses our objects', async () => {
    const net = await ground()
    const { namespace } = net
    const policy = {
      apiVersion: policies.apiVersion,
      kind: policies.kind,
      metadata: { name: `no-sets-${namespace}` },
      spec: {
        matchConstraints: {
          resourceRules: [
            { apiGroups: ['apps'], apiVersions: ['v1'], resources: ['statefulsets'], operations: ['CREATE'] },
          ],
        },
        validations: [{ expression: 'false', message: 'no sets on Fridays' }],
      },
    }
    const binding = {
      apiVersion: bindings.apiVersion,
      kind: bindings.kind,
      metadata: policy.metadata,
      spec: {
        policyName: policy.metadata.name,
        validationActions: ['Deny'],
        matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } },
      },
    }
    await cluster.writer.apply(policies, policy, never)
    await cluster.writer.apply(bindings, binding, never)
    const dry = () =>
      cluster.api.send({
        method: 'POST',
        path: `/apis/apps/v1/namespaces/${namespace}/statefulsets`,
        query: { dryRun: 'All' },
        body: {
          apiVersion: 'apps/v1',
          kind: 'StatefulSet',
          metadata: { name: 'x' },
          spec: {
            serviceName: 'x',
            selector: { matchLabels: { a: 'b' } },
            template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'x', image: 'x' }] } },
          },
        },
        signal: never,
      })
    await until('the policy is enforced', { withinMs: 20_000 }, () =>
      dry().then(
        () => false,
        error => /Fridays/.test(error.message),
      ),
    )
    await net.apply()
    await net.says('Provisioned', /^AdmissionRefused: .*no sets on Fridays/, WITHIN_MS)
    await cluster.writer.delete(bindings, policy.metadata, {}, never)
    await cluster.writer.delete(policies, policy.metadata, {}, never)
    await net.ready(60_000)
  }, 120_000)

  test('a pod that no machine takes, and a volume that is not there', async () => {
    const net = await ground()
    const { kubelet } = cluster
    kubelet.hold = ({ metadata }) => metadata.namespace === net.namespace
    closers.push(() => {
      kubelet.hold = () => false
    })
    await net.apply({ ...smallSpec, defaults: { storage: { size: '1Gi', className: 'nowhere' } } })
    await net.until('there are pods', async () => (await net.pods()).length === 3)
    const scheduled = (message: string) => [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }]
    const say = async (message: string) => {
      for (const { metadata } of await net.pods())
        await cluster.api.send({
          method: 'PATCH',
          path: `/api/v1/namespaces/${net.namespace}/pods/${metadata.name}/status`,
          contentType: 'application/merge-patch+json',
          body: { status: { conditions: scheduled(message) } },
          signal: never,
        })
    }
    await say('0/3 nodes are available: 3 Insufficient cpu.')
    await net.says('Provisioned', /^Unschedulable: .*Insufficient cpu/, WITHIN_MS)
    await say('0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.')
    await net.says('Provisioned', /^VolumeNotBound: .*data-net-.*nowhere/, WITHIN_MS)
    kubelet.hold = () => false
    await net.ready()
  })

  test('a machine that is lost, before the cluster says so', async () => {
    // Machines are seen by an operator of the whole cluster only.
    const net = await ground({ namespaces: [] })
    await net.apply({ ...smallSpec, groups: [smallSpec.groups[0], { ...smallSpec.groups[1], count: 6 }] })
    await net.ready()
    const lostAt = performance.now()
    cluster.kubelet.lose('doomed')
    await net.says('Provisioned', /^NodeLost: .*doomed/, 35_000)
    // Its last renewal was up to ten seconds ago then.
    expect(performance.now() - lostAt).toBeLessThan(30_000)
    await cluster.writer.delete(resources.nodes, { name: 'doomed' }, {}, never)
    for (const { metadata, spec } of await net.pods())
      if (spec?.nodeName === 'doomed')
        await cluster.api.send({
          method: 'DELETE',
          path: `/api/v1/namespaces/${net.namespace}/pods/${metadata.name}`,
          query: { gracePeriodSeconds: '0' },
          signal: never,
        })
    await net.ready(60_000)
  }, 120_000)
})
