import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { MAX_RUN_NODES, type RunRecord } from '../../../api/run.ts'
import { findingIds } from '../../../api/verdict.ts'
import { healthyRun, names, times } from '../../verdict/fixture.ts'
import { judge } from '../../verdict/judge.ts'
import { observe } from '../../verdict/observations.ts'
import { branchesOf, branchName, MAX_BRANCHES } from './branches.ts'
import { delaySpreads } from './delays.ts'
import { MAX_ROWS, rowNames } from './heads-chart.ts'
import { verdictHtml } from './page.ts'
import { connectionsAcross } from './peers.ts'
import { MAX_TIMELINE, timelineOf } from './timeline.ts'

type Change = (run: RunRecord) => void
const changed = (change: Change = () => {}): RunRecord => {
  const run = structuredClone(healthyRun())
  change(run)
  return run
}
const page = (change?: Change): string => {
  const run = changed(change)
  return verdictHtml(run, judge(run))
}
/** The text of a page, element by element. */
const words = (html: string): string => html.replace(/<style>.*?<\/style>/s, '').replaceAll(/<[^>]*>/g, ' ')

test('the page of a healthy run', async () => {
  await expect(page()).toMatchFileSnapshot('../golden/halves.html')
})

test.each<{ name: string; change: Change; says: (string | RegExp)[] }>([
  {
    name: 'a failed run says what failed',
    change: run => {
      run.experiment = { ...run.experiment, heal: { ...run.experiment.heal, maxReorgDepth: 2 } }
    },
    says: ['✘ Failed', /b {2,}5 blocks, 1 reorg ✘|5 blocks, 1 reorg ✘/, 'The limit is 2 blocks.'],
  },
  {
    name: 'a run that never was steady has no fault, no reorganisation and no canary to show',
    change: run => {
      run.steady = false
      run.windows = []
      run.canaries = []
      run.events = []
      run.phases = run.phases.filter(({ phase }) => ['preflight', 'steady-state', 'done'].includes(phase))
      run.notes = ['heads at 5 (a)']
    },
    says: ['○ Inconclusive', 'not injected', 'No canary transaction was sent.', 'heads at 5 (a)', 'No delivery'],
  },
  {
    name: 'a fault that could not be injected has its lane and its reason',
    change: run => {
      Object.assign(run.windows[0]!, { injectedAt: null, liftedAt: null, endedAt: null })
      run.windows[0]!.failures = [{ node: 'a', message: 'no rows here' }]
    },
    says: ['cut (partition): not injected', 'cut: a: no rows here'],
  },
  {
    name: 'a node that was silent shows as such',
    change: run => {
      for (const sample of run.samples)
        if (sample.node === 'c' && sample.at > 30_000 && sample.at < 35_000) sample.status = null
    },
    says: [/c: no answer, \+1\d/, 'no answer'],
  },
  {
    name: 'an empty record',
    change: run => Object.assign(run, { samples: [], events: [], windows: [], phases: [], canaries: [] }),
    says: ['Inconclusive'],
  },
])('$name', ({ change, says }) => {
  const text = words(page(change))
  for (const expected of says) expect(text).toMatch(expected)
  expect(text).not.toMatch(/NaN|undefined|Infinity|null/)
})

test('whatever a record says, the page has one meaning: no element, attribute or script of others', () => {
  const nasty = `"><script>alert(1)</script>&'\u0000<img src=x onerror=alert(1)>`
  const run = changed(record => {
    record.experiment = { ...record.experiment, name: nasty, testnet: nasty }
    record.testnet.name = nasty
    record.notes = [nasty]
    record.canaries[0]!.refused = nasty
    record.canaries[0]!.fate = 'refused'
    record.windows[0]!.failures = [{ node: nasty, message: nasty }]
    record.testnet.nodes[0]!.name = nasty
    for (const sample of record.samples) if (sample.node === 'a') sample.node = nasty
  })
  const html = verdictHtml(run, judge(run))
  for (const part of ['<script', '<img', '\u0000']) expect(html).not.toContain(part)
  expect(html.match(/<h1>/g)).toHaveLength(1)
  expect(html).toContain('&lt;script&gt;')
})

test('nothing is loaded and nothing runs: no address, no style or handler in an element', () => {
  const html = page()
  expect(html).not.toMatch(/https?:|\ssrc=|\shref=|\sstyle=|\son\w+=|@import|url\((?!#)/)
  expect(html).toContain(`default-src 'none'`)
})

test('the branch that won is main, the other is A from the block after which they parted to the merge', () => {
  const { runs, lines, count } = branchesOf(observe(healthyRun()))
  expect(count).toBe(1)
  for (const node of ['a', 'c']) expect(runs.get(node)!.map(({ branch }) => branch)).toEqual([0])
  for (const node of ['b', 'd']) {
    const [calm, apart, merged] = runs.get(node)!
    expect([calm?.branch, apart?.branch, merged?.branch]).toEqual([0, 1, 0])
    expect(apart!.from).toBeGreaterThanOrEqual(times.injected)
    expect(Math.abs(apart!.to - times.merged)).toBeLessThanOrEqual(500)
  }
  expect(lines.map(({ branch }) => branchName(branch))).toEqual(['main', 'A'])
  expect(Math.max(...lines[1]!.points.map(({ height }) => height))).toBe(25)
})

test('a fork of one block is no branch, and beyond the last letter all are others', () => {
  const forked = changed(run => {
    for (const [index, sample] of run.samples.entries()) {
      if (!sample.status?.recent) continue
      sample.status.recent = [`tip${index}`, ...sample.status.recent]
      sample.status.head = { hash: `tip${index}`, height: sample.status.head.height + 1 }
    }
  })
  expect(branchesOf(observe(forked)).count).toBe(1)
  const many = changed(run => {
    const at = run.samples.filter(sample => sample.node === 'd' && sample.at > 25_000).slice(0, MAX_BRANCHES + 3)
    for (const [index, { status }] of at.entries()) status!.recent = [`x${index}b`, `x${index}a`, 'm20']
  })
  const { runs, count } = branchesOf(observe(many))
  expect(count).toBe(MAX_BRANCHES + 4)
  const used = new Set(runs.get('d')!.map(({ branch }) => branch))
  expect(Math.max(...[...used].map(branch => branch ?? 0))).toBe(MAX_BRANCHES + 1)
  expect(branchName(MAX_BRANCHES + 1)).toBe('others')
})

test('connections across count by pair, whichever end tells', () => {
  const change = (at: number, node: string, peer: string, what: 'connected' | 'disconnected') => ({
    node,
    event: {
      at,
      kind: 'peer',
      change: what,
      peer: `id-${peer}`,
      name: peer,
      direction: 'outbound',
      reason: '',
    } as const,
  })
  const run = changed(record => {
    record.events = [
      change(10, 'a', 'b', 'connected'),
      change(20, 'b', 'a', 'connected'),
      change(30, 'a', 'c', 'connected'),
      change(40, 'a', 'b', 'disconnected'),
      change(50, 'b', 'a', 'disconnected'),
      change(60, 'd', 'c', 'connected'),
    ]
  })
  expect(connectionsAcross(observe(run))).toEqual([
    { at: 10, value: 1 },
    { at: 50, value: 0 },
    { at: 60, value: 1 },
  ])
})

test('delays are of blocks made and delivered in each time', () => {
  const spreads = delaySpreads(observe(healthyRun()))
  expect(spreads.map(({ name, quantiles }) => [name, quantiles?.p50, quantiles?.p95])).toEqual([
    ['before', 40, 40],
    ['during', 40, 40],
    ['after', 40, 40],
  ])
  expect(spreads.every(({ count }) => count > 10)).toBe(true)
})

test('rows stand by side and are bounded, and so is the timeline', () => {
  expect(rowNames(observe(healthyRun()))).toEqual(['a', 'c', 'b', 'd'])
  const crowd = changed(run => {
    const [node] = run.testnet.nodes
    run.testnet.nodes = Array.from({ length: MAX_RUN_NODES }, (_, index) => ({
      ...node!,
      name: `n${index}`,
      peerId: `id${index}`,
    }))
    run.gaps = Array.from({ length: 200 }, (_, index) => ({ node: 'n1', from: 1_000 + index, to: 2_000 + index }))
  })
  const rows = rowNames(observe(crowd))
  expect(new Set(rows).size).toBe(MAX_ROWS)
  const timeline = timelineOf(observe(crowd), judge(crowd))
  expect(timeline).toHaveLength(MAX_TIMELINE)
  expect(timeline.at(-1)!.what).toMatch(/^and \d+ more$/)
  expect(timeline.map(({ at }) => at)).toEqual(timeline.map(({ at }) => at).sort((a, b) => a - b))
})

test('docs/reports.md lists every finding with its figures', () => {
  const docs = readFileSync(new URL('../../../docs/reports.md', import.meta.url), 'utf8')
  const rows = new Map([...docs.matchAll(/^\| `([\w-]+)` \|.*\|(.*)\|$/gm)].map(([, id, figures]) => [id, figures!]))
  for (const id of findingIds) expect(rows.has(id), id).toBe(true)
  const killed = changed(run => {
    run.experiment = {
      ...run.experiment,
      faults: (['kill', 'latency', 'bandwidth', 'loss', 'clock'] as const).map(kind => ({
        name: kind,
        atMs: 0,
        durationMs: 20_000,
        select: { names: [names[0]!] },
        action: { kind, rate: 1, loss: 0.5, delayMs: 10, jitterMs: 0, correlation: 0, offsetMs: 100 } as never,
      })),
    }
    run.windows = run.experiment.faults.map(({ name }) => ({ ...run.windows[0]!, fault: name }))
    for (const { links } of run.windows.flatMap(({ counters }) => counters))
      for (const link of links) link.delayedBytes = 1e6
  })
  for (const run of [healthyRun(), killed, changed(run => run.samples.splice(200))]) {
    for (const { id, figures } of judge(run).findings)
      for (const name of Object.keys(figures)) expect(rows.get(id), `${id}: ${name}`).toContain(`\`${name}\``)
  }
})
