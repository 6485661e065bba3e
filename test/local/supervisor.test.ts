// The supervisor with real processes: the stand-in node of test/fixtures.
import { existsSync, readFileSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { askNode, askStop } from '../../operator/local/control-client.ts'
import { isAlive } from '../../operator/local/process-identity.ts'
import { type NodeRecord, readRecord, type TestnetRecord } from '../../operator/local/record.ts'
import { nodeLogFile, testnetFolder } from '../../operator/local/state-folder.ts'
import { supervise } from '../../operator/local/supervise.ts'
import { liveNodes } from '../../operator/local/take-down.ts'
import { findTestnet } from '../../operator/local/testnets.ts'
import { eventually, makeTestnet, temporaryRoot } from './testnet-folder.ts'

const cleanups: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

interface Run {
  readonly folder: string
  readonly stop: AbortController
  readonly force: AbortController
  readonly ended: Promise<'signal' | 'request' | 'ttl'>
  ready(): boolean
  last(): TestnetRecord | undefined
  node(name: string): NodeRecord | undefined
}

async function run(nodes: string[], options: { readyTimeoutMs?: number } = {}): Promise<Run> {
  const { root, remove } = temporaryRoot()
  await makeTestnet(root, 'net', nodes)
  const stop = new AbortController()
  const force = new AbortController()
  let last: TestnetRecord | undefined
  let ready = false
  const ended = supervise({
    root,
    name: 'net',
    readyTimeoutMs: options.readyTimeoutMs ?? 20_000,
    stop: stop.signal,
    force: force.signal,
    onChange: record => {
      last = record
    },
    onReady: () => {
      ready = true
    },
    warn: () => {},
  })
  ended.catch(() => {})
  cleanups.push(async () => {
    stop.abort()
    force.abort()
    await ended.catch(() => {})
    remove()
  })
  return {
    folder: testnetFolder(root, 'net'),
    stop,
    force,
    ended,
    ready: () => ready,
    last: () => last,
    node: name => last?.nodes.find(node => node.name === name),
  }
}

const processes = (record: TestnetRecord | undefined): NodeRecord['process'][] =>
  record?.nodes.map(node => node.process) ?? []

test('starts all nodes, tells others in the record, and leaves nothing when it is stopped', async () => {
  const it = await run(['good-0', 'good-1', 'good-2'])
  await eventually(it.ready, it.last)
  const record = await eventually(() => {
    const read = readRecord(it.folder)
    return read?.phase === 'running' && read
  }, it.last)
  expect(record.nodes.map(node => node.state)).toEqual(['ready', 'ready', 'ready'])
  expect(isAlive(record.supervisor)).toBe(true)
  expect(record.nodes.every(node => isAlive(node.process))).toBe(true)
  expect(new Set(record.nodes.map(node => node.address.host + node.address.http)).size).toBe(3)
  it.stop.abort()
  expect(await it.ended).toBe('signal')
  expect(record.nodes.some(node => isAlive(node.process))).toBe(false)
  expect(existsSync(it.folder)).toBe(false)
})

test('starts a crashed node again, and counts it', async () => {
  const it = await run(['good-0', 'good-1'])
  await eventually(it.ready, it.last)
  const before = it.node('good-0')?.process?.pid ?? 0
  process.kill(before, 'SIGKILL')
  const node = await eventually(() => {
    const now = it.node('good-0')
    return now?.state === 'ready' && now.process?.pid !== before && now
  }, it.last)
  expect(node.restarts).toBe(1)
  expect(it.node('good-1')?.restarts).toBe(0)
})

test('gives up a node that crashes again and again, with its last words as the reason', async () => {
  const it = await run(['good-0', 'crash-0'])
  await expect(it.ended).rejects.toMatchObject({
    code: 'node-failed',
    message: expect.stringMatching(/crash-0 .*crashed 6 times.*boiler burst/),
  })
  expect(processes(it.last()).some(ref => isAlive(ref))).toBe(false)
  expect(existsSync(it.folder)).toBe(false)
})

test('a node that exits 3 is not started again: its error line is the reason', async () => {
  const it = await run(['good-0', 'refuse-0'])
  await expect(it.ended).rejects.toMatchObject({
    code: 'node-failed',
    message: 'refuse-0 did not start: port 7 is taken',
  })
  expect(it.node('refuse-0')?.restarts).toBe(0)
  expect(existsSync(it.folder)).toBe(false)
})

test('says which nodes are not ready when the time is over', async () => {
  const it = await run(['good-0', 'unready-0'], { readyTimeoutMs: 1_500 })
  await expect(it.ended).rejects.toMatchObject({
    code: 'not-ready',
    message: '1 of 2 nodes are not ready after 1.5 s: unready-0 is starting',
  })
  expect(existsSync(it.folder)).toBe(false)
})

test('a second request to stop kills what ignores the first', async () => {
  const it = await run(['stubborn-0'])
  await eventually(it.ready, it.last)
  const [ref] = processes(it.last())
  it.stop.abort()
  await eventually(() => readFileSync(nodeLogFile(it.folder, 'stubborn-0'), 'utf8').includes('not now'), it.last)
  expect(isAlive(ref ?? null)).toBe(true)
  it.force.abort()
  await it.ended
  expect(isAlive(ref ?? null)).toBe(false)
})

test('stop comes through while nodes are still starting', async () => {
  const it = await run(['unready-0', 'unready-1'])
  await eventually(() => it.node('unready-1')?.state === 'starting', it.last)
  it.stop.abort()
  await it.ended
  expect(existsSync(it.folder)).toBe(false)
})

test('control: kill leaves a node down until start, pause and resume keep the process, restart makes a new one', async () => {
  const it = await run(['good-0', 'good-1'])
  await eventually(it.ready, it.last)
  const pid = (): number | undefined => it.node('good-0')?.process?.pid
  const first = pid()

  await askNode(it.folder, 'good-0', 'pause')
  expect(it.node('good-0')?.state).toBe('paused')
  await askNode(it.folder, 'good-0', 'resume')
  await eventually(() => it.node('good-0')?.state === 'ready', it.last)
  expect(pid()).toBe(first)

  await askNode(it.folder, 'good-0', 'kill')
  expect(it.node('good-0')).toMatchObject({ state: 'killed', process: null })
  await expect(askNode(it.folder, 'good-0', 'pause')).rejects.toThrow('good-0 is killed, it cannot be paused')
  await askNode(it.folder, 'good-0', 'start')
  await eventually(() => it.node('good-0')?.state === 'ready', it.last)

  const second = pid()
  await askNode(it.folder, 'good-0', 'pause')
  await askNode(it.folder, 'good-0', 'restart')
  await eventually(() => it.node('good-0')?.state === 'ready', it.last)
  expect(new Set([first, second, pid()]).size).toBe(3)
  await expect(askNode(it.folder, 'nobody', 'kill')).rejects.toThrow('has no node nobody')
})

test('control: refuses a wrong token; stop with keepData keeps data and nothing else', async () => {
  const it = await run(['good-0'])
  await eventually(it.ready, it.last)
  const { url } = JSON.parse(readFileSync(`${it.folder}/control.json`, 'utf8')) as { url: string }
  const answer = await fetch(`${url}/stop`, { method: 'POST', headers: { authorization: 'Bearer nonsense' } })
  expect(answer.status).toBe(401)
  expect(it.node('good-0')?.state).toBe('ready')

  await askStop(it.folder, true)
  expect(await it.ended).toBe('request')
  expect(readRecord(it.folder)).toMatchObject({
    phase: 'stopped',
    supervisor: null,
    nodes: [{ state: 'stopped', process: null }],
  })
  expect(existsSync(`${it.folder}/nodes/good-0/data/started`)).toBe(true)
  const found = findTestnet(it.folder.replace(/\/net$/, ''), 'net')
  expect(found?.standing).toBe('stopped')
  expect(found && liveNodes(found)).toEqual([])
})
