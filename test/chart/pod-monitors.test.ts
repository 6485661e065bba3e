// What Prometheus makes of the chart's PodMonitors: their relabelings, run by a real one on pods as it would discover them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { groupLabels, podName } from '../../operator/kubernetes/build/names.ts'
import { runnerLabels, runnerObject, TARGET_LABEL } from '../../operator/kubernetes/chaos/names.ts'
import { until } from '../cluster/until.ts'
import { prometheusPrograms } from '../observability/debian-prometheus.ts'
import { Prometheus } from '../observability/prometheus.ts'
import { objectsOf, render, tool, valuesFile } from './chart.ts'

const helm = await tool('helm')
const programs = await prometheusPrograms()
const missing = 'missing' in helm || 'missing' in programs

type Labels = Readonly<Record<string, string>>
const node = { labels: groupLabels('net', 'miners', 'miner'), name: podName('net', 'miners-12') }
const runner = { labels: { ...runnerLabels('cut'), [TARGET_LABEL]: 'net' }, name: `${runnerObject('cut')}-x7` }
const pods: Readonly<Record<string, { readonly labels: Labels; readonly name: string }>> = {
  'trellis-nodes': node,
  'trellis-agents': node,
  'trellis-runners': runner,
}

/** What discovery says of a pod: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#pod */
const discovered = ({ labels, name }: { readonly labels: Labels; readonly name: string }): Labels => ({
  // Set by the Prometheus operator itself.
  namespace: 'team',
  __meta_kubernetes_pod_name: name,
  ...Object.fromEntries(
    Object.entries(labels).map(([key, value]) => [
      `__meta_kubernetes_pod_label_${key.replaceAll(/[^a-zA-Z0-9_]/g, '_')}`,
      value,
    ]),
  ),
})

const snakeCase = (rule: Labels): object =>
  Object.fromEntries(
    Object.entries(rule).map(([key, value]) => [key.replace(/[A-Z]/g, c => `_${c.toLowerCase()}`), value]),
  )

describe.skipIf(missing)('the PodMonitors', () => {
  let folder = ''
  let prometheus: Prometheus | undefined
  beforeAll(async () => {
    if ('missing' in helm || 'missing' in programs) return
    folder = mkdtempSync(join(tmpdir(), 'trellis-monitors-'))
    const monitors = objectsOf(await render(helm.program, ['--values', valuesFile('monitored')])).filter(
      ({ kind }) => kind === 'PodMonitor',
    )
    expect(monitors.map(({ metadata }) => metadata.name)).toEqual(['trellis-operator', ...Object.keys(pods)])
    const jobs = monitors.flatMap(({ metadata, spec }) => {
      const pod = pods[metadata.name]
      if (!pod) return []
      expect(pod.labels).toMatchObject(spec.selector.matchLabels)
      const [endpoint] = spec.podMetricsEndpoints
      expect(endpoint.honorLabels).toBe(true)
      const file = join(folder, `${metadata.name}.json`)
      writeFileSync(file, JSON.stringify([{ targets: ['127.0.0.1:9'], labels: discovered(pod) }]))
      const relabelings = endpoint.relabelings.map(snakeCase)
      return [{ job_name: metadata.name, file_sd_configs: [{ files: [file] }], relabel_configs: relabelings }]
    })
    prometheus = await Prometheus.start({ program: programs.prometheus, targets: [join(folder, 'none-*.json')], jobs })
  })
  afterAll(async () => {
    await prometheus?.stop()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  test('give the labels that a local testnet’s targets have', async () => {
    const targets = await until('its targets', { withinMs: 30_000, everyMs: 100 }, async () => {
      const found = (await prometheus?.targets()) ?? []
      return found.length === 3 && found
    })
    const own = (job: string) => {
      const { job: _, instance: __, ...labels } = targets.find(({ labels }) => labels.job === job)?.labels ?? {}
      return labels
    }
    const labels = { namespace: 'team', testnet: 'net', group: 'miners', node: 'miners-12' }
    expect(own('trellis-nodes')).toEqual(labels)
    expect(own('trellis-agents')).toEqual(labels)
    expect(own('trellis-runners')).toEqual({ namespace: 'team', testnet: 'net', experiment: 'cut' })
  })
})
