// A fresh node takes a whole chain from peers that have it on disk: real processes over TCP, Noise and Yamux, every
// signature checked. All processes share the cores, so what serving costs is counted beside.
import { rm } from 'node:fs/promises'
import { Network, until } from '../support/network.ts'
import { type PreparedChain, prepareChain } from '../support/prepared-chain.ts'
import { cpuSeconds, memory } from './process-usage.ts'
import { type Bench, median, type Row } from './row.ts'
import { bareVerification, type Cost, storedBlocks } from './stored-blocks.ts'

const cases = [
  { transactions: 0, blocks: 5_000 },
  { transactions: 100, blocks: 2_000 },
  { transactions: 500, blocks: 500 },
]
const peerCounts = [1, 4]
const payloadBytes = 64
/** Baselines on this kind of machine: docs/benchmarks.md says how they were taken. */
const others = { name: 'CometBFT 151, geth', value: 158 }

export const sync: Bench = async ({ long, say }) => {
  const rows: Row[] = []
  for (const { transactions, blocks } of cases) {
    const chain = await prepareChain({
      blocks,
      transactionsPerBlock: transactions,
      payloadBytes,
      fullNodes: Math.max(...peerCounts) + 1,
    })
    const encoded = await storedBlocks(chain)
    for (const peers of peerCounts) {
      const floors: Cost[] = []
      const runs: SyncRun[] = []
      for (let round = 0; round < (long ? 3 : 1); round++) {
        floors.push(await bareVerification(chain, encoded))
        const run = await syncOnce(chain, peers)
        runs.push(run)
        say(
          `${transactions} transactions, ${peers} peers: ${run.seconds.toFixed(2)} s, bare verification ${floors.at(-1)!.seconds.toFixed(2)} s (processor ${floors.at(-1)!.cpuSeconds.toFixed(1)} s), ` +
            `processor ${run.ownCpu.toFixed(1)} s and serving ${run.servingCpu.toFixed(1)} s, ${run.residentMiB.toFixed(0)} MiB`,
        )
      }
      rows.push(...rowsOf(transactions, blocks, peers, runs, floors))
    }
    await chain.remove()
  }
  return rows
}

interface SyncRun {
  /** From the first request for headers to the last block imported. */
  readonly seconds: number
  readonly ownCpu: number
  readonly servingCpu: number
  readonly residentMiB: number
}

function rowsOf(
  transactions: number,
  blocks: number,
  peers: number,
  runs: readonly SyncRun[],
  floors: readonly Cost[],
): Row[] {
  const floor = median(floors.map(cost => cost.seconds))
  const floorCpu = median(floors.map(cost => cost.cpuSeconds))
  const seconds = median(runs.map(run => run.seconds))
  const what = `${transactions === 0 ? 'empty blocks' : `${transactions} transactions a block`}, ${peers} ${peers === 1 ? 'peer' : 'peers'}`
  const servingCpu = median(runs.map(run => run.servingCpu))
  const cpu = servingCpu + median(runs.map(run => run.ownCpu))
  const blockRow: Row = {
    name: `sync, ${what}`,
    value: blocks / seconds,
    unit: 'blocks/s',
    floor: blocks / floor,
    ratio: floor / seconds,
    note: `serving took ${Math.round((100 * servingCpu) / cpu)} % of the processor time`,
    ...(transactions > 0 && { aim: '>= 0.8 of the floor' }),
    ...(transactions === 100 && { peer: others }),
  }
  if (transactions === 0) return [blockRow]
  const rate: Row = {
    name: `sync, ${what}`,
    value: (transactions * blocks) / seconds,
    unit: 'transactions/s',
    floor: (transactions * blocks) / floor,
    ratio: floor / seconds,
  }
  const processor: Row = {
    name: `sync, ${what}: processor time, all processes`,
    value: (1e6 * cpu) / blocks / transactions,
    unit: 'µs a transaction',
    floor: (1e6 * floorCpu) / blocks / transactions,
    ratio: cpu / floorCpu,
  }
  return [blockRow, rate, processor]
}

/** The node `full-0` begins with nothing; `full-1` and so on have the chain. The miner is not started: nothing is added. */
async function syncOnce(chain: PreparedChain, peers: number): Promise<SyncRun> {
  const network = await Network.create(chain.yaml)
  const servers = Array.from({ length: peers }, (_, index) => `full-${index + 1}`)
  try {
    for (const name of servers) {
      const { dataDir } = network.node(name)
      await rm(dataDir, { recursive: true })
      await chain.copyTo(dataDir)
    }
    await network.start(...servers)
    await until('the servers know each other', 20_000, async () =>
      (await network.statuses(servers)).every(({ peers: { inbound, outbound } }) => inbound + outbound === peers - 1),
    )
    const cpu = async (name: string): Promise<number> => cpuSeconds(network.node(name).process?.pid)
    const before = await Promise.all(servers.map(cpu))
    await network.start('full-0')
    await until(
      `full-0 to reach height ${chain.head.height}`,
      600_000,
      async () => (await network.status('full-0')).head.hash === chain.head.hash,
      250,
      () => network.log('full-0'),
    )
    const after = await Promise.all(servers.map(cpu))
    const ownCpu = await cpu('full-0')
    const { resident: residentMiB } = await memory(network.node('full-0').process?.pid)
    const log = () => network.log('full-0')
    await until('the end in the log', 5_000, async () => times(await log()) !== undefined, 100, log)
    const { started, finished } = times(await log())!
    const servingCpu = after.reduce((sum, seconds, index) => sum + seconds - before[index]!, 0)
    return { seconds: (finished - started) / 1_000, ownCpu, servingCpu, residentMiB }
  } finally {
    await network.stop()
  }
}

/** When synchronisation began and last ended, by the node's log. */
function times(log: string): { started: number; finished: number } | undefined {
  const lines = log
    .split('\n')
    .filter(line => line.includes('"msg":"sync"'))
    .map(line => JSON.parse(line) as { time: string; state: string })
  const started = lines.find(({ state }) => state === 'started')
  const finished = lines.findLast(({ state }) => state === 'finished')
  return started && finished && { started: Date.parse(started.time), finished: Date.parse(finished.time) }
}
