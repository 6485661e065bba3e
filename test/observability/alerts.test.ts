// The alerts, judged by Prometheus' own tool: the rules themselves, and cases for when each fires and when not.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { $ } from 'zx'
import { nodeMetrics } from '../../api/metrics/node.ts'
import { alerts, ruleFile, runbook } from '../../dashboards/alerts/rules.ts'
import { DEEP_REORG_BLOCKS } from '../../dashboards/alerts/testnet.ts'
import type { AlertCase } from './alert-case.ts'
import { prometheusPrograms } from './debian-prometheus.ts'
import { machineryCases } from './machinery-alert-cases.ts'
import { testnetCases } from './testnet-alert-cases.ts'

const cases = [...testnetCases, ...machineryCases]
const found = await prometheusPrograms()
const promtool = 'promtool' in found ? found.promtool : ''

test('every alert has a case in which it fires and clears, and one in which it stays silent', () => {
  for (const { name } of alerts) {
    const [fires, silent] = [true, false].map(fire =>
      cases.filter(c => c.alert === name && (c.fires !== undefined) === fire),
    )
    expect([name, fires!.length > 0, silent!.length > 0]).toEqual([name, true, true])
  }
  expect(cases.filter(({ alert }) => !alerts.some(({ name }) => name === alert))).toEqual([])
})

test('the bound of a deep reorg is one that nodes tell', () => {
  expect(nodeMetrics.trellis_node_reorg_depth.buckets).toContain(DEEP_REORG_BLOCKS)
})

describe.skipIf(promtool === '')('promtool', () => {
  let folder: string
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const run = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await $({ quiet: true, nothrow: true })`${promtool} ${args}`
    return exitCode === 0 ? '' : stdout + stderr
  }
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'trellis-alerts-'))
    file('trellis.rules.yaml', ruleFile())
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('finds nothing wrong with the rules', async () => {
    expect(await run('check', 'rules', '--lint=all', '--lint-fatal', join(folder, 'trellis.rules.yaml'))).toBe('')
  })

  test.each(cases)('$alert: $what', async one => {
    expect(await run('test', 'rules', file('case.yaml', stringify(inItsTerms(one), { lineWidth: 0 })))).toBe('')
  })

  test('would tell of an alert that does not fire', async () => {
    const one = { ...testnetCases[0]!, series: {} }
    expect(await run('test', 'rules', file('case.yaml', stringify(inItsTerms(one))))).toContain('NodeDown')
  })
})

function inItsTerms({ alert, series, silent, fires }: AlertCase): object {
  const severity = alerts.find(({ name }) => name === alert)!.severity
  const expected = (fires?.alerts ?? []).map(({ labels, summary, description }) => ({
    exp_labels: { severity, ...labels },
    exp_annotations: { summary, description, runbook_url: runbook(alert) },
  }))
  return {
    rule_files: ['trellis.rules.yaml'],
    evaluation_interval: '15s',
    tests: [
      {
        interval: '15s',
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        alert_rule_test: [
          ...silent.map(at => ({ eval_time: at, alertname: alert, exp_alerts: [] })),
          ...(fires ? [{ eval_time: fires.at, alertname: alert, exp_alerts: expected }] : []),
        ],
      },
    ],
  }
}
