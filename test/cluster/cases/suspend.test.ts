// A testnet that sleeps keeps its chain.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resource, resources } from '../../../operator/kubernetes/runtime/resource.ts'
import { crashOperator, installed } from '../chart.ts'
import { create, list, remove } from '../cluster-api.ts'
import { untilNothingIsLeft } from '../leftovers.ts'
import { boot, miners, type RunningTestnet, TestNamespace } from '../testnets.ts'
import { notOurMachines } from '../under-test.ts'

const storageClasses = resource('storage.k8s.io/v1', 'StorageClass', 'storageclasses', { namespaced: false })
const className = `trellis-suspend-${process.pid}`

describe.skipIf(notOurMachines)('a suspended testnet', () => {
  let space: TestNamespace
  let testnet: RunningTestnet
  let old: { genesis: string; hash: string; height: number }

  beforeAll(async () => {
    await installed()
    const provisioned = { metadata: { name: className }, provisioner: 'kubernetes.io/host-path' }
    await create(storageClasses, { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', ...provisioned })
    space = await TestNamespace.create('suspend')
    testnet = await space.testnet('sleeper', [boot, miners(2)], { defaults: { storage: { size: '64Mi', className } } })
    await testnet.untilReady(90_000)
  })
  afterAll(async () => {
    await space?.remove()
    await remove(storageClasses, { name: className })
  })

  test('has no pods and all its data, although the operator was killed meanwhile', async () => {
    const { genesis, finalized } = await testnet.nodeStatus('miner-0')
    expect(finalized.height).toBeGreaterThan(0)
    old = { genesis, ...finalized }
    await testnet.change({ suspend: true })
    await crashOperator()
    await testnet.until('no pods', 60_000, async () => (await testnet.pods()).length === 0)
    await testnet.untilCondition('Ready', 'False', 30_000, 'Suspended')
    expect(await list(resources.persistentVolumeClaims, space.name)).toHaveLength(3)
  })

  test('resumes on the same chain', async () => {
    await testnet.change({ suspend: false })
    await testnet.untilReady(90_000)
    const status = await testnet.nodeStatus('miner-1')
    expect(status.genesis).toBe(old.genesis)
    const block = await testnet.node<{ hash: string }>('miner-1', `/v1/blocks/${old.height}`)
    expect(block.hash).toBe(old.hash)
    await testnet.until('it grows beyond what it had', 30_000, async () => {
      const { head } = await testnet.nodeStatus('miner-1')
      return head.height > old.height + 4
    })
  })

  test('goes with its data', async () => {
    await testnet.delete()
    await untilNothingIsLeft(space.name, 'sleeper')
  })
})
