import { afterEach, describe, expect, it } from 'vitest'
import type { MetricDefinition } from '../../api/metrics/definition.ts'
import { nodeMetrics } from '../../api/metrics/node.ts'
import { knownSeries } from '../../api/metrics/registered.ts'
import type { NodeStatus } from '../../api/observation.ts'
import { scrape, series } from '../support/metrics.ts'
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
/** At 400 ms a block, with four seconds until a silent link counts as dead: room for 99 of 100 cuts, doubled. */
const suspectWithinMs = 20_000

/** Metrics that may have no series in a short healthy run with one cut, and what brings them about. */
const onlyWhen: Readonly<Record<string, string>> = {
  trellis_node_transactions_received_total: 'load or a client sends transactions',
  trellis_node_blocks_rejected_total: 'a peer sends a block that breaks a rule',
  trellis_node_offences_total: 'a peer misbehaves',
  trellis_node_bans_total: 'a peer is banned',
}
/** Series of one node, those of its process included. */
const maxSeries = 400

const never = new AbortController().signal

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

/** The isolated miner suspects a partition or not, and the majority does not. */
async function untilSuspected(expected: boolean): Promise<void> {
  const told = async () =>
    (await network.statuses()).map(({ name, partitionSuspected }) => `${name} ${partitionSuspected}`).join(', ')
  await until(
    `only miner-0 to suspect a partition: ${expected}`,
    suspectWithinMs,
    async () => {
      const statuses = await network.statuses()
      const metric = (await scrape(network.node('miner-0').client.endpoint.statusUrl))(
        'trellis_node_partition_suspected',
      )
      const right = ({ name, partitionSuspected }: NodeStatus) =>
        partitionSuspected === (expected && name === 'miner-0')
      return statuses.every(right) && metric === Number(expected)
    },
    100,
    told,
  )
}

/** Every metric of the catalogue has a series in some node, each bounded label all its values, and no node too many. */
async function checkSeries(): Promise<void> {
  const found = await Promise.all(network.nodes.map(({ client }) => series(client.endpoint.statusUrl)))
  for (const ofNode of found) {
    expect(ofNode.length).toBeLessThan(maxSeries)
    expect(ofNode.filter((line, index) => ofNode.indexOf(line) !== index)).toEqual([])
  }
  const all = found.flat()
  const missing = Object.entries<MetricDefinition>(nodeMetrics).flatMap(([name, definition]) => {
    const own = all.filter(line => line.replace(/_(bucket|sum|count)\{/, '{').startsWith(`${name}{`))
    if (own.length === 0) return name in onlyWhen ? [] : [name]
    return knownSeries(definition)
      .map(labels => Object.entries(labels).map(([label, value]) => `${label}="${value}"`))
      .filter(labels => !own.some(line => labels.every(label => line.includes(label))))
      .map(labels => `${name}{${labels}}`)
  })
  expect(missing).toEqual([])
}

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
    await checkSeries()
  })

  it('an isolated miner returns to the majority, which went on finalizing', async () => {
    await running()
    const rest = ['boot-0', 'miner-1', 'miner-2', 'miner-3']
    await network.cut('isolate', ['miner-0'], rest, suspectWithinMs)
    const start = Math.max(...(await network.statuses(rest)).map(({ finalized }) => finalized.height))
    await until(
      'the majority finalizes during the cut',
      suspectWithinMs,
      async () => (await network.statuses(rest)).every(({ finalized }) => finalized.height > start),
      100,
      async () => describeStatuses(await network.statuses()),
    )
    await untilSuspected(true)
    await Promise.all(network.nodes.map(({ client }) => client.deleteRow('isolate', { signal: never })))
    const target = Math.max(...(await heights(rest))) + 5
    await untilAgreed(network, target, 30_000)
    await untilSuspected(false)
  })

  it('a one-way cut ends in one chain', async () => {
    await running()
    await network.cut('one-way', ['miner-0'], ['miner-1', 'miner-2', 'miner-3', 'boot-0'], cutMs, true)
    const target = Math.max(...(await heights(network.running()))) + 20
    await untilAgreed(network, target, 40_000)
  })
})
