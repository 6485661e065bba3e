// Two testnets in two namespaces grow and shrink at once, while the operator and nodes of theirs are killed.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PersistentVolumeClaim, resource, resources } from '../../../operator/kubernetes/runtime/resource.ts'
import { crashOperator, installed } from '../chart.ts'
import { create, list, remove } from '../cluster-api.ts'
import { crash } from '../pod-processes.ts'
import { boot, miners, type RunningTestnet, TestNamespace } from '../testnets.ts'
import { given, notOurMachines } from '../under-test.ts'

const storageClasses = resource('storage.k8s.io/v1', 'StorageClass', 'storageclasses', { namespaced: false })
const className = `trellis-scale-${process.pid}`

describe.skipIf(notOurMachines)('two testnets at once', () => {
  const spaces: TestNamespace[] = []
  let keeping: RunningTestnet
  let forgetting: RunningTestnet
  const both = () => [keeping, forgetting]

  beforeAll(async () => {
    await installed()
    // Of the controller manager; the harness opens its folders to users that are not root.
    const provisioned = { metadata: { name: className }, provisioner: 'kubernetes.io/host-path' }
    await create(storageClasses, { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', ...provisioned })
    spaces.push(await TestNamespace.create('keeping'), await TestNamespace.create('forgetting'))
  })
  afterAll(async () => {
    await Promise.all(spaces.map(space => space.remove()))
    await remove(storageClasses, { name: className })
  })

  const crashNode = async (testnet: RunningTestnet, node: string) => {
    const { metadata } = await testnet.until(`${node} runs`, 60_000, async () => {
      const pod = await testnet.pod(node)
      return pod?.status?.containerStatuses?.[0]?.state?.running && pod
    })
    await crash(given.machines!, { name: metadata.name, uid: metadata.uid! })
  }

  test('come up although the operator and a node are killed meanwhile', async () => {
    const storage = (whenScaled: string) => ({ defaults: { storage: { size: '64Mi', className, whenScaled } } })
    // The same name in both: nothing but the namespace tells them apart.
    keeping = await spaces[0]!.testnet('pair', [boot, miners(2)], storage('Retain'))
    forgetting = await spaces[1]!.testnet('pair', [boot, miners(2)], storage('Delete'))
    await crashOperator()
    await crashNode(forgetting, 'boot-0')
    for (const testnet of both()) await testnet.untilReady(90_000)
  })

  test('grow without a restart of anybody, although the operator and nodes are killed meanwhile', async () => {
    const before = (await keeping.pods()).map(({ metadata }) => metadata.uid)
    await Promise.all(
      both().map(testnet => testnet.changeGroups(group => (group.role === 'miner' ? { ...group, count: 4 } : group))),
    )
    await crashOperator()
    await crashNode(forgetting, 'miner-0')
    await remove(resources.pods, { namespace: forgetting.namespace, name: 'pair-miner-1' })
    for (const testnet of both()) {
      const { nodes } = await testnet.untilReady(90_000)
      expect(nodes).toMatchObject({ desired: 5, ready: 5 })
    }
    const after = await keeping.pods()
    expect(after.map(({ metadata }) => metadata.uid)).toEqual(expect.arrayContaining(before))
    for (const { metadata, status } of after)
      expect(status?.containerStatuses?.[0]?.restartCount, metadata.name).toBe(0)
    // The new ones are on the chain of the old.
    const statuses = await Promise.all(['miner-0', 'miner-3'].map(name => keeping.nodeStatus(name)))
    expect(statuses[0]!.genesis).toBe(statuses[1]!.genesis)
  })

  test('shrink although the operator and a node are killed meanwhile, and keep or lose the data as they said', async () => {
    await Promise.all(
      both().map(testnet => testnet.changeGroups(group => (group.role === 'miner' ? { ...group, count: 2 } : group))),
    )
    await crashOperator()
    await remove(resources.pods, { namespace: keeping.namespace, name: 'pair-boot-0' })
    for (const testnet of both()) {
      const { nodes } = await testnet.untilReady(90_000)
      expect(nodes).toMatchObject({ desired: 3, ready: 3 })
      await testnet.until('three pods are left', 30_000, async () => (await testnet.pods()).length === 3)
    }
    const claims = async ({ namespace }: RunningTestnet) =>
      (await list<PersistentVolumeClaim>(resources.persistentVolumeClaims, namespace))
        .map(({ metadata }) => metadata.name)
        .toSorted()
    const first = ['data-pair-boot-0', 'data-pair-miner-0', 'data-pair-miner-1']
    await forgetting.until(
      'the claims of the others are gone',
      30_000,
      async () => (await claims(forgetting)).length === 3,
    )
    expect(await claims(forgetting)).toEqual(first)
    expect(await claims(keeping)).toEqual([...first, 'data-pair-miner-2', 'data-pair-miner-3'])
  })
})
