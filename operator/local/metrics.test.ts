// The supervisor's metrics over HTTP, with nodes that answer, and one that is silent.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type PlainServer, servePlain } from '../plain-server.ts'
import { claimTestnet } from './experiment-claim.ts'
import { type LocalMetrics, serveMetrics } from './metrics.ts'
import type { NodeRecord, TestnetRecord } from './record.ts'

const ref = (height: number) => ({ hash: `h${height}`, height })
const status = (name: string, height: number) => ({
  name,
  testnet: 'net',
  role: 'miner',
  group: 'miner',
  region: 'default',
  version: '0',
  stack: 'gossipsub',
  peerId: 'p',
  pid: 1,
  startedAt: 0,
  now: 0,
  genesis: 'g',
  head: { ...ref(height), timestamp: 0, producer: '00', work: '1' },
  justified: ref(1),
  finalized: ref(height - 2),
  recent: Array.from({ length: height }, (_, back) => ref(height - back)),
  sync: { state: 'idle', target: 0 },
  peers: { inbound: 1, outbound: 1 },
  mesh: {},
  pool: { count: 0, bytes: 0 },
  reorgs: { count: 0, deepest: 0 },
})

let folder: string
let silent: Promise<never>
const servers: PlainServer[] = []
let metrics: LocalMetrics
let nodes: NodeRecord[]
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'trellis-metrics-'))
  silent = new Promise(() => {})
  const answers = [status('miner-0', 9), status('miner-1', 8), undefined].map(
    told => async () => (told ? { status: 200, body: JSON.stringify(told) } : await silent),
  )
  for (const answer of answers) servers.push(await servePlain('127.0.0.1', 0, { '/status': answer }))
  nodes = servers.map(
    ({ port }, index) =>
      ({
        name: `miner-${index}`,
        group: 'miner',
        state: 'ready',
        address: { host: '127.0.0.1', http: port, p2p: 0, admin: 0 },
      }) as unknown as NodeRecord,
  )
  const record = { name: 'net', nodes, chain: { blockIntervalMs: 1_000, checkpointInterval: 4 } }
  metrics = await serveMetrics(folder, { record: record as unknown as TestnetRecord })
})
afterEach(async () => {
  await metrics.close()
  for (const server of servers.splice(0)) await server.close()
  rmSync(folder, { recursive: true, force: true })
})

async function scrape(timeoutSeconds: number): Promise<string> {
  const headers = { 'x-prometheus-scrape-timeout-seconds': String(timeoutSeconds) }
  return await (await fetch(`http://127.0.0.1:${metrics.port}/metrics`, { headers })).text()
}
const own = 'namespace="local",testnet="net"'

test('a node that does not answer does not keep the scraper waiting, and is in no group', async () => {
  const startedAt = performance.now()
  const text = await scrape(1)
  expect(performance.now() - startedAt).toBeLessThan(5_000)
  expect(text).toContain(`trellis_testnet_head_groups{${own}} 1`)
  expect(text).toContain(`trellis_testnet_node_head_group{${own},group="miner",node="miner-1"} 1`)
  expect(text).toContain(`trellis_testnet_node_head_group{${own},group="miner",node="miner-2"} 0`)
  expect(text).toContain(`trellis_testnet_head_height{${own},bound="max"} 9`)
  expect(text).toContain(`trellis_testnet_finalized_height{${own}} 6`)
})

test('an experiment is seen from its claim on, and counted once when it is over', async () => {
  const claim = claimTestnet(folder, 'cut')
  if (!('release' in claim)) throw new Error('somebody else has it')
  expect(await scrape(0.4)).toContain(`trellis_experiment_active{${own},experiment="cut",phase="Pending"} 1`)
  const told = { experiment: 'cut', pid: process.pid, startedAt: 5, message: '', until: null, faults: [] }
  const progress = (more: object) => writeFileSync(join(folder, 'progress.json'), JSON.stringify({ ...told, ...more }))
  progress({ phase: 'heal', endsBy: 7_000, verdict: null })
  const during = await scrape(0.4)
  expect(during).toContain(`trellis_experiment_active{${own},experiment="cut",phase="Healing"} 1`)
  expect(during).toContain(`trellis_experiment_end_timestamp_seconds{${own},experiment="cut"} 7`)
  progress({ phase: 'passed', verdict: [], outcome: { verdict: 'passed', healMs: 1_500 } })
  claim.release()
  for (let scrapes = 0; scrapes < 2; scrapes++) {
    const after = await scrape(0.4)
    expect(after).not.toContain('trellis_experiment_active{')
    expect(after).toContain(`trellis_experiments_total{${own},verdict="passed"} 1`)
    expect(after).toContain(`trellis_experiment_heal_seconds_sum{${own}} 1.5`)
  }
})
