// What hands, missing rights and other versions do to testnets that run: a real API server and controller-manager,
// simulated kubelets.
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { ADMIN_TOKEN, TESTNET_FILE } from '../../operator/kubernetes/build/configuration.ts'
import { type KubeObject, objectPath, type Resource, resources } from '../../operator/kubernetes/runtime/resource.ts'
import { testnets } from '../../operator/kubernetes/testnet/stored-testnet.ts'
import { never } from '../support/api-server.ts'
import { FaultProxy } from '../support/fault-proxy.ts'
import { type SimulatedCluster, simulatedCluster } from '../support/simulated-cluster.ts'
import { startTestOperator, testConfig } from '../support/test-operator.ts'
import { smallSpec, TestnetHandle } from '../support/testnet-handle.ts'

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

async function serving(...namespaces: string[]) {
  const proxy = await FaultProxy.start(cluster.tier)
  closers.push(() => proxy.close())
  const operator = await startTestOperator(proxy.kubeconfig, testConfig(namespaces[0]!, { namespaces }))
  closers.push(() => operator.stop())
  const handle = (namespace: string) =>
    new TestnetHandle(cluster, namespace, 'net', () => operator.lines.slice(-15).join('\n'))
  return { proxy, operator, handle }
}

describe.skipIf(tier.missing !== undefined)('a testnet', () => {
  test('gets back what hands delete and edit, with the genesis and the token that its nodes have', async () => {
    const namespace = await cluster.namespace()
    const net = (await serving(namespace)).handle(namespace)
    const read = <T extends KubeObject>(kind: Resource<T>, name: string) => cluster.get(kind, namespace, name)
    const remove = (kind: Resource, name: string) => cluster.writer.delete(kind, { namespace, name }, {}, never)
    const edit = (kind: Resource, name: string, body: object) => cluster.patch(kind, { namespace, name }, body)
    const token = async () => (await read(resources.secrets, 'net--testnet'))?.data?.[ADMIN_TOKEN]
    const genesis = async () => {
      const text = (await read(resources.configMaps, 'net--testnet'))?.data?.[TESTNET_FILE]
      return text === undefined ? undefined : JSON.parse(text).genesis
    }
    await net.apply()
    await net.ready()
    const first = { token: await token(), genesis: await genesis() }
    const again = async () => {
      await net.until('token and genesis are as they were', async () => (await token()) === first.token)
      await net.until('the genesis is', async () => JSON.stringify(await genesis()) === JSON.stringify(first.genesis))
    }

    await remove(resources.secrets, 'net--testnet')
    await again()
    await edit(resources.secrets, 'net--testnet', { data: { [ADMIN_TOKEN]: Buffer.from('short').toString('base64') } })
    await again()
    await edit(resources.configMaps, 'net--testnet', {
      data: { [TESTNET_FILE]: JSON.stringify({ genesis: { ...first.genesis, time: 0 } }) },
    })
    await again()
    await remove(resources.configMaps, 'net--testnet')
    await again()

    await edit(resources.statefulSets, 'net-miners', { spec: { replicas: 0 } })
    await net.until('it has its nodes', async () => (await net.statefulSet('miners'))?.spec?.replicas === 2)
    for (const kind of [resources.configMaps, resources.statefulSets]) {
      await edit(kind, 'net-miners', { metadata: { labels: { 'trellis.dev/testnet': null } } })
      await net.until(`${kind.kind} has its label`, async () => {
        const object = await read(kind as Resource<KubeObject>, 'net-miners')
        return object?.metadata.labels?.['trellis.dev/testnet'] === 'net'
      })
    }
    for (const kind of [resources.configMaps, resources.secrets, resources.statefulSets]) await remove(kind, 'net-boot')
    for (const name of ['net--nodes', 'net--bootstrap']) await remove(resources.services, name)
    await net.until('everything is there', async () => {
      const services = [await read(resources.services, 'net--nodes'), await read(resources.services, 'net--bootstrap')]
      return (await net.statefulSet('boot')) && services.every(service => service)
    })
    await net.ready()
  }, 120_000)

  test('has its status again after a hand wrote nonsense into it', async () => {
    const namespace = await cluster.namespace()
    const net = (await serving(namespace)).handle(namespace)
    await net.apply()
    await net.ready()
    const status = { conditions: null, nodes: null, groups: null, heads: null, headCount: 4_000, finalizedHeight: 1e9 }
    const contentType = 'application/merge-patch+json'
    const path = objectPath(testnets, net, 'status')
    const query = { fieldManager: 'hands' }
    await cluster.api.send({ method: 'PATCH', path, query, contentType, body: { status }, signal: never })
    await net.ready()
    await net.until('it counts right', async () => (await net.status()).headCount === 1)
    expect((await net.status()).nodes?.summary).toBe('3/3')
  })

  test('runs while the operator may not look into another namespace, and that one follows when it may', async () => {
    const [good, shut] = [await cluster.namespace(), await cluster.namespace()]
    const rule = (fault: Parameters<FaultProxy['inject']>[0]['fault']) => ({
      fault,
      match: ({ path }: { path: string }) => path.includes(`/namespaces/${shut}/`),
    })
    const proxy = await FaultProxy.start(cluster.tier)
    closers.push(() => proxy.close())
    const open = proxy.inject(rule({ kind: 'fail', status: 403 }))
    const operator = await startTestOperator(proxy.kubeconfig, testConfig(good, { namespaces: [good, shut] }))
    closers.push(() => operator.stop())
    const [net, other] = [good, shut].map(namespace => new TestnetHandle(cluster, namespace, 'net'))
    await net!.apply()
    await other!.apply(smallSpec)
    await net!.ready()
    const readyz = await fetch(`http://127.0.0.1:${operator.ports.health}/readyz`)
    expect([readyz.status, await readyz.text()]).toEqual([200, expect.stringContaining('ok')])
    const list = await fetch(`http://127.0.0.1:${operator.ports.api}/v1/namespaces/${good}/testnets/net`)
    expect(list.status).toBe(200)
    expect(await other!.status()).toEqual({})
    open()
    await other!.ready()
  }, 90_000)
})
