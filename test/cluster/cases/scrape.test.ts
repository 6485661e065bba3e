// A real Prometheus in the cluster's network scrapes what the annotations of pods say. Debian's is built without the
// discovery of Kubernetes, so the file of targets is made here, of the same annotations and labels.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ruleFile } from '../../../dashboards/alerts/rules.ts'
import { GROUP_LABEL, TESTNET_LABEL } from '../../../operator/kubernetes/build/names.ts'
import { type Pod, resources } from '../../../operator/kubernetes/runtime/resource.ts'
import { prometheusPrograms } from '../../observability/debian-prometheus.ts'
import { Prometheus } from '../../observability/prometheus.ts'
import { installed, release } from '../chart.ts'
import { list } from '../cluster-api.ts'
import { inNetworkOf, nodePid } from '../cluster-nodes.ts'
import { boot, miners, type RunningTestnet, TestNamespace } from '../testnets.ts'
import { given, notOurMachines } from '../under-test.ts'
import { until } from '../until.ts'

const found = await prometheusPrograms()

describe.skipIf(notOurMachines || 'missing' in found)('Prometheus in a cluster', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trellis-scrape-'))
  let space: TestNamespace
  let testnet: RunningTestnet
  let prometheus: Prometheus

  beforeAll(async () => {
    await installed()
    space = await TestNamespace.create('scrape')
    testnet = await space.testnet('net', [boot, miners(2)])
    await testnet.untilReady(90_000)
    const pods = (await Promise.all([space.name, release.namespace].map(name => list(resources.pods, name)))).flat()
    const [targets, rules] = [join(folder, 'targets.json'), join(folder, 'trellis.rules.yaml')]
    writeFileSync(targets, JSON.stringify(pods.flatMap(targetOf)))
    writeFileSync(rules, ruleFile())
    const within = inNetworkOf(await nodePid(given.machines!, 'switch'))
    const program = 'prometheus' in found ? found.prometheus : ''
    prometheus = await Prometheus.start({ program, targets: [targets], rules: [rules], within })
  })
  afterAll(async () => {
    await prometheus?.stop()
    await space?.remove()
    rmSync(folder, { recursive: true })
  })

  test('has every node, and the testnet as the operator sees it, with the same labels', async () => {
    const ofTestnet = `{namespace="${space.name}",testnet="net"}`
    const describeTargets = async () => JSON.stringify(await prometheus.targets(), null, 1)
    const seen = await until(
      'one chain, as the operator sees it',
      { withinMs: 45_000, describe: describeTargets },
      async () => {
        const joined = `trellis_node_head_height${ofTestnet} * on (namespace, testnet, group, node) trellis_testnet_node_head_group`
        const [nodes, chains] = await Promise.all([
          prometheus.query(joined),
          prometheus.query(`trellis_testnet_head_groups${ofTestnet}`),
        ])
        return nodes.length === 3 && chains.length === 1 && chains[0]!.value === 1 && nodes
      },
    )
    expect(seen.map(({ metric }) => metric.node).sort()).toEqual(['boot-0', 'miner-0', 'miner-1'])
    for (const { metric } of seen) expect(Object.keys(metric).filter(label => /^exported_/.test(label))).toEqual([])
  })

  test('says nothing of an operator that is absent or fails', async () => {
    const leads = 'leader_election_master_status == 1 and on (job, instance) trellis_operator_cached_objects'
    expect(await prometheus.query(leads)).not.toEqual([])
    const alerts = await prometheus.alerts()
    expect(alerts.filter(({ labels }) => /^(Operator|Reconcile|Watch)/.test(labels.alertname!))).toEqual([])
  })
})

function targetOf({ metadata, status }: Pod): object[] {
  const { namespace = '', name, annotations = {}, labels = {} } = metadata
  if (annotations['prometheus.io/scrape'] !== 'true' || !status?.podIP) return []
  const [testnet, group] = [labels[TESTNET_LABEL], labels[GROUP_LABEL]]
  const ofNode = testnet !== undefined && { testnet, group, node: name.slice(testnet.length + 1) }
  return [
    {
      targets: [`${status.podIP}:${annotations['prometheus.io/port']}`],
      labels: { namespace, pod: name, ...ofNode, __metrics_path__: annotations['prometheus.io/path'] },
    },
  ]
}
