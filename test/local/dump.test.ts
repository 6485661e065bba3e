// An archive of a testnet of real nodes, half of them dead: what is in it, what it says is missing, and that no secret is.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseResources } from '../../api/kinds.ts'
import type { Testnet } from '../../api/testnet.ts'
import { lastWords } from '../../operator/local/log-file.ts'
import { nodeProgram } from '../../operator/local/program.ts'
import { provision } from '../../operator/local/provision.ts'
import { writeRecord } from '../../operator/local/record.ts'
import { controlFile, nodeConfigFile, nodeLogFile } from '../../operator/local/state-folder.ts'
import { observe } from '../../tui/source/node-status.ts'
import { type CommandLine, commandLine } from './command-line.ts'

const seed = 'an orchard, 37 trees and a "gate"'
const testnet = `apiVersion: trellis.dev/v1alpha1
kind: Testnet
metadata: { name: net }
spec:
  seed: ${JSON.stringify(seed)}
  chain: { blockInterval: 500ms }
  network: { topology: { shape: full } }
  load: { rate: 2, accounts: 2 }
  groups:
    - { name: miner, role: miner, count: 2 }
    - { name: full, role: full }
    - { name: load, role: load }
`
const MAX_LOG_BYTES = 1024 * 1024

let cli: CommandLine
const alive: ChildProcess[] = []
beforeAll(async () => {
  cli = commandLine()
  const file = cli.file('net.yaml', testnet)
  // As a supervisor leaves it that is gone, with half of its nodes.
  const parsed = parseResources(testnet, file)[0]!.value as Testnet
  const { folder, record } = await provision({ root: cli.home, testnet: parsed, file, program: nodeProgram({}) })
  writeFileSync(
    controlFile(folder),
    JSON.stringify({ url: 'http://127.0.0.1:9', token: randomBytes(32).toString('hex') }),
  )
  // It names this process, which `down` would end.
  writeRecord(folder, { ...record, supervisor: null })
  const [program = '', ...args] = nodeProgram({})
  for (const node of ['miner-0', 'load-0']) {
    const log = openSync(nodeLogFile(folder, node), 'a')
    const config = ['--config', nodeConfigFile(folder, node)]
    alive.push(spawn(program, [...args, ...config], { stdio: ['ignore', log, log] }))
    closeSync(log)
  }
  const { nodes } = record
  const answers = async (): Promise<number> =>
    [...(await observe(nodes.map(node => ({ ...node, state: 'ready' as const })))).nodes.values()].filter(Boolean)
      .length
  for (const deadline = Date.now() + 40_000; (await answers()) < 2; await delay(200))
    if (Date.now() > deadline) throw new Error(`nodes do not answer: ${lastWords(nodeLogFile(folder, 'miner-0'))}`)
})
afterAll(async () => {
  for (const child of alive) child.kill('SIGKILL')
  await cli.remove()
})

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map(name => join(folder, name))
    .filter(path => statSync(path).isFile())
}

/** Every text of the testnet that opens something, as it stands in its files. */
function secretsOf(folder: string): string[] {
  const control = JSON.parse(readFileSync(join(folder, 'control.json'), 'utf8')) as { token: string }
  const configs = readdirSync(join(folder, 'nodes')).map(
    node =>
      JSON.parse(readFileSync(join(folder, 'nodes', node, 'config.json'), 'utf8')) as {
        keys: Record<string, string>
        load?: { accounts: string[] }
      },
  )
  return [control.token, ...configs.flatMap(({ keys, load }) => [...Object.values(keys), ...(load?.accounts ?? [])])]
}

test('half of the nodes and the supervisor are dead: the rest is told, and no secret is in it', async () => {
  const folder = join(cli.home, 'net')
  const secrets = secretsOf(folder)
  // Four network keys, two validator keys, two accounts, a token.
  expect(secrets.length).toBe(9)
  // What nodes must never say, should one say it: in words, within a word, in JSON, as a header; and a log that is long.
  const log = join(folder, 'nodes', 'miner-1', 'node.log')
  appendFileSync(log, `${'x'.repeat(99)}\n`.repeat(2 * (MAX_LOG_BYTES / 100)))
  for (const secret of secrets)
    appendFileSync(
      log,
      `key ${secret}\n0x${secret}ff\n${JSON.stringify({ secret })}\nAuthorization: Bearer ${secret}\n`,
    )
  appendFileSync(log, `${JSON.stringify({ seed })}\n`)

  const files = join(cli.home, '../files')
  const dump = await cli.run('dump', 'net', '-o', 'out.tar.gz')
  expect(dump).toMatchObject({ code: 0, stdout: `${join(files, 'out.tar.gz')}\n` })
  expect(dump.stderr).toMatch(/could not be got, such as nodes\/\S+: what the node tells: .*README\.txt lists all/)
  expect(statSync(join(files, 'out.tar.gz')).mode & 0o777).toBe(0o600)

  const unpacked = join(files, 'unpacked')
  mkdirSync(unpacked)
  execFileSync('tar', ['-xzf', join(files, 'out.tar.gz'), '-C', unpacked])
  const [top, ...others] = readdirSync(unpacked)
  expect([top, others]).toEqual([expect.stringMatching(/^net-dump-\d{8}T\d{6}Z$/), []])
  const root = join(unpacked, top!)
  const names = filesBelow(root).map(path => relative(root, path))
  for (const name of ['README.txt', 'manifest.json', 'testnet.yaml', 'record.json', 'status.json', 'nodes.json'])
    expect(names).toContain(name)
  for (const node of ['miner-0', 'miner-1', 'full-0', 'load-0']) expect(names).toContain(`nodes/${node}/config.json`)
  for (const node of ['miner-0', 'miner-1', 'load-0']) expect(names).toContain(`nodes/${node}/node.log`)
  const read = (name: string): string => readFileSync(join(root, name), 'utf8')
  expect(read('nodes/miner-0/metrics.txt')).toContain('trellis_node_head_height')
  expect(read('nodes/miner-0/events.txt')).toMatch(/^event: \w+/m)
  expect(JSON.parse(read('nodes/miner-0/status.json'))).toMatchObject({ name: 'miner-0', testnet: 'net' })
  expect(names).not.toContain('nodes/miner-1/metrics.txt')
  expect(read('README.txt')).toMatch(/nodes\/miner-1: what the node tells: .*ECONNREFUSED/)
  expect(read('README.txt')).toMatch(/nodes\/miner-1\/node\.log: the last 1048576 of \d+ bytes are kept/)
  expect(read('nodes/miner-1/node.log').length).toBeLessThanOrEqual(MAX_LOG_BYTES)
  expect(JSON.parse(read('nodes/miner-0/config.json')).keys).toEqual({
    network: '(emptied)',
    validator: '(emptied)',
  })
  expect(read('testnet.yaml')).toContain('seed: (emptied)')

  // As files are searched, not as we write them.
  const patterns = join(files, 'patterns')
  const spelled = [seed, JSON.stringify(seed).slice(1, -1), ...secrets]
  writeFileSync(patterns, spelled.flatMap(secret => [secret, Buffer.from(secret).toString('base64')]).join('\n'))
  const grep = (where: string) => spawnSync('grep', ['-rlF', '-f', patterns, where], { encoding: 'utf8' })
  expect(grep(folder).stdout).toContain('node.log')
  expect(grep(root)).toMatchObject({ status: 1, stdout: '' })

  expect(await cli.run('dump', 'net', '-o', 'out.tar.gz')).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/out\.tar\.gz is there already; name another file with -o/),
  })
  expect(await cli.run('dump', 'nett')).toMatchObject({ code: 3, stderr: expect.stringContaining('did you mean net?') })
})
