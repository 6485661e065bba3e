// The operator as a process: how it starts and ends, and two of them whose leader is killed again and again.
// TRELLIS_CAMPAIGN=full kills 30 leaders.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { seededRng, shuffled } from '../../api/random.ts'
import { resources } from '../../operator/kubernetes/runtime/resource.ts'
import { until } from '../cluster/until.ts'
import { isFull, seeds } from '../support/campaign.ts'
import { FaultProxy } from '../support/fault-proxy.ts'
import { type SimulatedCluster, simulatedCluster } from '../support/simulated-cluster.ts'
import { type OperatorProcess, spawnOperator, testConfig } from '../support/test-operator.ts'
import { smallSpec, TestnetHandle } from '../support/testnet-handle.ts'

const tier = inject('apiTier')
let cluster: SimulatedCluster
let folder: string
const closers: (() => unknown)[] = []
beforeAll(async () => {
  if (tier.missing !== undefined) return
  cluster = await simulatedCluster()
  folder = mkdtempSync(join(tmpdir(), 'trellis-operator-'))
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})
afterAll(async () => {
  await cluster?.down()
  if (folder) rmSync(folder, { recursive: true })
})

function start(program: 'main' | 'quick', kubeconfig: string, config: ReturnType<typeof testConfig>): OperatorProcess {
  const operator = spawnOperator(program, kubeconfig, config, folder)
  closers.push(async () => {
    operator.kill('SIGKILL')
    await operator.ended()
  })
  return operator
}
const says = (operator: OperatorProcess, words: string) =>
  until(`it says ${words}`, { withinMs: 20_000, describe: () => operator.lines.join('\n') }, () =>
    operator.lines.find(line => line.includes(words)),
  )

describe.skipIf(tier.missing !== undefined)('the operator process', () => {
  test('leads, serves, and ends in order on SIGTERM with its lease given away', async () => {
    const namespace = await cluster.namespace()
    const operator = start('main', cluster.tier.kubeconfigOf('admin'), testConfig(namespace))
    const net = new TestnetHandle(cluster, namespace, 'net', () => operator.lines.join('\n'))
    await net.apply()
    await net.ready(60_000)
    const started = JSON.parse(await says(operator, '"started"')) as { health: number; api: number }
    const get = async (port: number, path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`)
      return { status: response.status, text: await response.text() }
    }
    expect((await get(started.health, '/readyz')).status).toBe(200)
    const metrics = await get(started.health, '/metrics')
    expect(metrics.text).toMatch(/leader_election_master_status\{name="trellis-operator"\} 1/)
    const nodes = await get(started.api, `/v1/namespaces/${namespace}/testnets/net/nodes`)
    expect(JSON.parse(nodes.text)).toMatchObject([
      { name: 'boot-0', state: 'ready' },
      { name: 'miners-0' },
      { name: 'miners-1' },
    ])
    const began = performance.now()
    operator.kill('SIGTERM')
    expect(await operator.ended()).toBe(0)
    expect(performance.now() - began).toBeLessThan(10_000)
    const lease = await cluster.get(resources.leases, namespace, 'trellis-operator')
    expect(lease?.spec?.holderIdentity ?? '').toBe('')
    expect(
      operator.lines.filter(line => /"level":"(error|warn)"/.test(line) && !line.includes('leads no more')),
    ).toEqual([])
  })

  test('a replica that does not lead answers readers, too', async () => {
    const namespace = await cluster.namespace()
    const kubeconfig = cluster.tier.kubeconfigOf('admin')
    const leader = start('quick', kubeconfig, testConfig(namespace))
    await says(leader, '"leads"')
    const follower = start('main', kubeconfig, testConfig(namespace))
    const { api } = JSON.parse(await says(follower, '"started"')) as { api: number }
    await says(follower, '"follows"')
    const net = new TestnetHandle(cluster, namespace)
    await net.apply()
    await net.ready(60_000)
    const base = `http://127.0.0.1:${api}/v1/namespaces/${namespace}/testnets/net`
    const nodes = async () =>
      (await (await fetch(`${base}/nodes`)).json()) as { state: string; height: number | null }[]
    await until(
      'it has asked the nodes itself',
      { withinMs: 10_000, describe: async () => JSON.stringify(await nodes()) },
      async () => (await nodes()).every(({ state, height }) => state === 'ready' && height !== null),
    )
  })

  test.each(seeds('leaders', 1, 1))(
    'has no two writers, whoever is killed or stopped: %s',
    async seed => {
      const namespace = await cluster.namespace()
      const config = testConfig(namespace)
      const net = new TestnetHandle(cluster, namespace)
      interface Candidate {
        readonly process: OperatorProcess
        readonly proxy: FaultProxy
      }
      const candidates: Candidate[] = []
      const all: Candidate[] = []
      const spawnOne = async () => {
        const proxy = await FaultProxy.start(cluster.tier)
        closers.push(() => proxy.close())
        const candidate = { process: start('quick', proxy.kubeconfig, config), proxy }
        candidates.push(candidate)
        all.push(candidate)
      }
      await spawnOne()
      await spawnOne()
      await net.apply()
      const holder = async () =>
        (await cluster.get(resources.leases, namespace, config.lease))?.spec?.holderIdentity ?? ''
      const isWrite = ({ method, path }: { method: string; path: string }) =>
        method !== 'GET' && !path.includes('/leases')
      const writesOf = ({ proxy }: Candidate) => proxy.requests.filter(isWrite)

      // Something to write all the time: every change is a change of two groups.
      let turn = 0
      const busy = setInterval(() => {
        const count = 2 + (turn++ % 3)
        void net.patch({ groups: [smallSpec.groups[0], { ...smallSpec.groups[1], count }] }).catch(() => {})
      }, 150)
      closers.push(() => clearInterval(busy))

      const kinds = ['SIGKILL', 'SIGSTOP', 'SIGTERM', 'SIGSTOP', 'SIGKILL'] as const
      const kills = isFull ? 30 : 4
      const fates = shuffled(
        Array.from({ length: kills }, (_, index) => kinds[index % kinds.length]!),
        seededRng(seed),
      )
      const describeAll = async () =>
        JSON.stringify({
          holder: await holder(),
          all: all.map(each => [each.process.identity, writesOf(each).length, each.process.lines.slice(-3)]),
        })
      for (const fate of fates) {
        const leader = await until('a leader writes', { withinMs: 30_000, describe: describeAll }, async () => {
          const identity = await holder()
          return candidates.find(each => each.process.identity === identity && writesOf(each).length > 3)
        })
        candidates.splice(candidates.indexOf(leader), 1)
        await spawnOne()
        leader.process.kill(fate)
        if (fate !== 'SIGSTOP') continue
        await until('another writes', { withinMs: 30_000, describe: describeAll }, async () => {
          const identity = await holder()
          return candidates.some(each => each.process.identity === identity && writesOf(each).length > 0)
        })
        // It wakes up in the belief that it leads.
        leader.process.kill('SIGCONT')
        await until('the deposed one ends', { withinMs: 20_000 }, () => leader.process.child.exitCode !== null)
      }
      clearInterval(busy)
      await net.patch({ groups: smallSpec.groups })
      await net.ready(60_000)
      // In the order of time, each writer begins after the one before has written its last.
      const writers = all
        .map(each => ({ name: each.process.identity, writes: writesOf(each) }))
        .filter(({ writes }) => writes.length > 0)
        .sort((a, b) => a.writes[0]!.at - b.writes[0]!.at)
      expect(writers.length).toBeGreaterThan(kills / 2)
      for (const [index, { name, writes }] of writers.entries()) {
        const next = writers[index + 1]
        if (next) expect(writes.at(-1)!.at, `${name} writes after ${next.name} began`).toBeLessThan(next.writes[0]!.at)
      }
      console.log(`${seed}: ${writers.map(({ name, writes }) => `${name} ${writes.length}`).join(', ')} writes`)
    },
    isFull ? 900_000 : 240_000,
  )
})
