// The life of a testnet under the operator: a real API server and controller-manager, simulated kubelets and nodes.
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { resources } from '../../operator/kubernetes/runtime/resource.ts'
import { never } from '../support/api-server.ts'
import { FaultProxy } from '../support/fault-proxy.ts'
import { type SimulatedCluster, simulatedCluster } from '../support/simulated-cluster.ts'
import { startTestOperator, type TestOperator, testConfig } from '../support/test-operator.ts'
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

interface Ground {
  readonly net: TestnetHandle
  readonly proxy: FaultProxy
  readonly operator: TestOperator
  readonly namespace: string
  /** Writes of the operator since it started, leases left out. */
  writes(): string[]
}

async function ground(more: Parameters<typeof testConfig>[1] = {}): Promise<Ground> {
  const namespace = await cluster.namespace()
  const proxy = await FaultProxy.start(cluster.tier)
  closers.push(() => proxy.close())
  const operator = await startTestOperator(proxy.kubeconfig, testConfig(namespace, more))
  closers.push(() => operator.stop())
  const net = new TestnetHandle(cluster, namespace, 'net', () => operator.lines.slice(-15).join('\n'))
  const writes = () =>
    proxy
      .writes()
      .filter(({ path }) => !path.includes('/leases'))
      .map(({ method, path, status }) => `${method} ${path.replace(`/namespaces/${namespace}`, '')} ${status}`)
  return { net, proxy, operator, namespace, writes }
}

describe.skipIf(tier.missing !== undefined)('a testnet', () => {
  test('comes up, says so, and is left alone then', async () => {
    const { net, namespace, writes } = await ground()
    await net.apply()
    await net.ready()
    expect(await net.podNames()).toEqual(['net-boot-0', 'net-miners-0', 'net-miners-1'])
    expect((await net.status()).nodes).toEqual({ desired: 3, ready: 3, summary: '3/3' })
    for (const each of await net.objects()) expect(each.metadata.ownerReferences?.length).toBeGreaterThan(0)
    cluster.kubelet.chain(namespace, 'net').stop()
    // A still chain, nothing else: nothing is written for longer than a status may be old.
    // Heights alone may be written late, and then there is nothing more to tell.
    let quietSince = performance.now()
    let { length } = writes()
    await net.until(
      'nothing is written for 4 s',
      async () => {
        if (writes().length !== length) quietSince = performance.now()
        length = writes().length
        return performance.now() - quietSince > 4_000
      },
      45_000,
    )
  })

  test('grows and shrinks without a restart of anybody', async () => {
    const { net } = await ground()
    await net.apply()
    await net.ready()
    const uids = async () => new Map((await net.pods()).map(({ metadata }) => [metadata.name, metadata.uid]))
    const before = await uids()
    const groups = (count: number) => ({ groups: [smallSpec.groups[0], { ...smallSpec.groups[1], count }] })
    await net.patch(groups(5))
    await net.until('five miners', async () => (await net.status()).nodes?.summary === '6/6')
    await net.ready()
    for (const [name, uid] of before) expect((await uids()).get(name)).toBe(uid)
    await net.patch(groups(1))
    await net.until('one miner', async () => (await net.status()).nodes?.summary === '2/2')
    await net.ready()
    await net.until('the pods are gone', async () => (await net.podNames()).join() === 'net-boot-0,net-miners-0')
    expect((await uids()).get('net-miners-0')).toBe(before.get('net-miners-0'))
  })

  test('takes another image one pod after the other, and waits while the chain stands still', async () => {
    const { net, namespace } = await ground()
    await net.apply({ ...smallSpec, groups: [smallSpec.groups[0], { ...smallSpec.groups[1], count: 4 }] })
    await net.ready()
    const worst = { updated: 0, notReady: 0 }
    let watching = true
    const watch = (async () => {
      while (watching) {
        const pods = await net.pods()
        const notReady = 5 - pods.filter(({ status }) => status?.containerStatuses?.[0]?.ready).length
        worst.notReady = Math.max(worst.notReady, notReady)
      }
    })()
    await net.patch({ image: 'node:2' })
    await net.until('a first pod is new', async () => (await net.images()).includes('node:2'))
    cluster.kubelet.chain(namespace, 'net').stop()
    await net.until(
      'a pod is still old',
      async () => (await net.images()).filter(image => image === 'node:2').length >= 1,
    )
    const standing = (await net.images()).filter(image => image === 'node:2').length
    // At most the step that was decided before the chain stood still.
    await net.stays('no further step', 2_500, async () => {
      const images = await net.images()
      return images.includes('node:1') && images.filter(image => image === 'node:2').length <= standing + 1
    })
    cluster.kubelet.chain(namespace, 'net').go()
    await net.until('all pods are new', async () => (await net.images()).every(image => image === 'node:2'), 60_000)
    await net.ready()
    watching = false
    await watch
    expect(worst.notReady).toBe(1)
  }, 120_000)

  test('stops a broken image after one pod, says why, and recovers when it is corrected', async () => {
    const { net } = await ground()
    await net.apply({ ...smallSpec, groups: [smallSpec.groups[0], { ...smallSpec.groups[1], count: 4 }] })
    await net.ready()
    await net.patch({ image: 'pull-nothing:1' })
    await net.says('Ready', /ImagePull.*pull-nothing:1/)
    await net.stays('one pod only is broken', 2_000, async () => {
      const others = (await net.images()).filter(image => image !== 'node:1')
      return others.length <= 1 && others.every(image => image === 'pull-nothing:1')
    })
    await net.patch({ image: 'node:3' })
    await net.until('all pods are new', async () => (await net.images()).every(image => image === 'node:3'), 60_000)
    await net.ready()
  }, 120_000)

  test('is suspended and resumed with the same genesis and token', async () => {
    const { net, namespace } = await ground()
    await net.apply()
    await net.ready()
    const kept = async () => [
      (await cluster.get(resources.configMaps, namespace, 'net--testnet'))?.data,
      (await cluster.get(resources.secrets, namespace, 'net--testnet'))?.data,
    ]
    const before = await kept()
    await net.patch({ suspend: true })
    await net.until('no pods', async () => (await net.pods()).length === 0)
    await net.becomes('Ready', 'False')
    await net.patch({ suspend: false })
    await net.ready()
    expect(await kept()).toEqual(before)
  })

  test('loses a group that is no longer in it, and only that', async () => {
    const { net } = await ground()
    await net.apply({ ...smallSpec, groups: [...smallSpec.groups, { name: 'more', role: 'full', count: 2 }] })
    await net.ready()
    const keeps = (await net.pods()).filter(({ metadata }) => !metadata.name.includes('more'))
    await net.apply(smallSpec)
    await net.until('the group is gone', async () =>
      (await net.objects()).every(({ metadata }) => metadata.labels?.['trellis.dev/group'] !== 'more'),
    )
    await net.ready()
    expect((await net.pods()).map(({ metadata }) => metadata.uid)).toEqual(keeps.map(({ metadata }) => metadata.uid))
  })

  test("leaves alone what is somebody else's, says so, and goes on when it is out of the way", async () => {
    const { net, namespace } = await ground()
    const theirs = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'net-miners', namespace },
      data: { a: '1' },
    }
    await cluster.writer.apply(resources.configMaps, theirs, never)
    await net.apply()
    const { message } = await net.becomes('Provisioned', 'False', 'NameTaken')
    expect(message).toContain('net-miners')
    expect((await cluster.get(resources.configMaps, namespace, 'net-miners'))?.data).toEqual({ a: '1' })
    await cluster.writer.delete(resources.configMaps, theirs.metadata, {}, never)
    await net.ready(45_000)
  })

  test('ends when its time is over, with everything of it', async () => {
    const { net } = await ground()
    await net.apply({ ...smallSpec, ttl: '4s' })
    await net.until('it runs', async () => (await net.pods()).length === 3)
    await net.until('it is gone', async () => !(await net.stored()))
    await net.until('nothing is left', async () => (await net.objects()).length === 0)
  })

  test('is served in each of many namespaces, however many streams that takes', async () => {
    const namespaces = await Promise.all(Array.from({ length: 20 }, () => cluster.namespace()))
    const config = testConfig(namespaces[0]!, { namespaces })
    const operator = await startTestOperator(cluster.tier.kubeconfigOf('admin'), config)
    closers.push(() => operator.stop())
    const nets = [namespaces[0]!, namespaces[19]!].map(
      namespace => new TestnetHandle(cluster, namespace, 'net', () => operator.lines.slice(-15).join('\n')),
    )
    await Promise.all(nets.map(net => net.apply()))
    await Promise.all(nets.map(net => net.ready()))
  })

  test('leaves nothing when it is deleted, and its name may be used again at once', async () => {
    const { net } = await ground()
    await net.apply()
    await net.ready()
    await net.remove()
    await net.apply({ ...smallSpec, seed: 'another' })
    await net.ready(60_000)
    await net.remove()
    await net.until('nothing is left', async () => (await net.objects()).length === 0)
  }, 90_000)
})
