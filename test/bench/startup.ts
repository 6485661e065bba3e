// How soon a node is there, and what it takes while it does nothing much.
import { setTimeout as delay } from 'node:timers/promises'
import { Network, until, untilAgreed } from '../support/network.ts'
import { prepareChain } from '../support/prepared-chain.ts'
import { cpuSeconds, memory } from './process-usage.ts'
import { type Bench, median, percentile, type Row } from './row.ts'

const starts = 10
const idleMs = { short: 60_000, long: 600_000 }
const grownBlocks = 10_000

const alone = `
apiVersion: trellis.dev/v1alpha1
kind: Testnet
metadata: { name: startup }
spec: { groups: [{ name: miner, role: miner }] }
`
const nine = `
apiVersion: trellis.dev/v1alpha1
kind: Testnet
metadata: { name: idle }
spec:
  network: { topology: { shape: full } }
  groups: [{ name: miner, role: miner, count: 3 }, { name: full, role: full, count: 6 }]
`

export const startup: Bench = async options => [
  ...(await readiness(options.say)),
  ...(await idle(options.long ? idleMs.long : idleMs.short, options.say)),
  ...(await grown(options.say)),
]

async function readiness(say: (line: string) => void): Promise<Row[]> {
  const network = await Network.create(alone)
  const times: number[] = []
  try {
    // The first start reads the program from disk and writes the genesis.
    for (let round = 0; round <= starts; round++) {
      const before = performance.now()
      await network.start('miner-0')
      if (round > 0) times.push((performance.now() - before) / 1_000)
      await network.kill('miner-0', 'SIGTERM')
    }
  } finally {
    await network.stop()
  }
  say(`ready after ${times.map(time => time.toFixed(2)).join(', ')} s`)
  const rest = { unit: 's', note: `n=${starts}, program in the page cache` }
  return [
    { name: 'process start to /readyz 200, median', value: median(times), aim: '<= 0.5 s', ...rest },
    { name: 'process start to /readyz 200, slowest', value: percentile(times, 100), ...rest },
  ]
}

/** Nine nodes, all connected to all, one empty block a second. */
async function idle(forMs: number, say: (line: string) => void): Promise<Row[]> {
  const network = await Network.create(nine)
  try {
    await network.start()
    await untilAgreed(network, 3, 60_000)
    await until('eight peers each', 30_000, async () =>
      (await network.statuses()).every(({ peers }) => peers.inbound + peers.outbound === 8),
    )
    const pids = network.nodes.map(node => node.process?.pid)
    const before = await Promise.all(pids.map(cpuSeconds))
    const since = performance.now()
    await delay(forMs)
    const wall = (performance.now() - since) / 1_000
    const after = await Promise.all(pids.map(cpuSeconds))
    const used = await Promise.all(pids.map(memory))
    const cpu = median(after.map((seconds, index) => (100 * (seconds - before[index]!)) / wall))
    const note = `median of 9 nodes after ${Math.round(forMs / 60_000)} minutes, 8 peers, 1 empty block/s`
    say(`resident ${used.map(({ resident }) => resident.toFixed(0)).join(', ')} MiB`)
    const residents = used.map(({ resident }) => resident)
    return [
      {
        name: 'resident memory, idle',
        value: median(residents),
        unit: 'MiB',
        note,
        aim: '<= 90 MB',
        peer: { name: 'CometBFT 54, geth', value: 135 },
      },
      { name: 'of it anonymous', value: median(used.map(({ anonymous }) => anonymous)), unit: 'MiB' },
      {
        name: 'processor, idle',
        value: cpu,
        unit: '% of a core',
        note,
        peer: { name: 'CometBFT (4 nodes)', value: 1.6 },
      },
    ]
  } finally {
    await network.stop()
  }
}

/** A node that took 10,000 empty blocks from a peer, and the same node started again. */
async function grown(say: (line: string) => void): Promise<Row[]> {
  const chain = await prepareChain({ blocks: grownBlocks, fullNodes: 2 })
  const network = await Network.create(chain.yaml)
  try {
    await chain.copyTo(network.node('full-1').dataDir)
    const reached = async () => (await network.status('full-0')).head.height >= grownBlocks
    await network.start()
    await until(`${grownBlocks} blocks`, 300_000, reached, 500)
    // Long enough for a collection of what synchronisation left.
    await delay(20_000)
    const synced = await memory(network.node('full-0').process?.pid)
    await network.kill('full-0', 'SIGTERM')
    const before = performance.now()
    await network.start('full-0')
    const ready = (performance.now() - before) / 1_000
    await delay(20_000)
    const again = await memory(network.node('full-0').process?.pid)
    say(`after ${grownBlocks} blocks ${synced.resident.toFixed(0)} MiB, started again ${again.resident.toFixed(0)} MiB`)
    return [
      {
        name: `resident memory after ${grownBlocks} blocks synchronised`,
        value: synced.resident,
        unit: 'MiB',
        aim: '<= 90 MB',
      },
      { name: 'the same node started again', value: again.resident, unit: 'MiB' },
      { name: `process start to /readyz 200 with ${grownBlocks} blocks`, value: ready, unit: 's' },
    ]
  } finally {
    await network.stop()
    await chain.remove()
  }
}
