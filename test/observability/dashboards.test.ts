// Prometheus' own tool reads every expression of the dashboards.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { $ } from 'zx'
import { expressions } from '../../dashboards/source/expressions.ts'
import { prometheusPrograms } from './debian-prometheus.ts'

const found = await prometheusPrograms()
const promtool = 'promtool' in found ? found.promtool : ''

describe.skipIf(promtool === '')('promtool', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'trellis-dashboards-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** Rules are the only expressions that it reads without a server. */
  const check = async (all: readonly string[]) => {
    const file = join(folder, 'rules.yaml')
    const rules = all.map((expr, at) => ({ record: `dashboards:expression:${at}`, expr }))
    writeFileSync(file, stringify({ groups: [{ name: 'dashboards', rules }] }, { lineWidth: 0 }))
    const { exitCode, stdout, stderr } = await $({ quiet: true, nothrow: true })`${promtool} check rules ${file}`
    return { exitCode, said: stdout + stderr }
  }

  test('parses every expression', async () => {
    const all = expressions({ namespace: 'local', testnet: 'a', rateInterval: '20s' }).map(one => one.expression)
    expect(await check(all)).toEqual({ exitCode: 0, said: expect.stringContaining(`${all.length} rules found`) })
  })

  test('takes the configurations of docs/grafana.md', async () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/grafana.md'), 'utf8')
    const blocks = [...page.matchAll(/^ {7}# prometheus\.yml\n((?: {7}.*\n)+)/gm)].map(([, block]) => block!)
    expect(blocks.length).toBe(2)
    for (const [at, block] of blocks.entries()) {
      const file = join(folder, `prometheus-${at}.yml`)
      // Debian builds Prometheus without Kubernetes: the job's own list of pods is judged by nobody here.
      const known = block.replace(/kubernetes_sd_configs: .*/, 'static_configs: [{ targets: [127.0.0.1:80] }]')
      writeFileSync(file, known.replace(/^ {7}/gm, ''))
      const { exitCode, stdout, stderr } = await $({ quiet: true, nothrow: true })`${promtool} check config ${file}`
      expect([exitCode, stdout + stderr]).toEqual([0, expect.stringContaining('SUCCESS')])
    }
  })

  test('would tell of one that does not parse', async () => {
    expect(await check(['sum by (a (b)'])).toMatchObject({ exitCode: 1 })
  })
})
