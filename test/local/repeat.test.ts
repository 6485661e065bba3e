// --watch, and readers that leave: against a testnet of which only the record is there, so that it changes when told to.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestnetRecord, writeRecord } from '../../operator/local/record.ts'
import { type CommandLine, commandLine } from './command-line.ts'
import { eventually, makeTestnet } from './testnet-folder.ts'

let cli: CommandLine
let record: TestnetRecord
beforeAll(async () => {
  cli = commandLine()
  record = await makeTestnet(cli.home, 'one', ['good-0', 'good-1'])
})
afterAll(() => cli.remove())

test('--watch adds what changed, and nothing else', async () => {
  const watch = cli.start(['nodes', 'one', '--watch'])
  const lines = (): string[] => watch.output().stdout.split('\n').filter(Boolean)
  await eventually(() => lines().length === 3, watch.output)
  const [, second] = record.nodes
  const failed = { ...second!, state: 'failed' as const, reason: 'boiler burst' }
  writeRecord(join(cli.home, 'one'), { ...record, nodes: [record.nodes[0]!, failed] })
  await eventually(() => lines().length > 3, watch.output)
  watch.child.kill('SIGTERM')
  const { code, stdout, stderr } = await watch.ended
  expect(stdout).toMatch(/^NAME .*\ngood-0 .*\ngood-1 .*\n(NAME .*REASON\n)?good-1 .*✗ failed.*boiler burst\n$/)
  // What is odd is told once.
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: 'the supervisor of one is gone; clear up with `trellis down one`\n',
  })
})

test('-o json --watch is one line a look', async () => {
  const watch = cli.start(['status', '-w', '-o', 'json'])
  await eventually(() => watch.output().stdout.includes('\n'), watch.output)
  watch.child.kill('SIGTERM')
  const { code, stdout } = await watch.ended
  expect(code).toBe(0)
  for (const line of stdout.trim().split('\n')) expect(JSON.parse(line)).toMatchObject([{ name: 'one', state: 'dead' }])
})

test.for([
  ['nodes one -o name', 'good-0\ngood-1\n'],
  ['status -o name', 'one\n'],
  ['chaos list -o name', ''],
])('%s', async ([line, expected]) => {
  expect((await cli.run(...line!.split(' '))).stdout).toBe(expected)
})

test.for(['nodes one | head -1', 'nodes one | true', 'completion bash | true'])(
  'a reader that leaves is no error: %s',
  line => {
    const launcher = join(import.meta.dirname, '../../bin')
    const { status, stderr } = spawnSync('bash', ['-c', `set -o pipefail; trellis ${line}`], {
      env: { ...process.env, PATH: `${launcher}:${process.env.PATH}`, TRELLIS_HOME: cli.home },
      encoding: 'utf8',
      timeout: 60_000,
    })
    expect(status).toBe(0)
    // A note about the testnet may come before the reader left, and nothing else.
    expect(stderr.replace(/^the supervisor of one is gone.*\n/, '')).toBe('')
  },
)
