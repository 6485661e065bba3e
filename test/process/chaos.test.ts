// `trellis chaos run` against a testnet of real nodes: the three results with their exit codes, each judged again from
// its record. The cases share one testnet and run one after the other.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunRecord } from '../../api/run.ts'
import type { Finding, Result, Verdict } from '../../api/verdict.ts'
import { ALLOWANCE_MS, LEASE_MS } from '../../chaos/runner/fault.ts'
import type { TestnetRecord } from '../../operator/local/record.ts'
import type { TargetGroup } from '../../operator/local/targets-file.ts'
import { type CommandLine, commandLine, type Started } from '../local/command-line.ts'
import { scrape } from '../support/metrics.ts'
import { LocalNodes } from './local-nodes.ts'

const testnet = `apiVersion: trellis.dev/v1alpha1
kind: Testnet
metadata:
  name: breakable
spec:
  chain: { blockInterval: 500ms, finality: { checkpointInterval: 4 } }
  load: { rate: 10 }
  groups:
    - { name: boot, role: bootstrap }
    - { name: miner, role: miner, count: 4 }
    - { name: load, role: load }
`
const experiment = (name: string, fault: string, heal = ''): string => `apiVersion: trellis.dev/v1alpha1
kind: ChaosExperiment
metadata:
  name: ${name}
spec:
  testnet: breakable
  steadyState: { samples: 3 }
  faults:
    - ${fault}
  heal: { within: 20s, observe: 4s${heal} }
`
const halves = '{ name: cut, duration: 6s, partition: { shape: halves } }'

let cli: CommandLine
beforeAll(async () => {
  // The nodes themselves, not what stands in for them elsewhere.
  cli = commandLine({ TRELLIS_NODE_PROGRAM: undefined })
  const { code, stderr } = await cli.run('up', cli.file('testnet.yaml', testnet), '--detach')
  expect(code, stderr).toBe(0)
})
afterAll(() => cli.remove())

interface Case {
  readonly result: Result
  readonly code: number
  readonly text: string
  /** Findings that decide it. */
  readonly decides: Finding['id']
  readonly passed: boolean
}

test.for<Case>([
  {
    result: 'passed',
    code: 0,
    text: experiment('heals', halves, ', maxReorgDepth: 60, lostTransactions: 0'),
    decides: 'bit',
    passed: true,
  },
  {
    result: 'failed',
    code: 1,
    text: experiment('too-strict', halves, ', maxReorgDepth: 0'),
    decides: 'reorg-depth',
    passed: false,
  },
  {
    result: 'inconclusive',
    code: 2,
    text: experiment('too-weak', '{ name: wide, duration: 2s, bandwidth: { rate: 10Gbit/s } }'),
    decides: 'bit',
    passed: false,
  },
])('$result: exit code $code, and the same from the record', async ({ result, code, text, decides, passed }) => {
  const file = cli.file(`${result}.yaml`, text)
  const page = ['--report', `${result}.html`]
  const ran = await cli.run('chaos', 'run', file, '--record', `${result}.json`, '-o', 'json', ...page)
  const verdict = JSON.parse(ran.stdout || '{}') as Verdict
  expect([verdict.result, ran.code], JSON.stringify(verdict, null, 2) + ran.stderr).toEqual([result, code])
  expect(verdict.findings.find(({ id }) => id === decides)?.passed).toBe(passed)
  expect(ran.stderr).toContain('steady state')

  const again = await cli.run('chaos', 'judge', `${result}.json`, '-o', 'json')
  expect(again).toEqual({ code, stdout: ran.stdout, stderr: '' })

  const [html, judgedHtml] = [`${result}.html`, `${result}-again.html`]
  await cli.run('chaos', 'judge', `${result}.json`, '--report', judgedHtml)
  const read = (name: string): string => readFileSync(join(cli.home, '../files', name), 'utf8')
  expect(read(html)).toContain(`class="result ${result}"`)
  expect(read(judgedHtml)).toBe(read(html))

  // Nothing of a fault is left behind, and the record says when it was in force.
  const record = JSON.parse(readFileSync(join(cli.home, '../files', `${result}.json`), 'utf8')) as RunRecord
  expect(record.windows).toHaveLength(1)
  expect(record.windows[0]).toMatchObject({ failures: [], injectedAt: expect.any(Number), endedAt: expect.any(Number) })
})

/** Starts an experiment and waits until its fault is in force. */
async function begun(name: string, more = ''): Promise<Started> {
  const cut = `{ name: cut, duration: 60s, partition: { shape: halves } }${more}`
  const started = cli.start(['chaos', 'run', cli.file(`${name}.yaml`, experiment(name, cut))])
  await expect.poll(() => started.output().stderr, { timeout: 50_000, interval: 100 }).toMatch(/fault cut/)
  return started
}
const nodes = (): LocalNodes => new LocalNodes(cli.home, 'breakable')
const targets = (): TargetGroup[] =>
  JSON.parse(readFileSync(join(cli.home, 'breakable/prometheus-targets.json'), 'utf8')) as TargetGroup[]
const supervisorUrl = (): string => `http://${targets().find(({ labels }) => labels.node === undefined)!.targets[0]}`
const nodeRecords = (): TestnetRecord['nodes'] => nodes().records()
const rowsOf = (node: string): Promise<number> => nodes().rowsOf(node)
const rowsInForce = (): Promise<number> => nodes().rowsInForce()

test('a second experiment is refused or waits for its turn, and abort lifts the faults at once', async () => {
  const first = await begun('first')
  const refused = await cli.run('chaos', 'run', cli.file('second.yaml', experiment('second', halves)))
  expect(refused).toMatchObject({ code: 3, stdout: '' })
  expect(refused.stderr).toMatch(/first \(process \d+\) runs on testnet breakable already/)
  const queued = cli.start([
    'chaos',
    'run',
    cli.file('queued.yaml', `${experiment('queued', halves)}  whenBusy: queue\n`),
  ])
  await expect.poll(() => queued.output().stderr, { timeout: 10_000 }).toMatch(/waiting for first \(process \d+\)/)
  expect(queued.output().stderr).not.toContain('steady state')

  const { stdout: listed } = await cli.run('chaos', 'list')
  expect(listed).toMatch(/^NAME +TESTNET +PHASE .*\nfirst +breakable +Running .*\n$/)
  const aborted = await cli.run('chaos', 'abort', 'breakable')
  expect(aborted).toMatchObject({ code: 0, stdout: 'first on breakable is aborted; its faults are lifted\n' })
  expect((await first.ended).code).toBe(2)
  await expect.poll(() => queued.output().stderr, { timeout: 20_000 }).toContain('steady state')
  // By the experiment's name too.
  expect((await cli.run('chaos', 'abort', 'queued')).code).toBe(0)
  expect((await queued.ended).stdout).toMatch(/aborted/)
  expect(await rowsInForce()).toBe(0)
  expect(await cli.run('chaos', 'abort')).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('no experiment runs on testnet breakable'),
  })
})

test('a runner that is killed leaves nothing behind longer than its lease, and blocks nobody', async () => {
  const started = await begun(
    'killed',
    `
    - { name: down, duration: 3s, select: { names: [miner-1] }, kill: {} }
    - { name: asleep, duration: 3s, select: { names: [miner-2] }, pause: {} }`,
  )
  const states = () => nodeRecords().map(({ name, state }) => `${name} ${state}`)
  await expect
    .poll(states, { timeout: 3_000, interval: 50 })
    .toEqual(expect.arrayContaining(['miner-1 killed', 'miner-2 paused']))
  const { pid } = JSON.parse(readFileSync(join(cli.home, 'breakable/experiment.json'), 'utf8')) as { pid: number }
  await expect.poll(() => rowsOf('boot-0')).toBeGreaterThan(0)
  process.kill(pid, 'SIGKILL')
  const killedAt = Date.now()
  await started.ended
  // What was done to processes ends with the fault, a little later than the runner would have ended it.
  const all = nodeRecords().map(({ name }) => `${name} ready`)
  await expect.poll(states, { timeout: 3_000 + ALLOWANCE_MS + 2_000, interval: 100 }).toEqual(all)
  await expect.poll(rowsInForce, { timeout: LEASE_MS + 1_000, interval: 100 }).toBe(0)
  expect(Date.now() - killedAt).toBeLessThan(LEASE_MS + 1_000)
  const next = await begun('next')
  next.child.kill('SIGTERM')
  expect((await next.ended).code).toBe(2)
})

test('a clock that a fault puts wrong is seen to be, and is right again afterwards', async () => {
  const file = cli.file(
    'clock.yaml',
    experiment('skewed', '{ name: fast, duration: 5s, select: { names: [miner-1] }, clock: { ahead: 1500ms } }'),
  )
  const { stdout, stderr } = await cli.run('chaos', 'run', file, '-o', 'json', '--record', 'clock.json')
  const verdict = JSON.parse(stdout || '{}') as Verdict
  expect(verdict.findings?.[0], stderr + stdout).toMatchObject({
    passed: true,
    value: 'clocks of 1 node seen 1.5 s ahead',
  })
  const record = JSON.parse(readFileSync(join(cli.home, '../files/clock.json'), 'utf8')) as RunRecord
  const last = record.samples.filter(({ node, status }) => node === 'miner-1' && status).slice(-8)
  for (const { at, status } of last) expect(status!.clock! - at).toBeLessThan(200)
})

test('nodes that are killed and paused at once come back, and what is no node of the testnet is not aimed at', async () => {
  const overlapping = `{ name: asleep, duration: 5s, select: { names: [miner-2, miner-3] }, pause: {} }
    - { name: dead, at: 1s, duration: 2s, select: { names: [miner-2] }, kill: {} }`
  const file = cli.file('overlap.yaml', experiment('overlap', overlapping))
  const { stdout, stderr } = await cli.run('chaos', 'run', file, '-o', 'json')
  const verdict = JSON.parse(stdout || '{}') as Verdict
  const of = (id: Finding['id']) => verdict.findings?.find(finding => finding.id === id)
  expect(of('bit'), stderr + stdout).toMatchObject({
    passed: true,
    value: 'pause seen at 2 nodes; kill seen at 1 node',
  })
  expect(of('one-head')?.passed, stderr + stdout).toBe(true)
  expect(nodeRecords().map(({ state }) => state)).toEqual(nodeRecords().map(() => 'ready'))

  for (const [fault, says] of [
    ['{ name: a, duration: 1s, select: { names: [miner-9] }, kill: {} }', 'miner-9'],
    ['{ name: a, duration: 1s, select: { groups: [miner], roles: [load] }, kill: {} }', 'no node matches'],
    ['{ name: a, duration: 23h, kill: { stagger: 59m } }', 'the run allows 24h'],
    ['{ name: a, duration: 1s, clock: {} }', 'says not how wrong the clock is'],
  ] as const) {
    const bad = await cli.run('chaos', 'run', cli.file('bad.yaml', experiment('bad', fault)))
    expect(bad).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining(says) })
  }
  const over = await cli.run('chaos', 'run', cli.file('over.yaml', `${experiment('over', halves)}  abort: true\n`))
  expect(over).toMatchObject({ code: 3, stderr: expect.stringContaining('it is over before it begins') })
})

test('while a partition lasts the sides and their heads are shown, and Ctrl-C ends it with a verdict', async () => {
  const file = cli.file('long.yaml', experiment('long', '{ name: cut, duration: 60s, partition: { shape: halves } }'))
  const started = cli.start(['chaos', 'run', file])
  await expect
    .poll(() => started.output().stderr, { timeout: 50_000, interval: 100 })
    .toMatch(/fault cut.*side 1: \w+ at \d+ \(boot-0, .*side 2: \w+ at \d+ \(.*different chains after height \d+/)
  // Prometheus sees the same.
  const of = { namespace: 'local', testnet: 'breakable' }
  const seen = async (name: string, labels: object = {}): Promise<number> =>
    (await scrape(supervisorUrl()))(name, { ...of, ...labels })
  const abortedBefore = await seen('trellis_experiments_total', { verdict: 'aborted' })
  await expect.poll(() => seen('trellis_testnet_head_groups'), { timeout: 20_000 }).toBe(2)
  expect(await seen('trellis_testnet_node_head_group', { group: 'boot', node: 'boot-0' })).toBeGreaterThan(0)
  expect(await seen('trellis_testnet_nodes', { state: 'ready' })).toBe(nodeRecords().length)
  expect(await seen('trellis_testnet_condition', { condition: 'Converged' })).toBe(0)
  expect(await seen('trellis_experiment_active', { experiment: 'long', phase: 'Injecting' })).toBe(1)
  expect(await seen('trellis_experiment_faults_active', { experiment: 'long' })).toBe(1)
  const end = await seen('trellis_experiment_end_timestamp_seconds')
  expect([end > Date.now() / 1_000 + 20, end < Date.now() / 1_000 + 120]).toEqual([true, true])
  started.child.kill('SIGTERM')
  const { code, stdout } = await started.ended
  expect(stdout).toContain('○ Inconclusive: long on breakable: aborted: interrupted by Ctrl-C or a signal')
  expect(code).toBe(2)
  expect(await seen('trellis_experiment_active')).toBe(0)
  expect(await seen('trellis_experiments_total', { verdict: 'aborted' })).toBe(abortedBefore + 1)
})

test('what the file for Prometheus names answers, with the labels that stand there', async () => {
  const groups = targets()
  expect(groups.map(({ labels }) => labels.node)).toEqual([undefined, ...nodeRecords().map(({ name }) => name)])
  for (const { targets: addresses, labels } of groups.slice(1)) {
    const answer = await fetch(`http://${addresses[0]}/metrics`)
    const [, found = ''] = /^trellis_node_head_height\{(.*)\} /m.exec(await answer.text()) ?? []
    const { namespace: _, ...own } = labels
    for (const [name, value] of Object.entries(own)) expect(found).toContain(`${name}="${value}"`)
  }
  // Without a token nothing but metrics can be had of the supervisor.
  const answers = ['/metrics', '/status', '/stop'].map(async path => (await fetch(supervisorUrl() + path)).status)
  expect(await Promise.all(answers)).toEqual([200, 404, 404])
  expect((await fetch(`${supervisorUrl()}/metrics`, { method: 'POST' })).status).toBe(405)
})

test('nothing is left to scrape of a testnet that is down', async () => {
  const url = supervisorUrl()
  expect((await cli.run('down', 'breakable', '--keep-data')).code).toBe(0)
  expect(targets()).toEqual([])
  await expect(fetch(`${url}/metrics`)).rejects.toThrow()
})
