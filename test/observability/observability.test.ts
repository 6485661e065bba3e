// A real Prometheus on a real testnet: what is scraped, what is on the dashboards, and when the alert of a partition fires.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { panelsWithoutData, type Watched } from './dashboards.ts'
import { prometheusPrograms } from './debian-prometheus.ts'
import { firing, type ObservedRun, observeRun, TESTNET } from './observed-run.ts'

const found = await prometheusPrograms()

describe.skipIf('missing' in found)('Prometheus on a testnet of this machine', () => {
  let run: ObservedRun
  beforeAll(async () => {
    run = await observeRun('prometheus' in found ? found.prometheus : '')
  }, 240_000)
  afterAll(() => run?.stop())

  /** What was pending or firing between two moments. */
  const alerted = async ([from, to]: readonly [number, number]): Promise<string[]> => {
    const seconds = Math.max(1, Math.ceil((to - from) / 1_000))
    const samples = await run.prometheus.query(
      `count by (alertname, alertstate) (last_over_time(ALERTS[${seconds}s]))`,
      to,
    )
    return samples.map(({ metric }) => `${metric.alertname} ${metric.alertstate}`).sort()
  }

  test('finds every node and the view from outside, with the same labels', async () => {
    const targets = await run.prometheus.targets()
    expect(targets.filter(({ health }) => health !== 'up')).toEqual([])
    const nodes = await run.prometheus.query('trellis_node_head_height', run.healthy[1])
    expect(nodes.map(({ metric }) => metric.node).sort()).toEqual([...run.nodes].sort())
    for (const { metric } of nodes) {
      expect(metric).toMatchObject({ namespace: 'local', testnet: TESTNET, group: metric.node!.split('-')[0] })
      expect(Object.keys(metric).filter(label => label.startsWith('exported_'))).toEqual([])
    }
    const joined = 'trellis_node_head_height * on (namespace, testnet, group, node) trellis_testnet_node_head_group'
    expect(await run.prometheus.query(joined, run.healthy[1])).toHaveLength(run.nodes.length)
  })

  test('is silent about a healthy testnet', async () => {
    expect(await alerted(run.healthy)).toEqual([])
  })

  test('does not even suspect the partition that an experiment makes', async () => {
    const chains = await run.prometheus.query('max(trellis_testnet_head_groups)', run.announced[1])
    expect(chains[0]?.value).toBeGreaterThan(1)
    expect(await alerted(run.announced)).toEqual([])
  })

  test('tells of the partition that nobody announced, and that it is over', async () => {
    expect(await alerted(run.unannounced)).toContain('TestnetPartitioned firing')
    const [, healed] = run.unannounced
    const [alert] = await run.prometheus.query('ALERTS{alertname="TestnetPartitioned",alertstate="firing"}', healed)
    expect(alert?.metric).toMatchObject({ namespace: 'local', testnet: TESTNET, severity: 'critical' })
    expect(await firing(run.prometheus)).not.toContain('TestnetPartitioned')
  })

  describe('the dashboards', () => {
    const missing = (testnet: string): Promise<string[]> => {
      const watched: Watched = {
        healthy: run.healthy,
        faults: [run.experiment[0], run.unannounced[1]],
      }
      return panelsWithoutData(run.prometheus, { namespace: 'local', testnet, rateInterval: '10s' }, watched)
    }

    test('show data in every panel: on a healthy testnet, or where they are about faults while there are some', async () => {
      expect(await missing(TESTNET)).toEqual([])
    })

    test('would show none of a testnet that is not there', async () => {
      const panels = await missing('another')
      expect(panels.length).toBeGreaterThan(80)
    })
  })
})
