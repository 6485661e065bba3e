import { afterEach, describe, expect, it } from 'vitest'
import { describeStatuses, Network, until, untilAgreed } from '../support/network.ts'

const testnet = `
apiVersion: trellis.dev/v1alpha1
kind: Testnet
metadata: { name: restart-all }
spec:
  chain: { blockInterval: 400ms, finality: { checkpointInterval: 4 } }
  load: { rate: 20 }
  groups:
    - { name: boot, role: bootstrap }
    - { name: miner, role: miner, count: 4 }
    - { name: load, role: load }
`
/** A stop that is asked for must be over by then. */
const stopWithinMs = 5_000

let network: Network
afterEach(() => network?.stop())

interface Before {
  /** Highest block that all nodes showed. */
  readonly common: { readonly hash: string; readonly height: number }
  readonly finalized: { readonly hash: string; readonly height: number }
}

async function running(): Promise<Before> {
  network = await Network.create(testnet)
  await network.start()
  await untilAgreed(network, 8, 30_000)
  await until('something finalized', 30_000, async () => (await network.statuses()).every(s => s.finalized.height > 0))
  const statuses = await network.statuses()
  const height = Math.min(...statuses.map(({ head }) => head.height))
  const common = statuses[0]!.recent.find(block => block.height === height)!
  const [finalized] = statuses.map(status => status.finalized).sort((a, b) => b.height - a.height)
  return { common, finalized: finalized! }
}

/** The chain of before is still there on every node, and goes on with its finality. */
async function goesOn({ common, finalized }: Before): Promise<void> {
  await untilAgreed(network, common.height + 8, 40_000)
  await until(
    'finality goes on',
    30_000,
    async () => (await network.statuses()).every(s => s.finalized.height > common.height),
    100,
    async () => describeStatuses(await network.statuses()),
  )
  for (const { name, client } of network.nodes) {
    for (const { height, hash } of [finalized, common]) {
      const block = await client.block(height, { signal: AbortSignal.timeout(5_000) })
      expect(block, `${name} at height ${height}`).toMatchObject({ hash, height })
    }
  }
}

describe('all nodes at once', () => {
  it('killed and started again, they go on with the same chain and its finality', async () => {
    const before = await running()
    const names = network.running()
    await Promise.all(names.map(name => network.kill(name)))
    expect(network.running()).toEqual([])
    await network.start()
    const statuses = await network.statuses()
    expect(Math.min(...statuses.map(({ head }) => head.height))).toBeGreaterThanOrEqual(before.common.height)
    await goesOn(before)
  })

  it('end cleanly on SIGTERM, in the midst of load, and go on', async () => {
    const before = await running()
    const started = performance.now()
    await Promise.all(network.running().map(name => network.kill(name, 'SIGTERM')))
    expect(performance.now() - started).toBeLessThan(stopWithinMs)
    for (const { name, process } of network.nodes) {
      expect([process?.exitCode, process?.signalCode], name).toEqual([0, null])
      const lines = (await network.log(name)).trim().split('\n')
      expect(lines.filter(line => line.includes('"level":"error"'))).toEqual([])
      // The last thing a node says is that all it had open is closed.
      expect(JSON.parse(lines.at(-1)!)).toMatchObject({ msg: 'stopped' })
    }
    await network.start()
    await goesOn(before)
  })
})
