// Parts of a testnet that are no longer asked for, and a testnet whose time is over.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Testnet } from '../../../api/testnet.ts'
import { resources } from '../../../operator/kubernetes/runtime/resource.ts'
import { installed } from '../chart.ts'
import { get } from '../cluster-api.ts'
import { objectsOf, untilNothingIsLeft } from '../leftovers.ts'
import { boot, miners, TestNamespace, testnetKind } from '../testnets.ts'
import { notInstallable } from '../under-test.ts'

describe.skipIf(notInstallable)('the operator removes', () => {
  let space: TestNamespace
  beforeAll(async () => {
    await installed()
    space = await TestNamespace.create('removal')
  })
  afterAll(() => space?.remove())

  test.concurrent('a group that is no longer asked for, and nothing else', async () => {
    const testnet = await space.testnet('smaller', [boot, miners(1), { name: 'watcher', role: 'full' }])
    await testnet.untilReady(60_000)
    const kept = (await testnet.pod('miner-0'))!.metadata.uid
    const { spec } = await testnet.stored()
    await testnet.change({
      network: { topology: { shape: 'full' } },
      groups: (spec as Testnet['spec']).groups.filter(({ role }) => role === 'miner'),
    })
    await testnet.until('all of the two groups is gone', 60_000, async () =>
      (await objectsOf(space.name, 'smaller')).every(name => !/smaller-(boot|watcher)|--bootstrap/.test(name)),
    )
    const { nodes } = await testnet.untilReady(60_000)
    expect(nodes).toMatchObject({ desired: 1, ready: 1 })
    expect(kept).toBeDefined()
    expect(await get(resources.services, { namespace: space.name, name: 'smaller--nodes' })).toBeDefined()
    await testnet.delete()
    await untilNothingIsLeft(space.name, 'smaller')
  })

  test.concurrent('a testnet whose time is over', async () => {
    const testnet = await space.testnet('brief', [miners(1)], { ttl: '20s' })
    await testnet.untilReady(18_000)
    await testnet.until('it is gone', 40_000, async () => (await get(testnetKind, testnet)) === undefined)
    await untilNothingIsLeft(space.name, 'brief')
  })
})
