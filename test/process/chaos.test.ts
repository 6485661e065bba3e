// `trellis chaos run` against a testnet of real nodes: the three results with their exit codes, each judged again from
// its record. The cases share one testnet and run one after the other.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunRecord } from '../../api/run.ts'
import type { Finding, Result, Verdict } from '../../api/verdict.ts'
import { type CommandLine, commandLine } from '../local/command-line.ts'

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
  const ran = await cli.run('chaos', 'run', file, '--record', `${result}.json`, '-o', 'json')
  const verdict = JSON.parse(ran.stdout || '{}') as Verdict
  expect([verdict.result, ran.code], JSON.stringify(verdict, null, 2) + ran.stderr).toEqual([result, code])
  expect(verdict.findings.find(({ id }) => id === decides)?.passed).toBe(passed)
  expect(ran.stderr).toContain('steady state')

  const again = await cli.run('chaos', 'judge', `${result}.json`, '-o', 'json')
  expect(again).toEqual({ code, stdout: ran.stdout, stderr: '' })

  // Nothing of a fault is left behind, and the record says when it was in force.
  const record = JSON.parse(readFileSync(join(cli.home, '../files', `${result}.json`), 'utf8')) as RunRecord
  expect(record.windows).toHaveLength(1)
  expect(record.windows[0]).toMatchObject({ failures: [], injectedAt: expect.any(Number), endedAt: expect.any(Number) })
})

test('while a partition lasts the sides and their heads are shown, and Ctrl-C ends it with a verdict', async () => {
  const file = cli.file('long.yaml', experiment('long', '{ name: cut, duration: 60s, partition: { shape: halves } }'))
  const started = cli.start(['chaos', 'run', file])
  await expect
    .poll(() => started.output().stderr, { timeout: 50_000, interval: 100 })
    .toMatch(/fault cut.*side 1: \w+ at \d+ \(boot-0, .*side 2: \w+ at \d+ \(.*different chains after height \d+/)
  started.child.kill('SIGTERM')
  const { code, stdout } = await started.ended
  expect(stdout).toContain('○ Inconclusive: long on breakable: aborted: interrupted by Ctrl-C or a signal')
  expect(code).toBe(2)
})
