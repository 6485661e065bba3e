// What metrics cost: a scrape of real nodes, and the import of blocks with and without them.
import { setTimeout as delay } from 'node:timers/promises'
import { recordOf } from '../../node/chain/tree.ts'
import { Log } from '../../node/observe/log.ts'
import { createMetrics, type Metrics } from '../../node/observe/metrics.ts'
import { Observer } from '../../node/observe/observer.ts'
import { Network, untilAgreed } from '../support/network.ts'
import { prepareChain } from '../support/prepared-chain.ts'
import { importAll } from './import.ts'
import { against, type Bench, median, percentile, type Row } from './row.ts'
import { type Cost, decoded, storedBlocks } from './stored-blocks.ts'

const nodes = 8
const scrapes = { short: 20, long: 100 }
/** Prometheus' usual interval is 15 s; imports last less, so they are scraped more often than they would be. */
const scrapeEveryMs = 1_000
const blocks = 4_000
const rounds = { short: 9, long: 25 }

const testnet = `
apiVersion: trellis.dev/v1alpha1
kind: Testnet
metadata: { name: scraped }
spec:
  load: { rate: 20, payload: 64B }
  groups:
    - { name: boot, role: bootstrap }
    - { name: miner, role: miner, count: 4 }
    - { name: full, role: full, count: ${nodes - 6} }
    - { name: load, role: load }
`

export const metrics: Bench = async ({ long, say }) => [
  ...(await scraped(long ? scrapes.long : scrapes.short, say)),
  ...(await importCost(long ? rounds.long : rounds.short, say)),
]

async function scraped(times: number, say: (line: string) => void): Promise<Row[]> {
  const network = await Network.create(testnet)
  try {
    await network.start()
    await untilAgreed(network, 10, 60_000)
    const took: number[] = []
    const bytes: number[] = []
    const series: number[] = []
    for (let time = 0; time < times; time++) {
      for (const { client } of network.nodes) {
        const from = performance.now()
        const response = await fetch(`${client.endpoint.statusUrl}/metrics`)
        const text = await response.text()
        took.push(performance.now() - from)
        bytes.push(text.length)
        series.push(text.split('\n').filter(line => line !== '' && !line.startsWith('#')).length)
      }
      await delay(500)
    }
    say(`${took.length} scrapes, median ${median(took).toFixed(1)} ms`)
    const note = `${nodes} nodes, ${took.length} scrapes`
    return [
      { name: 'scrape, size, largest', value: Math.max(...bytes) / 1_024, unit: 'KiB', note },
      { name: 'scrape, series, most', value: Math.max(...series), unit: 'series', aim: '< 400' },
      { name: 'scrape, duration, p50', value: median(took), unit: 'ms' },
      { name: 'scrape, duration, p99', value: percentile(took, 99), unit: 'ms' },
    ]
  } finally {
    await network.stop()
  }
}

/** Empty blocks: there a block's metrics weigh most. The node's events are made in both cases. */
async function importCost(times: number, say: (line: string) => void): Promise<Row[]> {
  const chain = await prepareChain({ blocks })
  const encoded = await storedBlocks(chain)
  const withMetrics: Cost[] = []
  const without: Cost[] = []
  const ratios: number[] = []
  // The first of a process is slower: neither is measured cold.
  await importAll(chain, encoded)
  for (let round = 0; round < times; round++) {
    const plain = () => observedImport(silentMetrics())
    const measured = async () => {
      const real = createMetrics({ testnet: 'bench', node: 'bench', group: 'bench' })
      const scraper = setInterval(() => void real.scrape(), scrapeEveryMs)
      try {
        return await observedImport(real)
      } finally {
        clearInterval(scraper)
        real.stop()
      }
    }
    // In turns first, so that a machine that slows down slows both.
    const pair = round % 2 === 0 ? [await plain(), await measured()] : [await measured(), await plain()].reverse()
    const [bare, full] = pair as [Cost, Cost]
    without.push(bare)
    withMetrics.push(full)
    ratios.push(full.cpuSeconds / bare.cpuSeconds)
    say(`processor time with metrics ${full.cpuSeconds.toFixed(2)} s, without ${bare.cpuSeconds.toFixed(2)} s`)
  }
  await chain.remove()
  const cpu = (costs: readonly Cost[]): number => (1e6 * median(costs.map(cost => cost.cpuSeconds))) / blocks
  return [
    {
      name: 'import of empty blocks with metrics, processor time',
      value: cpu(withMetrics),
      unit: 'µs a block',
      floor: cpu(without),
      ratio: median(ratios),
      aim: '<= 1.02 x without',
      note: `median of ${times} pairs, scraped every second`,
    },
    against(cpu(without), {
      name: 'metrics of one block alone; the floor is the import without',
      value: alone(createMetrics()) - alone(silentMetrics()),
      unit: 'µs a block',
      aim: '<= 0.02 of it',
    }),
  ]

  /** What the observer takes for a block, events included, µs: no noise of an import hides it. */
  function alone(used: Metrics): number {
    const observer = new Observer({ log: new Log({ write: () => {} }), metrics: used, now: Date.now })
    const { header } = decoded(encoded[0]!)
    const record = recordOf(header, 1n)
    const costs: number[] = []
    for (let round = 0; round < times; round++) {
      const from = process.cpuUsage()
      for (let i = 0; i < blocks; i++) observer.block(record, 0, 'sync:bench', record.timestamp)
      const { user, system } = process.cpuUsage(from)
      costs.push((user + system) / blocks)
    }
    used.stop()
    return median(costs)
  }

  function observedImport(used: Metrics): Promise<Cost> {
    const observer = new Observer({ log: new Log({ write: () => {} }), metrics: used, now: Date.now })
    return importAll(chain, encoded, {
      onBlock: (record, block, from, receivedAt) => observer.block(record, block.transactions.length, from, receivedAt),
    })
  }
}

/** Takes everything and keeps nothing: what the node would be without metrics. */
function silentMetrics(): Metrics {
  const nothing = (): void => {}
  const silent = { inc: nothing, set: nothing, observe: nothing }
  return { get: () => silent, stop: nothing } as unknown as Metrics
}
