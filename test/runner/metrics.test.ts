// The runner's own process, as its Job starts it, while it waits for an API server that takes its time.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, expect, test } from 'vitest'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function listening(): Promise<{ server: Server; port: number }> {
  const server = createServer(() => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as { port: number }).port }
}

/** Ends with the test. `lines` of its log. */
function runner(apiPort: number, metricsPort: number): { readonly lines: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'trellis-runner-'))
  closers.push(() => rmSync(folder, { recursive: true, force: true }))
  const kubeconfig = join(folder, 'kubeconfig')
  const context = { name: 'c', context: { cluster: 'c', user: 'u' } }
  const cluster = { name: 'c', cluster: { server: `https://127.0.0.1:${apiPort}` } }
  const users = [{ name: 'u', user: {} }]
  const config = { clusters: [cluster], users, contexts: [context], 'current-context': 'c' }
  writeFileSync(kubeconfig, JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...config }))
  const args = ['--namespace', 'team', '--experiment', 'cut', '--metrics-port', String(metricsPort)]
  const program = resolve(import.meta.dirname, '../../operator/kubernetes/runner/main.ts')
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, KUBECONFIG: kubeconfig, KUBERNETES_SERVICE_HOST: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  closers.push(() => {
    child.kill('SIGKILL')
    return ended
  })
  const lines: string[] = []
  child.stdout.setEncoding('utf8').on('data', (text: string) => lines.push(...text.split('\n')))
  return { lines }
}

test('serves metrics from its start on, and runs without them where the port is taken', async () => {
  const silent = await listening()
  const taken = await listening()
  const free = await listening()
  for (const { server } of [silent, taken]) closers.push(() => server.close())
  free.server.close()
  await once(free.server, 'close')

  const first = runner(silent.port, free.port)
  const text = async () => {
    const answer = await fetch(`http://127.0.0.1:${free.port}/metrics`).catch(() => undefined)
    return (await answer?.text()) ?? first.lines.join('\n')
  }
  await expect
    .poll(text, { timeout: 30_000, interval: 100 })
    .toMatch(/process_cpu_seconds_total\{.*namespace="team",experiment="cut"/)
  expect(await text()).toContain('# TYPE trellis_runner_faults_active gauge')
  expect((await fetch(`http://127.0.0.1:${free.port}/`)).status).toBe(404)

  const second = runner(silent.port, taken.port)
  await expect.poll(() => second.lines.join('\n'), { timeout: 30_000, interval: 100 }).toMatch(/no metrics.*EADDRINUSE/)
})
