import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import type { Experiment, ExperimentFault } from '../../api/experiment.ts'
import { parseRunRecord } from '../../api/run.ts'
import type { FindingId, Verdict } from '../../api/verdict.ts'
import { runJson } from '../../chaos/report/json.ts'
import { verdictText } from '../../chaos/report/text.ts'
import { LEASE_MS } from '../../chaos/runner/fault.ts'
import type { Progress } from '../../chaos/runner/progress.ts'
import { type RunOptions, runExperiment } from '../../chaos/runner/run.ts'
import type { CanarySource, Lifecycle, Target } from '../../chaos/runner/target.ts'
import { judge } from '../../chaos/verdict/judge.ts'
import { Miniature } from './toy-network.ts'

const running: Miniature[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map(network => network.stop()))
})
async function network(): Promise<Miniature> {
  const started = await new Miniature(['a', 'b', 'c', 'd']).start()
  running.push(started)
  return started
}

const halves: ExperimentFault = {
  name: 'cut',
  atMs: 0,
  durationMs: 1_500,
  select: {},
  action: { kind: 'partition', shape: 'halves', direction: 'both' },
}
const experiment = (changes: Partial<Experiment> = {}): Experiment => ({
  name: 'test',
  testnet: 'toy',
  seed: 's',
  injector: 'auto',
  steadyState: { withinMs: 10_000, samples: 2, finalizing: true },
  faults: [halves],
  heal: { withinMs: 3_000, samples: 2, maxReorgDepth: 1_000, lostTransactions: 0, lostBlocks: 0, observeMs: 1_000 },
  ...changes,
})
const canaries: CanarySource = {
  addresses: ['aa', 'bb', 'cc', 'dd'],
  sign: async (index, nonce) => new TextEncoder().encode(`canary ${index} ${nonce}`),
}
type Options = Partial<Omit<RunOptions, 'target'>> & Partial<Target>
const run = (toy: Miniature, { nodes, lifecycle, gone, ...options }: Options = {}, calls: string[] = []) =>
  runExperiment({
    experiment: experiment(),
    target: toy.target(
      { canaries, ...(nodes && { nodes }), ...(lifecycle && { lifecycle }), ...(gone && { gone }) },
      calls,
    ),
    ...options,
  })
const passed = (verdict: Verdict): Partial<Record<FindingId, boolean | null>> =>
  Object.fromEntries(verdict.findings.map(finding => [finding.id, finding.passed]))
const rowsLeft = (toy: Miniature): number => toy.nodes.reduce((sum, { rows }) => sum + rows.size, 0)

test('a partition into halves: cut, healed, judged, and judged the same from its file', async () => {
  const toy = await network()
  const seen: Progress[] = []
  const { record, verdict } = await run(toy, { onProgress: progress => seen.push(progress) })
  expect(verdict.result, verdictText(verdict, { color: false, verbose: true })).toBe('passed')
  expect(passed(verdict)).toEqual({
    bit: true,
    reconnected: true,
    mesh: true,
    'one-head': true,
    'reorg-depth': true,
    finality: true,
    canaries: true,
    blocks: true,
    baseline: true,
  })
  expect(record.windows[0]).toMatchObject({
    fault: 'cut',
    targets: ['a', 'b', 'c', 'd'],
    sides: [
      ['a', 'c'],
      ['b', 'd'],
    ],
    failures: [],
  })
  expect(record.windows[0]!.liftedAt! - record.windows[0]!.injectedAt!).toBeGreaterThanOrEqual(1_499)
  expect(record.canaries.map(({ node, side }) => [node, side])).toEqual([
    ['a', 0],
    ['b', 1],
    ['c', 0],
    ['d', 1],
  ])
  expect(rowsLeft(toy)).toBe(0)
  // The live view showed the two chains, with their members, while the fault was on.
  const split = seen.filter(({ faults }) => faults[0]?.state === 'active').findLast(({ heads }) => heads.length === 2)
  expect(split?.heads.map(({ members }) => [...members].sort().join('')).sort()).toEqual(['ac', 'bd'])
  expect(seen.map(({ phase }) => phase).filter((phase, index, all) => phase !== all[index - 1])).toEqual([
    'preflight',
    'steady-state',
    'inject',
    'heal',
    'observe',
    'done',
  ])
  expect(judge(parseRunRecord(runJson(record)))).toEqual(verdict)
})

test('a wrong expectation fails the run', async () => {
  const heal = { ...experiment().heal, maxReorgDepth: 0 }
  const { verdict } = await run(await network(), { experiment: experiment({ heal }) })
  expect(verdict).toMatchObject({ result: 'failed', reason: expect.stringContaining('Reorganisation depth') })
})

test('a node that takes no row: nothing stays injected, and the run is inconclusive', async () => {
  const toy = await network()
  toy.node('d').refusesRows = true
  const { record, verdict } = await run(toy)
  expect(verdict).toMatchObject({ result: 'inconclusive', reason: expect.stringContaining('could not be injected') })
  expect(record.windows[0]).toMatchObject({ injectedAt: null, failures: [{ node: 'd', message: 'no rows here' }] })
  expect(rowsLeft(toy)).toBe(0)
})

test('a fault lasts from when its last target has it, not from when it was asked for', async () => {
  const toy = await network()
  const slowMs = 1_000
  const target = toy.target()
  const { put } = target.links
  const slow: typeof put = async (node, row, options) => {
    if (node === 'd') await delay(slowMs)
    await put(node, row, options)
  }
  const { record } = await runExperiment({
    experiment: experiment(),
    target: { ...target, links: { ...target.links, put: slow } },
  })
  const [window] = record.windows
  const asked = record.phases.find(({ phase }) => phase === 'inject')!.at
  expect(window!.injectedAt! - asked).toBeGreaterThanOrEqual(slowMs)
  expect(window!.plannedEnd - window!.injectedAt!).toBe(halves.durationMs)
  expect(window!.liftedAt!).toBeGreaterThanOrEqual(window!.plannedEnd)
})

test('an abort lifts the fault at once and leaves a record', async () => {
  const toy = await network()
  const abort = new AbortController()
  let abortedAt = 0
  const { record, verdict } = await run(toy, {
    experiment: experiment({ faults: [{ ...halves, durationMs: 60_000 }] }),
    signal: abort.signal,
    onProgress: ({ faults }) => {
      if (faults[0]?.state !== 'active' || abortedAt > 0) return
      abortedAt = Date.now()
      abort.abort(new Error('interrupted'))
    },
  })
  expect(Date.now() - abortedAt).toBeLessThan(3_000)
  expect(rowsLeft(toy)).toBe(0)
  expect(verdict).toMatchObject({ result: 'inconclusive', reason: 'aborted: interrupted' })
  expect(record.windows[0]!.endedAt! - abortedAt).toBeLessThan(2_000)
})

test('a steady state that cannot be seen in its time is told so', async () => {
  const toy = await network()
  const { verdict } = await run(toy, {
    experiment: experiment({ steadyState: { withinMs: 4 * toy.facts.blockIntervalMs, samples: 2, finalizing: false } }),
  })
  expect(verdict.result).toBe('inconclusive')
  expect(verdict.reason).toMatch(/spec\.steadyState\.within is .* the baseline alone takes 8 block intervals/)
})

test('a network that is split already never gets the fault', async () => {
  const toy = await network()
  const peers = toy.nodes.map(({ name, peerId }) => ({ name, peerId, host: 'x' }))
  const classes = (['in', 'out'] as const).map(direction => ({
    direction,
    link: { drop: true },
    peers: peers.slice(1),
  }))
  toy.node('a').rows.set('foreign', { row: { id: 'foreign', endsAt: Date.now() + 60_000, classes }, held: 0 })
  const { record, verdict } = await run(toy, {
    experiment: experiment({ steadyState: { withinMs: 2_500, samples: 2, finalizing: false } }),
  })
  expect(verdict).toMatchObject({
    result: 'inconclusive',
    reason: expect.stringMatching(/^no steady state to start from: heads at/),
  })
  expect(record.windows).toEqual([])
  expect([...toy.node('a').rows.keys()]).toEqual(['foreign'])
})

test('a paused node is silent, resumes and catches up', async () => {
  const toy = await network()
  const calls: string[] = []
  const faults: ExperimentFault[] = [
    { name: 'nap', atMs: 0, durationMs: 2_000, select: { names: ['c'] }, action: { kind: 'pause' } },
  ]
  const { record, verdict } = await run(toy, { experiment: experiment({ faults }) }, calls)
  expect(calls).toEqual(['pause c', 'resume c'])
  expect(verdict.result, verdictText(verdict, { color: false, verbose: true })).toBe('passed')
  expect(verdict.findings[0]).toMatchObject({ id: 'bit', passed: true, value: 'pause seen at 1 node' })
  const [hit] = record.windows[0]!.hits!
  expect(hit).toMatchObject({ node: 'c', at: expect.any(Number) })
  expect(hit!.until! - hit!.at).toBeGreaterThanOrEqual(1_999)
})

test('staggered kills go from node to node, each down for its time', async () => {
  const toy = await network()
  const calls: string[] = []
  const faults: ExperimentFault[] = [
    {
      name: 'roll',
      atMs: 0,
      durationMs: 1_200,
      select: { names: ['b', 'c', 'd'] },
      action: { kind: 'kill', staggerMs: 2_000 },
    },
  ]
  const { record, verdict } = await run(toy, { experiment: experiment({ faults }) }, calls)
  expect(calls).toEqual(['b', 'c', 'd'].flatMap(node => [`kill ${node}`, `revive ${node}`]))
  expect(verdict.findings[0]).toMatchObject({ passed: true, value: expect.stringContaining('kill seen at 3 nodes') })
  const { hits = [], plannedStart } = record.windows[0]!
  expect(hits).toHaveLength(3)
  for (const [turn, { at, until }] of hits.entries()) {
    expect(at - plannedStart).toBeGreaterThanOrEqual(turn * 2_000 - 2)
    expect(until! - at).toBeGreaterThanOrEqual(1_199)
  }
})

test('a turn that cannot be taken ends the turns, and what was hit is let go', async () => {
  const toy = await network()
  const calls: string[] = []
  const { lifecycle } = toy.target({}, calls)
  const faults: ExperimentFault[] = [
    { name: 'roll', atMs: 0, durationMs: 2_000, select: {}, action: { kind: 'pause', staggerMs: 500 } },
  ]
  const vanishes: Lifecycle = {
    ...lifecycle!,
    pause: async (node, until, signal) => {
      if (node === 'b') throw new Error('there is no node b any more')
      await lifecycle!.pause(node, until, signal)
    },
  }
  const { record, verdict } = await run(toy, { lifecycle: vanishes, experiment: experiment({ faults }) })
  expect(calls).toEqual(['pause a', 'resume a'])
  expect(record.windows[0]!.failures).toEqual([{ node: 'b', message: 'there is no node b any more' }])
  expect(verdict).toMatchObject({ result: 'inconclusive', reason: expect.stringContaining('could not be injected') })
})

test('a node that crashes during the fault fails the run, whatever else healed', async () => {
  const toy = await network()
  let crashed = false
  const faults: ExperimentFault[] = [
    { name: 'nap', atMs: 0, durationMs: 2_500, select: { names: ['c'] }, action: { kind: 'pause' } },
  ]
  const { verdict } = await run(toy, {
    experiment: experiment({ faults }),
    onProgress: ({ faults }) => {
      if (faults[0]?.state !== 'active' || crashed) return
      crashed = true
      toy.node('b').restart()
    },
  })
  expect(verdict.reason, verdictText(verdict, { color: false })).toContain('1 node restarted unexpectedly')
  expect(verdict.result).toBe('failed')
})

test('a testnet that is taken down ends the run at once, inconclusive', async () => {
  const toy = await network()
  const faults = [{ ...halves, durationMs: 60_000 }]
  const { record, verdict } = await run(toy, {
    experiment: experiment({ faults }),
    gone: async () => (toy.nodes.every(({ paused }) => paused) ? 'testnet toy was taken down' : undefined),
    onProgress: progress => {
      if (progress.faults[0]?.state === 'active') for (const node of toy.nodes) node.kill()
    },
  })
  expect(verdict).toMatchObject({ result: 'inconclusive', reason: 'aborted: testnet toy was taken down' })
  expect(record.windows[0]!.endedAt! - record.windows[0]!.injectedAt!).toBeLessThan(LEASE_MS)
})

test('a cut that begins while another fault has stopped a node reaches it once it is back', async () => {
  const toy = await network()
  const faults: ExperimentFault[] = [
    { name: 'nap', atMs: 0, durationMs: 1_000, select: { names: ['c'] }, action: { kind: 'pause' } },
    { ...halves, atMs: 500, durationMs: 2_500 },
  ]
  let took = false
  const { record } = await run(toy, {
    experiment: experiment({ faults }),
    onProgress: () => {
      took ||= toy.node('c').rows.has('test.cut')
    },
  })
  expect(record.windows.map(({ fault, failures }) => [fault, failures])).toEqual([
    ['nap', []],
    ['cut', []],
  ])
  expect(took).toBe(true)
  expect(rowsLeft(toy)).toBe(0)
})

test('a node that restarts under a cut gets its rows again, and loses them at the end', async () => {
  const toy = await network()
  const node = toy.node('b')
  let renewed = false
  let restarted = false
  const { record } = await run(toy, {
    experiment: experiment({ faults: [{ ...halves, durationMs: 3_000 }] }),
    onProgress: ({ faults }) => {
      if (faults[0]?.state !== 'active') return
      if (restarted) renewed ||= node.rows.has('test.cut')
      else {
        restarted = true
        node.rows.clear()
        node.startedAt += 1
      }
    },
  })
  expect(renewed, JSON.stringify(record.notes)).toBe(true)
  expect(record.notes).toContain('b restarted')
  expect(rowsLeft(toy)).toBe(0)
})

test('preflight names every node that is not there or not itself, and touches nothing', async () => {
  const toy = await network()
  const [a, b, c, d] = toy.endpoints
  const dead = { ...d!, statusUrl: 'http://127.0.0.1:9' }
  await expect(
    run(toy, { nodes: [a!, { ...c!, name: 'b' }, { ...c!, adminUrl: b!.statusUrl }, dead] }),
  ).rejects.toMatchObject({
    name: 'PreflightFailed',
    problems: [
      expect.stringContaining('b: http'),
      expect.stringContaining('c: administration port'),
      expect.stringContaining('d: http://127.0.0.1:9 does not answer'),
    ],
  })
  const { lifecycle: _, ...driverless } = toy.target()
  await expect(
    runExperiment({
      target: driverless,
      experiment: experiment({ faults: [{ ...halves, action: { kind: 'kill' } }] }),
    }),
  ).rejects.toThrow('need the driver of the nodes')
  await expect(
    run(toy, { experiment: experiment({ faults: [{ ...halves, action: { kind: 'clock', offsetMs: 500 } }] }) }),
  ).rejects.toThrow('nobody can skew the clocks')
  const reordered = { kind: 'latency', delayMs: 50, jitterMs: 0, correlation: 0, reordering: 0.1 } as const
  await expect(run(toy, { experiment: experiment({ faults: [{ ...halves, action: reordered }] }) })).rejects.toThrow(
    'reordering needs the kernel',
  )
  await expect(run(toy, { experiment: experiment({ injector: 'kernel' }) })).rejects.toThrow(
    'kernel injector is not available',
  )
  expect(rowsLeft(toy)).toBe(0)
})
