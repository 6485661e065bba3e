// A node that kills, stops and restarts its own process on request, as in a pod: there something starts it again, and it is
// not the first process of its namespace.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { testnetKind } from '../../api/check/testnet.ts'
import type { NodeStatus } from '../../api/observation.ts'
import { expand } from '../../operator/testnet/expand.ts'
import { nodeConfigs } from '../../operator/testnet/node-config.ts'
import { until } from '../cluster/until.ts'

const host = `127.91.${(process.pid >> 8) & 255}.${process.pid & 255 || 1}`
const ports = { p2p: 4001, websocket: 4002, http: 8080, admin: 8081 }
const adminToken = 'the token of the test'
const main = join(import.meta.dirname, '../../node/main.ts')
/** With a process of its own as the first one, as the pause process of a pod is. */
const ownNamespace = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', '"$@" & wait $!', 'sh']

/** Starts the node again whenever it ends, as a kubelet does. */
class Pod {
  readonly #command: readonly string[]
  readonly #file: string
  readonly ends: { readonly code: number | null; readonly signal: string | null }[] = []
  #child: ChildProcess | undefined
  #over = false
  #log = ''

  private constructor(command: readonly string[], file: string) {
    this.#command = command
    this.#file = file
  }

  static async start(folder: string, prefix: readonly string[]): Promise<Pod> {
    const groups = [{ name: 'miner', role: 'miner' }]
    const { metadata, ...rest } = { apiVersion: 'trellis.dev/v1alpha1', kind: 'Testnet', metadata: { name: 'alone' } }
    const document = testnetKind.schema.parse({
      ...rest,
      metadata,
      spec: { chain: { blockInterval: '200ms' }, groups },
    })
    const expanded = expand(document)
    const addresses = new Map(expanded.nodes.map(({ name }) => [name, { host, ...ports }]))
    const [config] = nodeConfigs(expanded, addresses, () => join(folder, 'data'))
    const file = join(folder, 'node.json')
    await writeFile(file, JSON.stringify({ ...config, adminToken }))
    const pod = new Pod([...prefix, process.execPath, main, '--config', file], file)
    pod.#start()
    await pod.untilAnswers()
    return pod
  }

  #start(): void {
    const [program = '', ...args] = this.#command
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', text => {
        this.#log = (this.#log + text).slice(-4_000)
      })
    child.on('exit', (code, signal) => {
      this.ends.push({ code, signal })
      if (!this.#over) this.#start()
    })
    this.#child = child
  }

  async stop(): Promise<void> {
    this.#over = true
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGKILL')
    await exited
  }

  until<T>(what: string, condition: () => Promise<T> | T): Promise<NonNullable<Exclude<T, false>>> {
    const describe = () => `${this.#file}: ended ${JSON.stringify(this.ends)}\n${this.#log}`
    return until(what, { withinMs: 15_000, everyMs: 20, describe }, condition)
  }

  untilAnswers(): Promise<NodeStatus> {
    return this.until('the node tells its status', async () => {
      const { status, body } = await ask('GET', ports.http, '/status').catch(() => ({ status: 0, body: '' }))
      return status === 200 && (JSON.parse(body) as NodeStatus)
    })
  }
}

interface Answer {
  readonly status: number
  readonly body: string
}

/** Over a connection of its own, with an end. */
async function ask(method: string, port: number, path: string, body?: object, token = adminToken): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const sent = request(
    {
      host,
      port,
      path,
      method,
      agent: false,
      signal: AbortSignal.timeout(3_000),
      headers: { authorization: `Bearer ${token}` },
    },
    answer => {
      let text = ''
      answer.on('data', chunk => {
        text += chunk
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text }))
      answer.on('error', reject)
    },
  )
  sent.on('error', reject)
  sent.end(body && JSON.stringify(body))
  return await promise
}

const lifecycle = (method: string, act: string, until?: number) =>
  ask(method, ports.admin, `/v1/lifecycle${act}`, until === undefined ? undefined : { until: Math.ceil(until) })
const stateOf = async () => (JSON.parse((await lifecycle('GET', '')).body) as { state: string }).state
const isSilent = async () => (await ask('GET', ports.http, '/status').catch(() => undefined)) === undefined
const lives = async () => (await ask('GET', ports.http, '/healthz')).status === 200

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

describe.each([
  { where: 'on this machine', prefix: [] as string[], skip: false },
  { where: 'in a process namespace of its own', prefix: ownNamespace, skip: process.getuid?.() !== 0 },
])('a node $where', ({ prefix, skip }) => {
  const start = async (): Promise<Pod> => {
    const folder = await mkdtemp(join(tmpdir(), 'trellis-lifecycle-'))
    stops.push(() => rm(folder, { recursive: true, force: true }))
    const pod = await Pod.start(folder, prefix)
    stops.push(() => pod.stop())
    return pod
  }

  test.skipIf(skip)('stands still until it is let go on, and lives meanwhile', async () => {
    const pod = await start()
    const before = await pod.untilAnswers()
    expect((await lifecycle('PUT', '/pause', Date.now() + 60_000)).status).toBe(200)
    await pod.until('it says that it is paused', async () => (await stateOf()) === 'paused')
    expect(await isSilent()).toBe(true)
    expect(await lives()).toBe(true)
    expect((await lifecycle('DELETE', '/pause')).status).toBe(200)
    const after = await pod.untilAnswers()
    expect(after).toMatchObject({ pid: before.pid, startedAt: before.startedAt })
    expect(await stateOf()).toBe('running')
    expect(pod.ends).toEqual([])
  })

  test.skipIf(skip)('goes on by itself at the end, and can be stopped again', async () => {
    const pod = await start()
    const { startedAt } = await pod.untilAnswers()
    for (let turn = 0; turn < 2; turn++) {
      const end = Date.now() + 1_500
      expect((await lifecycle('PUT', '/pause', end)).status).toBe(200)
      await pod.until('it says that it is paused', async () => (await stateOf()) === 'paused')
      const after = await pod.untilAnswers()
      expect(Date.now()).toBeGreaterThanOrEqual(end)
      expect(after.startedAt).toBe(startedAt)
      await pod.until('the pause is over', async () => (await stateOf()) === 'running')
    }
  })

  test.skipIf(skip)('is killed, and what comes after it is held until it is let go', async () => {
    const pod = await start()
    const before = await pod.untilAnswers()
    expect((await lifecycle('PUT', '/kill', Date.now() + 60_000)).status).toBe(200)
    await pod.until('it was killed', () => pod.ends.length > 0)
    expect(pod.ends).toEqual([prefix.length > 0 ? { code: 137, signal: null } : { code: null, signal: 'SIGKILL' }])
    await pod.until('another is held', async () => (await stateOf().catch(() => '')) === 'killed')
    expect((await ask('GET', ports.http, '/status')).status).toBe(503)
    expect(await lives()).toBe(true)
    expect((await lifecycle('DELETE', '/kill')).status).toBe(200)
    const after = await pod.untilAnswers()
    expect(after.startedAt).toBeGreaterThan(before.startedAt)
    expect(after.head.height).toBeGreaterThanOrEqual(before.finalized.height)
    expect(pod.ends).toHaveLength(1)
  })

  test.skipIf(skip)('starts by itself at the end of a kill, even of one that was paused', async () => {
    const pod = await start()
    const { startedAt } = await pod.untilAnswers()
    await lifecycle('PUT', '/pause', Date.now() + 60_000)
    await pod.until('it says that it is paused', async () => (await stateOf()) === 'paused')
    const end = Date.now() + 2_500
    expect((await lifecycle('PUT', '/kill', end)).status).toBe(200)
    await pod.until('it was killed', () => pod.ends.length > 0)
    const after = await pod.untilAnswers()
    expect(Date.now()).toBeGreaterThanOrEqual(end)
    expect(after.startedAt).toBeGreaterThan(startedAt)
  })

  test.skipIf(skip)('ends in order to be started again, paused or not', async () => {
    const pod = await start()
    expect((await lifecycle('POST', '/restart')).status).toBe(200)
    await pod.until('it ended', () => pod.ends.length === 1)
    await pod.untilAnswers()
    await lifecycle('PUT', '/pause', Date.now() + 60_000)
    await pod.until('it says that it is paused', async () => (await stateOf()) === 'paused')
    expect((await lifecycle('POST', '/restart')).status).toBe(200)
    await pod.until('it ended', () => pod.ends.length === 2)
    await pod.untilAnswers()
    expect(pod.ends).toEqual([
      { code: 0, signal: null },
      { code: 0, signal: null },
    ])
  })
})

test('refuses who has not the token, and times that make no sense', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'trellis-lifecycle-'))
  stops.push(() => rm(folder, { recursive: true, force: true }))
  const pod = await Pod.start(folder, [])
  stops.push(() => pod.stop())
  const later = { until: Date.now() + 60_000 }
  expect((await ask('PUT', ports.admin, '/v1/lifecycle/kill', later, 'another')).status).toBe(401)
  expect((await lifecycle('PUT', '/kill', Date.now() - 1)).status).toBe(422)
  expect((await lifecycle('PUT', '/pause', Date.now() + 30 * 3_600_000)).status).toBe(422)
  expect((await lifecycle('PUT', '/pause')).status).toBe(400)
  expect((await lifecycle('PUT', '/restart')).status).toBe(405)
  expect((await lifecycle('POST', '/explode')).status).toBe(404)
  await lifecycle('PUT', '/pause', Date.now() + 60_000)
  await pod.until('it says that it is paused', async () => (await stateOf()) === 'paused')
  expect((await ask('DELETE', ports.admin, '/v1/lifecycle/pause', undefined, 'another')).status).toBe(401)
  await lifecycle('DELETE', '/pause')
  await pod.untilAnswers()
  expect(pod.ends).toEqual([])
})
