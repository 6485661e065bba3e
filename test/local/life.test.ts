// Testnets through the command: started, seen, crashed, interrupted, taken down.
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isAlive } from '../../operator/local/process-identity.ts'
import { readRecord, type TestnetRecord } from '../../operator/local/record.ts'
import { type CommandLine, commandLine, experimentYaml, testnetYaml } from './command-line.ts'
import { eventually } from './testnet-folder.ts'

let cli: CommandLine
beforeEach(() => {
  cli = commandLine()
})
afterEach(() => cli.remove())

const record = (name: string): TestnetRecord | undefined => readRecord(join(cli.home, name))
const alive = (of: TestnetRecord | undefined): number => of?.nodes.filter(node => isAlive(node.process)).length ?? 0
const folders = (): string[] => readdirSync(cli.home).filter(name => !name.startsWith('.'))

test('detached: up, status, nodes, logs, down; two testnets side by side on hosts of their own', async () => {
  const file = cli.file('a.yaml', testnetYaml('one', { good: 2 }))
  const first = await cli.run('up', file, '--detach')
  expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/^NAME .*\ngood-0 .*● ready.*\ngood-1 /) })
  expect(first.stderr).toContain('`trellis down one` ends it')

  // With one testnet its name may be left out.
  const rows = JSON.parse((await cli.run('nodes', '-o', 'json')).stdout)
  expect(rows).toMatchObject([{ name: 'good-0', state: 'ready', inbound: 2, outbound: 3 }, { name: 'good-1' }])
  expect((await cli.run('logs', 'good-1')).stdout).toContain('"listening"')
  expect((await cli.run('nodes', '-o', 'name')).stdout).toBe('good-0\ngood-1\n')
  expect((await cli.run('status', '-o', 'name')).stdout).toBe('one\n')

  expect((await cli.run('up', file, '-d', '--name', 'two')).code).toBe(0)
  const hosts = ['one', 'two'].flatMap(
    name => record(name)?.nodes.map(node => `${node.address.host}:${node.address.http}`) ?? [],
  )
  expect(new Set(hosts).size).toBe(4)
  const status = JSON.parse((await cli.run('status', '-o', 'json')).stdout)
  expect(status).toMatchObject([
    { name: 'one', state: 'running', ready: 2 },
    { name: 'two', state: 'running', ready: 2 },
  ])
  expect(await cli.run('nodes')).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('2 testnets: one, two; give the name of one'),
  })

  const before = record('one')
  expect(await cli.run('down', 'one')).toMatchObject({ code: 0, stdout: 'one is down\n' })
  expect(alive(before)).toBe(0)
  expect(folders()).toEqual(['two'])
})

test('a reader that leaves ends the command quietly, also one that would go on', async () => {
  await cli.run('up', cli.file('a.yaml', testnetYaml('one', { good: 2 })), '-d')
  // `head` has gone long before the next look has something to say.
  for (const command of ['nodes | head -1', 'nodes --watch | head -1']) {
    const shell = cli.shell(`set -o pipefail; trellis ${command}`)
    expect(await shell.ended, command).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^NAME .*\n$/),
    })
  }
})

test('a testnet whose reader left ends in order', async () => {
  const up = cli.shell(`trellis up ${cli.file('a.yaml', testnetYaml('one', { good: 2 }))} | true`)
  await eventually(() => record('one') !== undefined || up.child.exitCode !== null, up.output)
  expect((await up.ended).stderr).toContain('one is down')
  expect(folders()).toEqual([])
})

test('status tells the conditions, and heads that differ', async () => {
  await cli.run('up', cli.file('a.yaml', testnetYaml('one', { good: 2 })), '-d')
  const whole = await cli.run('status', 'one')
  expect(whole.stdout).toMatch(/● Ready .*\n● Connected .*\n● Converged +one head, height \d+\n● Finalizing /)
  await cli.run('up', cli.file('b.yaml', testnetYaml('cut', { good: 2, split: 1 })), '-d')
  const cut = await cli.run('status', 'cut')
  expect(cut.stdout).toMatch(/▲ Converged +2 heads: 2 nodes at \d+, 1 nodes at \d+/)
  expect(cut.stdout).toMatch(/head b\w+ at \d+.*: 1 \(split-0\)/)
})

test('foreground: runs until Ctrl-C, starts a crashed node again, leaves nothing', async () => {
  const up = cli.start(['up', cli.file('a.yaml', testnetYaml('one', { good: 2 }))])
  await eventually(() => up.output().stderr.includes('one runs until Ctrl-C'), up.output)
  const before = record('one')
  process.kill(before?.nodes[0]?.process?.pid ?? 0, 'SIGKILL')
  await eventually(() => up.output().stderr.includes('good-0 is ready again'), up.output)
  expect(up.output().stderr).toContain('good-0 starts again: ended by SIGKILL')
  const after = await eventually(
    () => record('one')?.nodes[0]?.restarts === 1 && record('one'),
    () => record('one'),
  )
  up.child.kill('SIGTERM')
  expect(await up.ended).toMatchObject({ code: 0, stderr: expect.stringContaining('one is down') })
  expect(alive(after || undefined)).toBe(0)
  expect(folders()).toEqual([])
})

test.for([[], ['--detach']])('interrupted while nodes are not ready (%s): exit code 130, nothing left', async flags => {
  const up = cli.start(['up', cli.file('a.yaml', testnetYaml('one', { unready: 2 })), ...flags])
  const before = await eventually(
    () => alive(record('one')) === 2 && record('one'),
    () => [up.output(), record('one')],
  )
  expect(up.output().stderr).toContain('0/2 nodes ready, waiting for unready-0, unready-1')
  up.child.kill('SIGTERM')
  const { code, stdout } = await up.ended
  expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
  expect(alive(before || undefined)).toBe(0)
  expect(folders()).toEqual([])
})

test('interrupted before the detached supervisor listens: exit code 130, nothing left', async () => {
  const up = cli.start(['up', cli.file('a.yaml', testnetYaml('one', { good: 2 })), '--detach'])
  await eventually(() => record('one') !== undefined, up.output)
  up.child.kill('SIGTERM')
  const { code, stderr } = await up.ended
  expect(code, stderr).toBe(130)
  expect(folders()).toEqual([])
})

test('a supervisor that was killed: status and up say so, down ends what it left', async () => {
  const file = cli.file('a.yaml', testnetYaml('one', { good: 2, stubborn: 1 }))
  await cli.run('up', file, '-d')
  const before = await eventually(
    () => record('one')?.phase === 'running' && record('one'),
    () => record('one'),
  )
  process.kill(before ? (before.supervisor?.pid ?? 0) : 0, 'SIGKILL')
  await eventually(
    () => before && !isAlive(before.supervisor),
    () => before,
  )
  expect(alive(before || undefined)).toBe(3)

  expect(await cli.run('status')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/one +dead/),
    stderr: expect.stringContaining('the supervisor of one is gone; clear up with `trellis down one`'),
  })
  expect(await cli.run('up', file)).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(
      /left behind by a supervisor that died; 3 of its node processes still run; clear up with `trellis down one`/,
    ),
  })
  expect(await cli.run('down')).toMatchObject({
    code: 0,
    stdout: 'one is down (3 node processes had lost their supervisor)\n',
  })
  expect(alive(before || undefined)).toBe(0)
  expect(folders()).toEqual([])
})

test('the state is readable by its owner only, and plan prints no keys', async () => {
  const file = cli.file('a.yaml', testnetYaml('one', { good: 1 }))
  const plan = await cli.run('plan', file, '-o', 'json')
  expect(existsSync(cli.home)).toBe(false)
  await cli.run('up', file, '-d')
  const config = JSON.parse(readFileSync(join(cli.home, 'one', 'nodes', 'good-0', 'config.json'), 'utf8'))
  expect(JSON.parse(plan.stdout).nodes[0]).toMatchObject({ name: 'good-0', role: 'miner', host: config.listen.host })
  expect(plan.stdout).not.toContain(config.keys.network)
  expect(plan.stdout).not.toContain(config.keys.validator)
})

test.for(['interrupted', 'failed'])('demo that is %s: nothing left', async way => {
  const temporary = join(cli.home, '../temporary')
  mkdirSync(temporary)
  const group = way === 'failed' ? 'refuse' : 'unready'
  const testnet = cli.file('a.yaml', testnetYaml('one', { [group]: 2 }))
  const experiment = cli.file(
    'c.yaml',
    experimentYaml('one', '{ name: cut, duration: 2s, partition: { shape: halves } }'),
  )
  const demo = cli.start(['demo', '--testnet', testnet, '--experiment', experiment, '--report', '.'], {
    TMPDIR: temporary,
  })
  const [folder] = await eventually(() => readdirSync(temporary).length > 0 && readdirSync(temporary), demo.output)
  let before: TestnetRecord | undefined
  if (way === 'interrupted') {
    const read = (): TestnetRecord | undefined => readRecord(join(temporary, folder!, 'one'))
    await eventually(
      () => alive(read()) === 2,
      () => [demo.output(), read()],
    )
    before = read()
    // The launcher passes this on; a terminal's Ctrl-C reaches the whole group by itself.
    demo.child.kill('SIGTERM')
  }
  expect((await demo.ended).code).toBe(way === 'failed' ? 3 : 130)
  expect(alive(before)).toBe(0)
  expect(readdirSync(temporary)).toEqual([])
})

test('a ttl ends a testnet, in the foreground and behind the shell, and nothing is left', async () => {
  const file = cli.file('a.yaml', `${testnetYaml('brief', { good: 1 })}  ttl: 8s\n`)
  expect((await cli.run('up', file, '--detach', '--name', 'behind')).code).toBe(0)
  const before = record('behind')
  expect(await cli.run('up', file)).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('brief is down: its ttl is'),
  })
  await eventually(() => folders().length === 0, folders)
  expect(alive(before)).toBe(0)
})
