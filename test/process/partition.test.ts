import { afterEach, describe, expect, it } from 'vitest'
import { agree, describeStatuses, Network, until, untilAgreed } from '../support/network.ts'

const testnet = `
apiVersion: trellis.dev/v1alpha1
kind: Testnet
metadata: { name: partition }
spec:
  chain: { blockInterval: 400ms, finality: { checkpointInterval: 4 } }
  groups:
    - { name: boot, role: bootstrap }
    - { name: miner, role: miner, count: 4 }
`
const cutMs = 6_000

let network: Network
afterEach(() => network?.stop())

async function running(): Promise<string[]> {
  network = await Network.create(testnet)
  await network.start()
  await untilAgreed(network, 5, 30_000)
  await until('something finalized', 30_000, async () => (await network.statuses()).every(s => s.finalized.height > 0))
  return network.running()
}

const heights = async (names: readonly string[]) => (await network.statuses(names)).map(({ head }) => head.height)

describe('partition and heal with real processes', () => {
  it('halves diverge, finalize nothing, and agree again', async () => {
    await running()
    const [left, right] = [
      ['boot-0', 'miner-0', 'miner-1'],
      ['miner-2', 'miner-3'],
    ] as const
    await network.cut('halves', left, right, cutMs)
    await until(
      'two different heads above the common height',
      cutMs,
      async () => !agree(await network.statuses()),
      100,
      async () => describeStatuses(await network.statuses()),
    )
    // Votes on their way when the cut came may still finalize a checkpoint of before.
    const before = Math.max(...(await network.statuses()).map(({ finalized }) => finalized.height))
    const tip = Math.max(...(await heights(network.running())))
    await until('the end of the rows', cutMs + 1_000, async () => {
      const faults = await Promise.all(
        network.nodes.map(node => node.client.faults({ signal: AbortSignal.timeout(5_000) })),
      )
      const statuses = await network.statuses()
      if (faults.every(rows => rows.length > 0))
        expect(Math.max(...statuses.map(({ finalized }) => finalized.height))).toBeLessThanOrEqual(
          Math.max(before, tip),
        )
      return faults.every(rows => rows.length === 0)
    })
    const healed = await untilAgreed(network, tip + 1, 15_000)
    expect(healed).toBeLessThan(15_000)
    const { reorgs } = (await network.statuses()).reduce((a, b) => (a.reorgs.deepest > b.reorgs.deepest ? a : b))
    expect(reorgs.deepest).toBeGreaterThan(0)
    await until('finality goes on', 30_000, async () =>
      (await network.statuses()).every(({ finalized }) => finalized.height > tip),
    )
  })

  it('an isolated miner returns to the majority, which went on finalizing', async () => {
    await running()
    const rest = ['boot-0', 'miner-1', 'miner-2', 'miner-3']
    await network.cut('isolate', ['miner-0'], rest, cutMs)
    const start = Math.max(...(await network.statuses(rest)).map(({ finalized }) => finalized.height))
    await until(
      'the majority finalizes during the cut',
      cutMs,
      async () => (await network.statuses(rest)).every(({ finalized }) => finalized.height > start),
      100,
      async () => describeStatuses(await network.statuses()),
    )
    const target = Math.max(...(await heights(rest))) + 5
    await untilAgreed(network, target, 30_000)
  })

  it('a one-way cut ends in one chain', async () => {
    await running()
    await network.cut('one-way', ['miner-0'], ['miner-1', 'miner-2', 'miner-3', 'boot-0'], cutMs, true)
    const target = Math.max(...(await heights(network.running()))) + 20
    await untilAgreed(network, target, 40_000)
  })
})
