// What the operator asks of the API server and of its machine as testnets grow: a real control plane, simulated kubelets.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../cluster/until.ts'
import { FaultProxy, type Seen } from '../support/fault-proxy.ts'
import { simulatedCluster } from '../support/simulated-cluster.ts'
import { spawnOperator, testConfig } from '../support/test-operator.ts'
import { TestnetHandle } from '../support/testnet-handle.ts'
import { cpuSeconds, memory } from './process-usage.ts'
import type { Bench, BenchOptions, Row } from './row.ts'

const sizes = { short: [10, 100, 1_000], long: [10, 100, 1_000, 5_000] }
/** One of bootstrap, one of three miners, and the rest evenly in these. */
const FULL_GROUPS = 6
/** A status may be written late; after that nothing is. */
const CALM_MS = 35_000
const IDLE_MS = 30_000
const READY_WITHIN_MS = 900_000

export const operator: Bench = options => measure(options.long ? sizes.long : sizes.short, options)

export async function measure(counts: readonly number[], options: BenchOptions): Promise<Row[]> {
  const rows: Row[] = []
  for (const nodes of counts) rows.push(...(await measured(nodes, options)))
  return rows
}

const isWrite = ({ method, path, status }: Seen) =>
  method !== 'GET' && status !== undefined && !path.includes('/leases')

async function measured(nodes: number, { say }: BenchOptions): Promise<Row[]> {
  const cluster = await simulatedCluster()
  const folder = await mkdtemp(join(tmpdir(), 'trellis-bench-'))
  const proxy = await FaultProxy.start(cluster.tier)
  const namespace = await cluster.namespace()
  cluster.kubelet.blockIntervalMs = 1_000
  const process = spawnOperator('main', proxy.kubeconfig, { ...testConfig(namespace), logLevel: 'info' }, folder)
  try {
    const net = new TestnetHandle(cluster, namespace)
    const rest = nodes - 4
    const groups = [
      { name: 'boot', role: 'bootstrap' },
      { name: 'miners', role: 'miner', count: 3 },
      ...Array.from({ length: FULL_GROUPS }, (_, index) => ({
        name: `full-${index}`,
        role: 'full',
        count: Math.floor(rest / FULL_GROUPS) + (index < rest % FULL_GROUPS ? 1 : 0),
      })),
    ]
    await until('it leads', { withinMs: 30_000, describe: () => process.lines.join('\n') }, () =>
      process.lines.some(line => line.includes('"leads"')),
    )
    const began = performance.now()
    await net.apply({ groups })
    const describe = async () => `${JSON.stringify(await net.status())}\n${process.lines.slice(-5).join('\n')}`
    await until('the testnet is ready', { withinMs: READY_WITHIN_MS, everyMs: 500, describe }, async () =>
      (await net.status()).conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
    )
    const readyAfter = (performance.now() - began) / 1_000
    const writes = proxy.requests.filter(isWrite)
    const statuses = writes.filter(({ path }) => path.endsWith('/status')).length
    const events = writes.filter(({ path }) => path.includes('/events')).length
    const objects = writes.length - statuses - events
    // Nothing happens but that nodes are asked; a status may be a while late.
    cluster.kubelet.chain(namespace, 'net').stop()
    await delay(CALM_MS)
    const before = { writes: proxy.requests.filter(isWrite).length, cpu: await cpuSeconds(process.child.pid) }
    const looksBefore = await looks(process.lines)
    await delay(IDLE_MS)
    const after = { writes: proxy.requests.filter(isWrite).length, cpu: await cpuSeconds(process.child.pid) }
    const looksAfter = await looks(process.lines)
    const count = looksAfter.count - looksBefore.count
    const each = (1_000 * (looksAfter.seconds - looksBefore.seconds)) / Math.max(1, count)
    const { resident } = await memory(process.child.pid)
    const size = JSON.stringify((await net.stored())?.status ?? {}).length
    say(
      `${nodes} nodes: ready after ${readyAfter.toFixed(1)} s; ${objects} objects, ${statuses} statuses, ${events} events; ${count} looks of ${each.toFixed(1)} ms; ${resident.toFixed(0)} MiB; status ${size} bytes`,
    )
    const of = `, ${nodes} nodes`
    return [
      {
        name: `writes of objects until Ready${of}`,
        value: objects,
        unit: 'writes',
        aim: 'constant',
        note: `${groups.length} groups`,
      },
      {
        name: `writes of status and events until Ready${of}`,
        value: statuses + events,
        unit: 'writes',
        note: `within ${readyAfter.toFixed(0)} s`,
      },
      {
        name: `writes while idle${of}`,
        value: ((after.writes - before.writes) * 60_000) / IDLE_MS,
        unit: 'writes/min',
        aim: '0',
      },
      {
        name: `reconciliation, nothing to do${of}`,
        value: each,
        unit: 'ms',
        aim: nodes === 5_000 ? '<= 100 ms' : '',
        note: 'wall time, no request among it',
      },
      {
        name: `processor while idle, polling included${of}`,
        value: (100 * (after.cpu - before.cpu) * 1_000) / IDLE_MS,
        unit: '% of a core',
      },
      { name: `resident memory${of}`, value: resident, unit: 'MiB' },
      { name: `status${of}`, value: size / 1_024, unit: 'KiB', aim: '< 32 KiB' },
    ]
  } finally {
    process.kill('SIGKILL')
    await process.ended()
    await proxy.close()
    await cluster.down()
    await rm(folder, { recursive: true })
  }
}

/** How many reconciliations there were, and what they took in all, by the operator's own metrics. */
async function looks(lines: readonly string[]): Promise<{ count: number; seconds: number }> {
  const { health } = JSON.parse(lines.find(line => line.includes('"started"')) ?? '{}') as { health?: number }
  const text = await (await fetch(`http://127.0.0.1:${health}/metrics`)).text()
  const value = (name: string) => Number(new RegExp(`^${name}\\{[^}]*\\} (\\S+)`, 'm').exec(text)?.[1] ?? 0)
  return {
    count: value('controller_runtime_reconcile_time_seconds_count'),
    seconds: value('controller_runtime_reconcile_time_seconds_sum'),
  }
}
