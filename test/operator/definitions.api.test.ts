// Objects that this operator does not understand, definitions that come and go, and deletion in every order.
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { type KubeObject, resource, resources } from '../../operator/kubernetes/runtime/resource.ts'
import { installDefinitions } from '../cluster/definitions.ts'
import { until } from '../cluster/until.ts'
import { never } from '../support/api-server.ts'
import { FaultProxy } from '../support/fault-proxy.ts'
import { type SimulatedCluster, simulatedCluster } from '../support/simulated-cluster.ts'
import { startTestOperator, type TestOperator, testConfig } from '../support/test-operator.ts'
import { TestnetHandle } from '../support/testnet-handle.ts'

const tier = inject('apiTier')
const definitions = resource<KubeObject>(
  'apiextensions.k8s.io/v1',
  'CustomResourceDefinition',
  'customresourcedefinitions',
  {
    namespaced: false,
  },
)
const TESTNETS = 'testnets.trellis.dev'

let cluster: SimulatedCluster
const closers: (() => unknown)[] = []
beforeAll(async () => {
  if (tier.missing === undefined) cluster = await simulatedCluster()
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})
afterAll(() => cluster?.down())

async function startIn(namespace: string): Promise<TestOperator> {
  const operator = await startTestOperator(cluster.tier.kubeconfigOf('admin'), testConfig(namespace))
  closers.push(() => operator.stop())
  return operator
}
const handle = (namespace: string, operator?: TestOperator, name = 'net') =>
  new TestnetHandle(cluster, namespace, name, () => operator?.lines.slice(-15).join('\n') ?? '')

const probe = async ({ ports }: TestOperator, path: string) => {
  const response = await fetch(`http://127.0.0.1:${ports.health}${path}`)
  return { status: response.status, text: await response.text() }
}

describe.skipIf(tier.missing !== undefined)('an operator', () => {
  test('tells of an object it does not understand, leaves what runs, and serves the others', async () => {
    const namespace = await cluster.namespace()
    const first = await startIn(namespace)
    await handle(namespace, first, 'odd').apply()
    await handle(namespace, first, 'odd').ready()
    await first.stop()
    // A definition that lets everything in, as another version's may.
    const loose = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
    const patch = async (schema: object) =>
      await cluster.api.send({
        method: 'PATCH',
        path: `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${TESTNETS}`,
        contentType: 'application/json-patch+json',
        body: [{ op: 'replace', path: '/spec/versions/0/schema/openAPIV3Schema/properties/spec', value: schema }],
        signal: never,
      })
    await patch(loose)
    const theirs = handle(namespace, undefined, 'odd')
    await until('the definition is loose', { withinMs: 20_000 }, () =>
      theirs.patch({ shards: 4 }).then(
        async () => 'shards' in Object((await theirs.stored())?.spec),
        () => false,
      ),
    )
    const operator = await startIn(namespace)
    const odd = handle(namespace, operator, 'odd')
    const good = handle(namespace, operator, 'good')
    const pods = await odd.podNames()
    await odd.says('Ready', /^Invalid: .*shards/)
    await good.apply()
    await good.ready()
    expect(await odd.podNames()).toEqual(pods)
    await odd.patch({ shards: null })
    await odd.ready()
    await installDefinitions(cluster.tier)
  }, 120_000)

  test('waits for a definition that is missing or removed, without being restarted for it', async () => {
    const namespace = await cluster.namespace()
    await cluster.writer.delete(definitions, { name: TESTNETS }, {}, never)
    await until(
      'it is gone',
      { withinMs: 20_000 },
      async () => !(await cluster.api.get(definitions, { name: TESTNETS }, never).catch(() => undefined)),
    )
    const operator = await startIn(namespace)
    await until('it says so', { withinMs: 20_000, describe: () => operator.lines.join('\n') }, () =>
      operator.lines.some(line => line.includes('definition is not installed')),
    )
    const ready = await probe(operator, '/readyz')
    expect(ready.status).toBe(503)
    expect(ready.text).toContain(`[-]informer-${namespace}/testnets failed`)
    expect((await probe(operator, '/healthz')).status).toBe(200)
    await installDefinitions(cluster.tier)
    const net = handle(namespace, operator)
    await until('it can be made', { withinMs: 20_000 }, () =>
      net.apply().then(
        () => true,
        () => false,
      ),
    )
    await net.ready(60_000)
    expect((await probe(operator, '/readyz')).status).toBe(200)
    // Removed under its feet: the testnet goes with its definition, the operator stays.
    await cluster.writer.delete(definitions, { name: TESTNETS }, {}, never)
    await net.until('nothing is left', async () => (await net.objects()).length === 0, 60_000)
    expect((await probe(operator, '/healthz')).status).toBe(200)
    await installDefinitions(cluster.tier)
    await until('it can be made', { withinMs: 20_000 }, () =>
      net.apply().then(
        () => true,
        () => false,
      ),
    )
    await net.ready(60_000)
  }, 240_000)

  test('ends a testnet with its namespace, and makes nothing in it any more', async () => {
    const namespace = await cluster.namespace()
    const proxy = await FaultProxy.start(cluster.tier)
    closers.push(() => proxy.close())
    const operator = await startTestOperator(
      proxy.kubeconfig,
      testConfig(namespace, { namespace: 'default', namespaces: [] }),
    )
    closers.push(() => operator.stop())
    const net = handle(namespace, operator)
    await net.apply()
    await net.ready()
    await cluster.writer.delete(resources.namespaces, { name: namespace }, {}, never)
    const gone = async () =>
      !(await cluster.api.get(resources.namespaces, { name: namespace }, never).catch(() => undefined))
    await net.until('the namespace is gone', gone, 60_000)
    expect(operator.lines.join('\n')).not.toContain('"level":"error"')
  }, 120_000)

  test('is not needed for a testnet to go', async () => {
    const namespace = await cluster.namespace()
    const operator = await startIn(namespace)
    const net = handle(namespace, operator)
    await net.apply()
    await net.ready()
    expect(await operator.stop()).toBe('stopped')
    await net.remove()
    await net.until('nothing is left', async () => (await net.objects()).length === 0, 60_000)
    expect(await net.stored()).toBeUndefined()
  })
})
