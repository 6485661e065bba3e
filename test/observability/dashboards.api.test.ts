// The operator's dashboard, and what others say of testnets, on a real Prometheus that scrapes the operator's process.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { testnetMetrics } from '../../api/metrics/testnet.ts'
import { expressions } from '../../dashboards/source/expressions.ts'
import { operators } from '../../dashboards/source/operator.ts'
import { until } from '../cluster/until.ts'
import { type SimulatedCluster, simulatedCluster } from '../support/simulated-cluster.ts'
import { spawnOperator, testConfig } from '../support/test-operator.ts'
import { TestnetHandle } from '../support/testnet-handle.ts'
import { withoutData } from './dashboards.ts'
import { prometheusPrograms } from './debian-prometheus.ts'
import { Prometheus } from './prometheus.ts'

const tier = inject('apiTier')
const found = await prometheusPrograms()
/** Rates need two scrapes, and work of the operator between them; a scrape of a busy machine may come too late to count. */
const DATA_MS = 60_000
const RATE_INTERVAL = '10s'

describe.skipIf(tier.missing !== undefined || 'missing' in found)('Prometheus at an operator', () => {
  let cluster: SimulatedCluster
  let folder: string
  const closers: (() => unknown)[] = []
  beforeAll(async () => {
    cluster = await simulatedCluster()
    folder = mkdtempSync(join(tmpdir(), 'trellis-operator-dashboards-'))
  })
  afterAll(async () => {
    for (const close of closers.reverse()) await close()
    await cluster?.down()
    if (folder) rmSync(folder, { recursive: true })
  })

  test('has data for every panel of its dashboard, and for testnets as they are seen from outside', async () => {
    const namespace = await cluster.namespace()
    const operator = spawnOperator('main', cluster.tier.kubeconfigOf('admin'), testConfig(namespace), folder)
    closers.push(async () => {
      operator.kill('SIGKILL')
      await operator.ended()
    })
    const said = () => operator.lines.join('\n')
    const started = await until('it has started', { withinMs: 20_000, describe: said }, () =>
      operator.lines.find(line => line.includes('"started"')),
    )
    const { health } = JSON.parse(started) as { health: number }
    const targets = join(folder, 'targets.json')
    writeFileSync(targets, JSON.stringify([{ targets: [`127.0.0.1:${health}`], labels: { namespace: 'operators' } }]))
    const program = 'prometheus' in found ? found.prometheus : ''
    const prometheus = await Prometheus.start({ program, targets: [targets] })
    closers.push(() => prometheus.stop())

    const net = new TestnetHandle(cluster, namespace, 'net', said)
    const from = Date.now()
    await net.apply()
    await net.ready(60_000)

    const outside = (expression: string) => {
      const names = [...expression.matchAll(/([a-z_]+)\{/g)].map(([, name]) => name!)
      return names.every(name => name in testnetMetrics)
    }
    const all = expressions({ namespace, testnet: 'net', rateInterval: RATE_INTERVAL })
    const asked = all.filter(
      ({ from, expression, shows }) =>
        from.startsWith(`${operators.title} > `) || (shows === 'healthy' && outside(expression)),
    )
    expect(asked.length).toBeGreaterThan(30)
    let missing: readonly string[] = []
    const describe = () => `${missing.join('\n')}\n${said()}`
    await until('data for all of them', { withinMs: DATA_MS, everyMs: 1_000, describe }, async () => {
      missing = await withoutData(prometheus, asked, [from, Date.now()])
      return missing.length === 0
    })
  })
})
