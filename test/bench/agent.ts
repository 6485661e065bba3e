// What the net agent's kernel rules cost and how exact they are: this machine's kernel in network namespaces, and a
// kernel with sch_netem in a virtual machine. Needs root.
import { setTimeout as delay } from 'node:timers/promises'
import type { LinkRow } from '../../api/link.ts'
import { type Endpoint, Endpoint as EndpointProcess } from '../agent/endpoint.ts'
import { makeWire } from '../agent/namespaces.ts'
import { RunningAgent } from '../agent/running-agent.ts'
import { whyNot } from '../agent/tools.ts'
import { arrivals, bothWays, rowTo } from '../agent/traffic.ts'
import { errorsOf, measure } from '../agent/vm/netem-scene.ts'
import { getParts, whyNoVm } from '../agent/vm/parts.ts'
import { cpuSeconds, memory } from './process-usage.ts'
import { type Bench, type BenchOptions, median, percentile, type Row } from './row.ts'

const LEASE_MS = 30_000

interface Scene {
  readonly a: Endpoint
  readonly b: Endpoint
  readonly agent: RunningAgent
  /** A name that no experiment had. */
  readonly next: () => string
}

export const agent: Bench = async options => {
  const reason = whyNot()
  if (reason) throw new Error(`the net agent cannot be measured here: ${reason}`)
  await using wire = await makeWire(3)
  const ends: Endpoint[] = []
  for (const host of wire.hosts) ends.push(await EndpointProcess.start(host))
  const [a, b, asker] = ends as [Endpoint, Endpoint, Endpoint]
  const running = await RunningAgent.start(a.host, asker)
  let last = 0
  const scene = { a, b, agent: running, next: () => `bench-${++last}` }
  try {
    const rows: Row[] = []
    for (const part of [idle, thousandPeers, residual, bandwidth, expiry]) rows.push(...(await part(scene, options)))
    return [...rows, ...(await latency(options))]
  } finally {
    await running.stop()
    for (const end of ends) await end.stop()
  }
}

const peersOf = (region: number, count: number): LinkRow['classes'][number]['peers'] =>
  Array.from({ length: count }, (_, i) => ({
    name: `n${i}`,
    host: `10.${100 + region}.${i >> 8}.${i & 255}`,
    peerId: `${i}`,
  }))
const rowOf = (id: string, classes: LinkRow['classes']): LinkRow => ({ id, endsAt: Date.now() + 40_000, classes })
const largeRows = (): Record<string, LinkRow> => ({
  'a cut from 1,000 peers': rowOf(
    'cut',
    (['in', 'out'] as const).map(direction => ({ direction, link: { drop: true }, peers: peersOf(0, 1_000) })),
  ),
  '1,000 peers in 5 regions, each with its rate': rowOf(
    'rate',
    [1, 2, 3, 4, 5].map(region => ({
      direction: 'out',
      link: { drop: false, rate: region * 1e5 },
      peers: peersOf(region, 200),
    })),
  ),
})

/** Over HTTP and with the report of the counters, as the runner asks. */
async function thousandPeers({ agent, next }: Scene, { long, say }: BenchOptions): Promise<Row[]> {
  const timed = async (work: () => Promise<{ status: number }>): Promise<number> => {
    const start = performance.now()
    const { status } = await work()
    if (status !== 200) throw new Error(`the agent answered ${status}`)
    return performance.now() - start
  }
  const count = long ? 50 : 15
  const rows: Row[] = []
  for (const [name, row] of Object.entries(largeRows())) {
    const times = { put: [] as number[], renew: [] as number[], end: [] as number[] }
    for (let i = 0; i < count; i++) {
      const experiment = next()
      times.put.push(await timed(() => agent.put(experiment, [row], LEASE_MS)))
      times.renew.push(await timed(() => agent.renew(experiment, LEASE_MS)))
      times.end.push(await timed(() => agent.end(experiment)))
    }
    for (const [what, all] of Object.entries(times)) {
      rows.push({
        name: `${name}: ${what}, p50`,
        value: median(all),
        unit: 'ms',
        note: `n=${count}, slowest ${percentile(all, 100).toFixed(0)}`,
        ...(what === 'put' && { aim: '<= 100 ms' }),
      })
      say(`${name}: ${what} ${median(all).toFixed(0)} ms`)
    }
  }
  return rows
}

/** Datagrams that get through after the agent has answered. */
async function residual({ a, b, agent, next }: Scene, { long }: BenchOptions): Promise<Row[]> {
  const [cuts, each] = [long ? 50 : 10, 200]
  let delivered = 0
  for (let i = 0; i < cuts; i++) {
    const experiment = next()
    await b.received(a.host.v4)
    await agent.put(experiment, [rowTo('cut', b.host, bothWays)], LEASE_MS)
    await b.received(a.host.v4)
    await a.send(b.host.v4, each)
    await delay(50)
    delivered += (await b.received(a.host.v4)).length
    await agent.end(experiment)
  }
  const note = `${cuts} cuts, ${each} sent after each`
  return [{ name: 'delivered across a cut', value: delivered, unit: 'packets', aim: '0', note }]
}

async function bandwidth({ a, b, agent, next }: Scene, { say }: BenchOptions): Promise<Row[]> {
  const rows: Row[] = []
  for (const rate of [50_000, 500_000, 5_000_000]) {
    const experiment = next()
    await agent.put(experiment, [rowTo('slow', b.host, { out: { rate } })], LEASE_MS)
    const bytes = 4 * rate
    const ms = await a.transfer(b.host.v4, bytes)
    await agent.end(experiment)
    // 1,448 bytes of each packet's 1,514 are the connection's.
    const wireRate = ((bytes * 1_514) / 1_448 / ms) * 1_000
    const error = (wireRate / rate - 1) * 100
    say(`${rate} bytes/s: off by ${error.toFixed(2)} %`)
    const note = 'one TCP connection, 4 s of traffic'
    rows.push({ name: `bandwidth of ${rate / 1_000} kB/s: error`, value: error, unit: '%', note })
  }
  return rows
}

/** From the end of the lease to the first packet that arrives: nobody is there to remove a rule. */
async function expiry({ a, b, agent, next }: Scene, { long, say }: BenchOptions): Promise<Row[]> {
  const times: number[] = []
  const leaseMs = 1_000
  for (let i = 0; i < (long ? 30 : 8); i++) {
    const { body } = await agent.put(next(), [rowTo('cut', b.host, bothWays)], leaseMs)
    await agent.kill()
    const [first] = await arrivals(a, b, leaseMs + 1_000)
    if (first === undefined) throw new Error('the cut outlived its lease by a second')
    times.push(first - body.until)
    await agent.launch()
  }
  say(`expiry ${times.join(', ')} ms after the lease`)
  const note = `n=${times.length}, one packet every 10 ms`
  return [
    { name: 'after SIGKILL: traffic passes after the end of the lease, p50', value: median(times), unit: 'ms', note },
    { name: 'after SIGKILL: slowest', value: percentile(times, 100), unit: 'ms', aim: '<= 1,000 ms' },
  ]
}

async function idle({ agent }: Scene, { long }: BenchOptions): Promise<Row[]> {
  const seconds = long ? 60 : 10
  const before = await cpuSeconds(agent.pid)
  await delay(seconds * 1_000)
  const used = (await cpuSeconds(agent.pid)) - before
  const { resident, anonymous } = await memory(agent.pid)
  return [
    { name: 'agent, idle: processor', value: (used / seconds) * 100, unit: '% of a core', note: `${seconds} s` },
    { name: 'agent, idle: resident memory', value: resident, unit: 'MiB' },
    { name: 'of it anonymous', value: anonymous, unit: 'MiB' },
  ]
}

async function latency({ say }: BenchOptions): Promise<Row[]> {
  const reason = whyNoVm()
  if (reason) {
    say(`latency is not measured: ${reason}`)
    return []
  }
  const errors = errorsOf(await measure(await getParts()))
  // What is below 10 ms is measured in milliseconds, the rest in percent.
  const [near, far] = [errors.filter(({ expected }) => expected < 10), errors.filter(({ expected }) => expected >= 10)]
  const worst = (values: readonly number[]): number => Math.max(...values.map(Math.abs))
  const where = 'netem of Debian’s cloud kernel in a virtual machine, round trips'
  return [
    {
      name: 'latency, pairs below 10 ms: largest error',
      value: worst(near.map(({ error }) => error)),
      unit: 'ms',
      aim: '<= 0.2 ms',
      note: `${near.length} pairs, ${where}`,
    },
    {
      name: 'latency, other pairs: largest error',
      value: worst(far.map(({ error, expected }) => (error / expected) * 100)),
      unit: '%',
      aim: '<= 2 %',
      note: `${far.length} pairs`,
    },
  ]
}
