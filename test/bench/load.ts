// Four nodes, a block a second, ever more transactions offered by a load node, until a transaction takes longer than two
// blocks. Latency is that of canaries which pay more than the load, given to a node over HTTP.
import { setTimeout as delay } from 'node:timers/promises'
import { canarySigner } from '../../operator/local/canary.ts'
import { Network, untilAgreed } from '../support/network.ts'
import { NodeEvents } from './node-events.ts'
import { cpuSeconds } from './process-usage.ts'
import { type Bench, percentile, type Row } from './row.ts'

const ladder = [250, 500, 750, 1_000, 1_500, 2_000, 3_000]
const stepMs = { short: 15_000, long: 30_000 }
const maxLatencyBlocks = 2
const canariesPerSecond = 4

const testnet = (rate: number): string => `
apiVersion: trellis.dev/v1alpha1
kind: Testnet
metadata: { name: load }
spec:
  network: { topology: { shape: full } }
  load: { rate: ${rate}, payload: 64B, accounts: 512 }
  groups: [{ name: miner, role: miner, count: 4 }, { name: load, role: load }]
`

interface Step {
  readonly offered: number
  /** Transactions a second in blocks of the main chain. */
  readonly committed: number
  readonly intervalMs: number
  readonly p50: number
  readonly p99: number
  readonly cpuPerNode: number
}

export const load: Bench = async ({ long, say }) => {
  let best: Step | undefined
  let failed: Step | undefined
  for (const rate of ladder) {
    const step = await climb(rate, long ? stepMs.long : stepMs.short)
    say(
      `${rate} tx/s offered: ${step.committed.toFixed(0)} committed, p50 ${step.p50.toFixed(0)} p99 ${step.p99.toFixed(0)} ms, ` +
        `interval ${step.intervalMs.toFixed(0)} ms, ${step.cpuPerNode.toFixed(0)} % of a core per node`,
    )
    if (step.p50 > maxLatencyBlocks * step.intervalMs || step.committed < 0.9 * rate) {
      failed = step
      break
    }
    best = step
  }
  const rows: Row[] = []
  if (best)
    rows.push(
      {
        name: 'sustained load, 4 nodes, 1 s blocks, 64-byte payloads, signed',
        // A short window may commit what was left over from before it.
        value: Math.min(best.offered, best.committed),
        unit: 'transactions/s',
        note: `${best.offered} offered, ${best.cpuPerNode.toFixed(0)} % of a core per node`,
        peer: { name: 'CometBFT without signatures 2,500 to', value: 4_000 },
      },
      { name: 'latency at that load, p50', value: best.p50, unit: 'ms', aim: '<= 2 blocks' },
      { name: 'latency at that load, p99', value: best.p99, unit: 'ms' },
    )
  if (failed)
    rows.push({
      name: `committed of ${failed.offered} offered (too many)`,
      value: failed.committed,
      unit: 'transactions/s',
    })
  return rows
}

async function climb(rate: number, forMs: number): Promise<Step> {
  const network = await Network.create(testnet(rate))
  const events = new NodeEvents()
  try {
    await network.start()
    await untilAgreed(network, 4, 60_000)
    await events.follow(network, 'head,block')
    await delay(5_000)
    const pids = network.nodes.filter(({ name }) => name.startsWith('miner')).map(node => node.process?.pid)
    const before = await Promise.all(pids.map(cpuSeconds))
    const from = Date.now()
    const sent = await sendCanaries(network, forMs)
    const until = Date.now()
    const after = await Promise.all(pids.map(cpuSeconds))
    // The last canaries get as long as the rule allows before they count as late.
    await delay(4_000)
    const { client } = network.node('miner-0')
    const never = new AbortController().signal
    const mainBlocks = events.heard.flatMap(({ node, event }) =>
      node === 'miner-0' && event.kind === 'block' ? [event] : [],
    )
    const latencies: number[] = []
    for (const { id, at } of sent) {
      const state = await client.transaction(id, { signal: never })
      const block = state?.state === 'included' ? mainBlocks.find(({ hash }) => hash === state.block) : undefined
      latencies.push(block === undefined ? Number.POSITIVE_INFINITY : block.at - at)
    }
    const main = mainBlocks.filter(({ at }) => at >= from && at <= until)
    const seconds = (until - from) / 1_000
    const heights = new Set(main.map(({ height }) => height))
    const cpu = after.reduce((sum, value, index) => sum + value - before[index]!, 0)
    return {
      offered: rate,
      committed:
        main
          .filter(first => main.find(({ height }) => height === first.height) === first)
          .reduce((sum, { transactions }) => sum + transactions, 0) / seconds,
      intervalMs: (1_000 * seconds) / Math.max(1, heights.size),
      p50: percentile(latencies, 50),
      p99: percentile(latencies, 99),
      cpuPerNode: (100 * cpu) / pids.length / seconds,
    }
  } finally {
    events.stop()
    await network.stop()
  }
}

async function sendCanaries(network: Network, forMs: number): Promise<{ id: string; at: number }[]> {
  const signer = canarySigner(network.expanded)
  const miners = network.nodes.filter(({ name }) => name.startsWith('miner'))
  const sent: { id: string; at: number }[] = []
  const never = new AbortController().signal
  const gap = 1_000 / canariesPerSecond
  for (let index = 0; index * gap < forMs; index++) {
    const account = index % signer.addresses.length
    const bytes = await signer.sign(account, Math.floor(index / signer.addresses.length))
    const at = Date.now()
    sent.push({ id: await miners[index % miners.length]!.client.submit(bytes, { signal: never }), at })
    await delay(Math.max(0, gap - (Date.now() - at)))
  }
  return sent
}
