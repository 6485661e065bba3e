// The experiments of examples/chaos/ on real nodes: each ends with Passed. The testnets have the shape of those the files
// name and faster blocks and less load; durations, delays and clocks are scaled alike, times to heal are not.
// The ones below run always; TRELLIS_CHAOS=all runs the whole library.
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { milliseconds } from '../../api/units.ts'
import type { FindingId, Verdict } from '../../api/verdict.ts'
import { verdictText } from '../../chaos/report/text.ts'
import { type CommandLine, commandLine } from '../local/command-line.ts'

const examples = join(import.meta.dirname, '../../examples')
const QUICK_BLOCK_MS = 400
const SLOW_BLOCK_MS = 1_000
/**
 * Where many processes wait for a processor a block takes longer through the network, and at quick blocks the tips of a
 * sound network never agree: of 776 blocks 189 were beside the chain at twelve processes a processor. Then it is a block a
 * second, as in the files.
 */
const CALM_LOAD = 2
const crowd = loadavg()[0]! / availableParallelism()
const BLOCK_MS = Math.round(Math.min(SLOW_BLOCK_MS, QUICK_BLOCK_MS * Math.max(1, crowd / CALM_LOAD)))
if (BLOCK_MS > QUICK_BLOCK_MS)
  console.log(
    `${crowd.toFixed(1)} processes wait for each processor: a block every ${BLOCK_MS} ms in place of ${QUICK_BLOCK_MS}`,
  )
/** The nodes share the machine: what a block takes to execute shall be little of its interval. */
const LOAD = 10
/** Finality goes on, and processes that stand still: halves, one-way cuts, kills and restarts have tests of their own. */
const everyday = ['minority-third', 'pause-half']
const all = process.env.TRELLIS_CHAOS === 'all'

type Plain = Record<string, unknown> & { spec: Record<string, unknown>; metadata: { name: string } }
const documents = (folder: string): Plain[] =>
  readdirSync(folder)
    .filter(file => file.endsWith('.yaml'))
    .map(file => ({ ...(parse(readFileSync(join(folder, file), 'utf8')) as Plain), file: basename(file, '.yaml') }))
const experiments = documents(join(examples, 'chaos')).map(document => ({
  document,
  name: document.file as string,
  testnet: document.spec.testnet as string,
}))
const chosen = experiments.filter(({ name }) => all || everyday.includes(name))
if (chosen.length < experiments.length)
  console.log(
    `skipped: ${experiments.length - chosen.length} of ${experiments.length} experiments of examples/chaos/; TRELLIS_CHAOS=all runs them too`,
  )

/** Fields that are times of the fault, at whatever depth. */
const scaled = ['at', 'duration', 'stagger', 'delay', 'jitter', 'ahead', 'behind']
function scaledBy(value: unknown, factor: number, field = ''): unknown {
  if (Array.isArray(value)) return value.map(item => scaledBy(item, factor))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, scaledBy(item, factor, key)]))
  return scaled.includes(field) ? `${Math.round(milliseconds(value as string) / factor)}ms` : value
}

test('the library is listed in its README, and what runs every day is in the library', () => {
  const listed = [...readFileSync(join(examples, 'chaos/README.md'), 'utf8').matchAll(/^\| \[([\w-]+)\]/gm)].map(
    ([, name]) => name,
  )
  expect(listed).toEqual(experiments.map(({ name }) => name))
  expect(listed).toEqual(expect.arrayContaining(everyday))
})

const testnets = documents(examples).filter(({ kind }) => kind === 'Testnet')
describe.each([...new Set(chosen.map(({ testnet }) => testnet))])('on %s', name => {
  const document = testnets.find(({ metadata }) => metadata.name === name)!
  const chain = document.spec.chain as { blockInterval?: string }
  const factor = milliseconds(chain.blockInterval ?? '1s') / BLOCK_MS
  let cli: CommandLine
  beforeAll(async () => {
    cli = commandLine({ TRELLIS_NODE_PROGRAM: undefined })
    const { load } = document.spec
    const quick = {
      ...document,
      spec: {
        ...document.spec,
        ...(load !== undefined && { load: { ...(load as object), rate: LOAD } }),
        chain: { ...chain, blockInterval: `${BLOCK_MS}ms` },
      },
    }
    const { file: _, ...plain } = quick as Record<string, unknown>
    const { code, stderr } = await cli.run('up', cli.file('testnet.yaml', stringify(plain)), '--detach')
    expect(code, stderr).toBe(0)
  })
  afterAll(() => cli.remove())

  test.each(chosen.filter(({ testnet }) => testnet === name))('$name', { timeout: 240_000 }, async ({ document }) => {
    const { file, ...plain } = document as Record<string, unknown>
    const { faults, heal, ...rest } = document.spec
    const quick = {
      ...plain,
      spec: {
        ...rest,
        faults: scaledBy(faults, factor),
        heal: { observe: '3s', samples: 2, ...(heal as object) },
        steadyState: { samples: 2 },
      },
    }
    const began = performance.now()
    const ran = await cli.run(
      'chaos',
      'run',
      cli.file(`${file}.yaml`, stringify(quick)),
      '-o',
      'json',
      '--record',
      `${file}.json`,
    )
    const verdict = JSON.parse(ran.stdout || '{}') as Verdict
    const value = (id: FindingId) => verdict.findings?.find(finding => finding.id === id)?.value
    const seconds = ((performance.now() - began) / 1_000).toFixed(0)
    console.log(`${file}: ${verdict.result} in ${seconds} s; ${value('one-head')}; ${value('reorg-depth')}`)
    const told = verdict.findings ? verdictText(verdict, { color: false, verbose: true }) : ran.stderr
    expect([verdict.result, ran.code], `${told}\n${ran.stderr}`).toEqual(['passed', 0])
  })
})
