// How long the agent takes to put rows for 1,000 peers in force, and what it costs when idle. As root: node test/agent/bench.ts
import { readFile } from 'node:fs/promises'
import { Endpoint } from './endpoint.ts'
import { makeWire } from './namespaces.ts'
import { RunningAgent } from './running-agent.ts'

const peersOf = (region: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({
    name: `n${i}`,
    host: `10.${100 + region}.${i >> 8}.${i & 255}`,
    peerId: `${i}`,
  }))
const row = (id: string, classes: object[]) => ({ id, endsAt: Date.now() + 40_000, classes })
const rows = {
  'a cut from 1,000 peers': [
    row(
      'cut',
      ['in', 'out'].map(direction => ({ direction, link: { drop: true }, peers: peersOf(0, 1_000) })),
    ),
  ],
  '5 regions of 200 peers by rate': [
    row(
      'rate',
      [1, 2, 3, 4, 5].map(region => ({
        direction: 'out',
        link: { drop: false, rate: region * 1e5 },
        peers: peersOf(region, 200),
      })),
    ),
  ],
}

await using wire = await makeWire(2)
const [asker, host] = [await Endpoint.start(wire.hosts[0]!), wire.hosts[1]!]
const agent = await RunningAgent.start(host, asker)
try {
  const milliseconds = async (work: () => Promise<{ status: number }>): Promise<number> => {
    const start = performance.now()
    const { status } = await work()
    if (status !== 200) throw new Error(`answered ${status}`)
    return performance.now() - start
  }
  let run = 0
  for (const [name, wanted] of Object.entries(rows)) {
    const times: Record<string, number[]> = { put: [], renew: [], end: [] }
    for (let i = 0; i < 10; i++) {
      const experiment = `bench-${run++}`
      times.put!.push(await milliseconds(() => agent.put(experiment, wanted as never, 30_000)))
      times.renew!.push(await milliseconds(() => agent.renew(experiment, 30_000)))
      times.end!.push(await milliseconds(() => agent.end(experiment)))
    }
    for (const [what, all] of Object.entries(times)) {
      const sorted = all.sort((x, y) => x - y)
      console.log(
        `${name}: ${what} ${sorted[5]!.toFixed(0)} ms (slowest ${sorted[9]!.toFixed(0)} ms), HTTP and counters included`,
      )
    }
  }
  const status = await readFile(`/proc/${agent.pid}/status`, 'utf8')
  console.log(`idle: ${/VmRSS:\s+(\d+)/.exec(status)?.[1]} KiB resident`)
} finally {
  await agent.stop()
  await asker.stop()
}
