import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { describe, expect, inject, test } from 'vitest'
import { $ } from 'zx'
import { apiTier } from './api-tier.ts'
import { answers } from './https-probe.ts'
import { until } from './until.ts'

describe.skipIf(inject('apiTier').missing !== undefined)('the API tier', () => {
  test('kubectl of the same build reads it through its kubeconfig', async () => {
    const { address } = inject('apiTier')
    const { kubeconfig, binaries } = address!
    const kubectl = $({ env: { ...process.env, KUBECONFIG: kubeconfig }, quiet: true })
    const { stdout } = await kubectl`${binaries}/kubectl get namespace default -o name`
    expect(stdout).toBe('namespace/default\n')
  })

  test('tiers stand side by side, keep their data over a restart and leave nothing', async () => {
    const tiers = await Promise.all([apiTier.up({ users: [{ name: 'ann' }] }), apiTier.up()])
    const pids = tiers.flatMap(({ etcd, apiServer }) => [etcd.pid, apiServer.pid])
    try {
      const [first, second] = tiers as [(typeof tiers)[number], (typeof tiers)[number]]
      expect(first.url).not.toBe(second.url)
      expect(await answers(`${first.url}/api/v1/namespaces/default`, 'ann')).toBe(false)
      const kubectl = $({ env: { ...process.env, KUBECONFIG: first.kubeconfig }, quiet: true })
      await kubectl`${first.binaries}/kubectl create namespace kept`
      await first.apiServer.kill()
      expect(await answers(`${first.url}/readyz`, first.token)).toBe(false)
      await first.startApiServer()
      expect(await answers(`${first.url}/api/v1/namespaces/kept`, first.token)).toBe(true)
      expect(await answers(`${second.url}/api/v1/namespaces/kept`, second.token)).toBe(false)
    } finally {
      await Promise.all(tiers.map(tier => tier.down()))
    }
    for (const { state } of tiers) expect(existsSync(state), state).toBe(false)
    for (const pid of pids) expect(existsSync(`/proc/${pid}`), String(pid)).toBe(false)
  })
  test.skipIf(process.platform !== 'linux')(
    'ends with a test run that is killed, and the next run sweeps up',
    async () => {
      const program = `const { apiTier } = await import(process.argv[1])
      const { state, etcd, apiServer } = await apiTier.up()
      console.log(JSON.stringify({ state, pids: [etcd.pid, apiServer.pid] }))
      setInterval(() => {}, 1000)`
      const source = new URL('./api-tier.ts', import.meta.url).href
      const run = spawn(process.execPath, ['--input-type=module', '-e', program, source], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const [line] = (await once(run.stdout, 'data')) as [Buffer]
      const { state, pids } = JSON.parse(line.toString()) as { state: string; pids: number[] }
      run.kill('SIGKILL')
      await once(run, 'exit')
      const gone = () => pids.every(pid => !existsSync(`/proc/${pid}`))
      await until('the components of the killed run end', { withinMs: 5_000 }, gone)
      expect(existsSync(state)).toBe(true)
      await (await apiTier.up()).down()
      expect(existsSync(state)).toBe(false)
    },
  )
})
