// A change of the image on a live chain: one node at a time, and only while the chain goes on.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resources } from '../../../operator/kubernetes/runtime/resource.ts'
import { crashOperator, installed } from '../chart.ts'
import { remove } from '../cluster-api.ts'
import { Heights } from '../heights.ts'
import { boot, miners, type RunningTestnet, TestNamespace } from '../testnets.ts'
import { given, notOurMachines } from '../under-test.ts'

/** Blocks are mined every 500 ms with all miners; with one of three away a pause of this length comes once in 10^5 years. */
const MAX_STANDSTILL_MS = 15_000
/** Within so long a condition names what is wrong. */
const NAMED_MS = 30_000

describe.skipIf(notOurMachines)('a rollout', () => {
  let space: TestNamespace
  let testnet: RunningTestnet
  const imagesOf = async () =>
    Object.fromEntries((await testnet.pods()).map(({ metadata, spec }) => [metadata.name, spec!.containers[0]!.image]))
  const count = async (image: string) => Object.values(await imagesOf()).filter(one => one === image).length

  beforeAll(async () => {
    await installed()
    space = await TestNamespace.create('rollout')
    testnet = await space.testnet('moving', [boot, miners(3)])
    await testnet.untilReady(90_000)
  })
  afterAll(() => space?.remove())

  test('moves every node while heights advance, although the operator and a node are killed meanwhile', async () => {
    const heights = new Heights(testnet)
    await testnet.change({ image: given.nextNodeImage })
    await testnet.until(
      'the first node has the new image',
      30_000,
      async () => (await count(given.nextNodeImage)) === 1,
    )
    // Until somebody kills one, no more than one is away at a time.
    expect(heights.mostUnready).toBeLessThanOrEqual(1)
    await crashOperator()
    const [victim] = (await testnet.pods()).filter(({ spec }) => spec!.containers[0]!.image !== given.nextNodeImage)
    await remove(resources.pods, victim!.metadata)
    await testnet.until('all nodes have the new image', 120_000, async () => (await count(given.nextNodeImage)) === 4)
    await testnet.untilReady(60_000)
    const { longestStandstillMs, heads } = await heights.end()
    expect(longestStandstillMs).toBeLessThan(MAX_STANDSTILL_MS)
    expect(heads).toBeGreaterThan(20)
  })

  test('to an image that nobody has stops after one node, says why, and goes on when it is corrected', async () => {
    const absent = 'localhost/trellis-node:absent'
    const before = await imagesOf()
    const heights = new Heights(testnet)
    await testnet.change({ image: absent })
    await testnet.until('a node has the broken image', 30_000, async () => (await count(absent)) === 1)
    await testnet.until('a condition names the image and the node', NAMED_MS, async () => {
      const ready = (await testnet.status()).conditions?.find(({ type }) => type === 'Ready')
      return ready?.status === 'False' && ready.message.includes(absent) && /moving-(boot|miner)-\d/.test(ready.message)
    })
    // It would have gone on in this time, were it not stopped.
    const atStop = (await testnet.nodeStatus('boot-0').catch(() => testnet.nodeStatus('miner-0'))).head.height
    await heights.untilGrown(20, 60_000)
    expect(await count(absent), `${JSON.stringify(await imagesOf())} at ${atStop}`).toBe(1)
    await testnet.change({ image: Object.values(before)[0]! })
    await testnet.untilReady(90_000)
    expect(await imagesOf()).toEqual(before)
    expect((await heights.end()).longestStandstillMs).toBeLessThan(MAX_STANDSTILL_MS)
  })
})
