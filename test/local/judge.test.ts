// `trellis chaos judge`: exit codes and reports, from recorded runs made by hand.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RUN_VERSION, type RunRecord } from '../../api/run.ts'
import { type CommandLine, commandLine } from './command-line.ts'

const names = ['miner-0', 'miner-1']

/** A run that never was steady; each node has finalized the block of the given hash at height 4. */
function record(finalized: readonly string[]): RunRecord {
  return {
    version: RUN_VERSION,
    experiment: {
      name: 'cut',
      testnet: 'net',
      seed: 'cut',
      steadyState: { withinMs: 1_000, samples: 2, finalizing: true },
      faults: [
        {
          name: 'cut',
          atMs: 0,
          durationMs: 1_000,
          select: {},
          action: { kind: 'partition', shape: 'halves', direction: 'both' },
        },
      ],
      heal: { withinMs: 1_000, samples: 2, lostBlocks: 0 },
      injector: 'auto',
    },
    testnet: {
      name: 'net',
      seed: 'net',
      blockIntervalMs: 1_000,
      checkpointInterval: 4,
      quorum: { numerator: 2, denominator: 3 },
      nodes: names.map(name => ({
        name,
        group: 'miner',
        role: 'miner',
        region: 'here',
        weight: 1,
        peerId: name,
        host: name,
      })),
    },
    injector: 'userspace',
    phases: [
      { phase: 'preflight', at: 0 },
      { phase: 'done', at: 2_500 },
    ],
    steady: false,
    aborted: null,
    windows: [],
    samples: names.map((node, index) => ({
      round: 0,
      at: 10,
      node,
      status: {
        pid: 1,
        startedAt: 0,
        head: { hash: `head-${index}`, height: 9 },
        finalized: { hash: finalized[index] ?? '', height: 4 },
        recent: [`head-${index}`],
        peers: 1,
        mesh: {},
        pool: 0,
        reorgs: { count: 0, deepest: 0 },
      },
    })),
    events: [],
    gaps: [],
    canaryAccounts: 0,
    canaries: [],
    notes: [],
  }
}

let cli: CommandLine
beforeAll(() => {
  cli = commandLine()
})
afterAll(() => cli.remove())

test.for([
  { result: 'inconclusive', finalized: ['a', 'a'], code: 2, says: /○ Inconclusive: cut on net: no steady state/ },
  { result: 'failed', finalized: ['a', 'b'], code: 1, says: /✘ Failed: cut on net: / },
])('$result: exit code $code, and the same in every report', async ({ result, finalized, code, says }) => {
  const file = cli.file('run.json', JSON.stringify(record(finalized)))
  const text = await cli.run('chaos', 'judge', file, '--report-json', 'verdict.json', '--junit', 'verdict.xml')
  expect(text).toMatchObject({ code, stderr: '' })
  expect(text.stdout).toMatch(says)
  const written = (name: string): string => readFileSync(join(cli.home, '../files', name), 'utf8')
  expect(JSON.parse(written('verdict.json'))).toMatchObject({ experiment: 'cut', result })
  expect(written('verdict.xml')).toContain(`name="result" value="${result}"`)
  expect(written('verdict.xml')).toContain('time="2.500"')

  const json = await cli.run('chaos', 'judge', file, '-o', 'json')
  expect(json.code).toBe(code)
  expect(json.stdout).toBe(written('verdict.json'))

  const nowhere = await cli.run('chaos', 'judge', file, '--junit', 'no/such/folder.xml')
  expect(nowhere).toMatchObject({
    code: 3,
    stdout: '',
    stderr: expect.stringContaining('no/such/folder.xml cannot be written'),
  })
})
