// Every bad input: one clear message with its place and the mend, exit code 3, nothing on stdout, nothing left behind.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CommandLine, commandLine, experimentYaml, testnetYaml } from './command-line.ts'

const good = testnetYaml('net', { good: 2 })
const halves = experimentYaml('net', '{ name: cut, duration: 2s, partition: { shape: halves } }')
const run = (file: string): string[] => ['chaos', 'run', file]

interface Case {
  readonly name: string
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  readonly args: readonly string[]
  readonly says: RegExp
}

const cases: Case[] = [
  { name: 'unknown command', args: ['plann', 'x'], says: /unknown command 'plann'\s+\(Did you mean plan\?\)/ },
  {
    name: 'unknown flag',
    args: ['up', 'x.yaml', '--detatch'],
    says: /unknown option '--detatch'\s+\(Did you mean --detach\?\)/,
  },
  { name: 'missing argument', args: ['up'], says: /missing required argument 'file'/ },
  { name: 'unknown format', args: ['status', '-o', 'jsn'], says: /Did you mean json\?/ },
  { name: 'unknown name of a format', args: ['nodes', '-o', 'nam'], says: /Did you mean name\?/ },
  { name: 'unknown shell', args: ['completion', 'csh'], says: /Allowed choices are bash, zsh, fish/ },
  { name: 'nothing to pack', args: ['dump'], says: /no testnet runs on this machine; start one/ },
  { name: 'file that is not there', args: ['up', 'nope.yaml'], says: /nope\.yaml does not exist; check the path/ },
  { name: 'a folder', args: ['plan', '.'], says: /\. is a folder; name a YAML file in it/ },
  {
    name: 'unknown testnet',
    args: ['down', 'nett'],
    says: /there is no testnet nett .*; start one with `trellis up FILE`/,
  },
  { name: 'no testnet at all', args: ['nodes'], says: /no testnet runs on this machine; start one/ },
  {
    name: 'bad --name',
    files: { 'a.yaml': good },
    args: ['up', 'a.yaml', '--name', 'A b'],
    says: /--name "A b" is no name for a testnet; use at most/,
  },
  {
    name: 'bad --timeout',
    files: { 'a.yaml': good },
    args: ['up', 'a.yaml', '--timeout', '-1'],
    says: /Expected seconds from 1 to 3600/,
  },
  {
    name: 'empty file',
    files: { 'a.yaml': '' },
    args: ['up', 'a.yaml'],
    says: /a\.yaml: is empty; describe one of Testnet/,
  },
  {
    name: 'not UTF-8',
    files: { 'a.yaml': Uint8Array.of(0x6b, 0xff, 0xfe) },
    args: ['up', 'a.yaml'],
    says: /a\.yaml is not UTF-8 text; save it as UTF-8/,
  },
  { name: 'no kubeconfig', args: ['status', '--kubeconfig', 'nope'], says: /nope does not exist; check the path/ },
  {
    name: 'all namespaces of no cluster',
    args: ['status', '-A'],
    says: /--all-namespaces is about a cluster; add --context/,
  },
  { name: 'lines as a namespace', args: ['logs', 'net', '-n', '50'], says: /-n 50 names a namespace; .* --tail 50/ },
  { name: 'run that is not there', args: ['chaos', 'judge', 'nope.json'], says: /nope\.json does not exist; \S/ },
  {
    name: 'YAML syntax',
    files: { 'a.yaml': 'kind: [Testnet\n' },
    args: ['up', 'a.yaml'],
    says: /a\.yaml:\d+:\d+: is not valid YAML: .*; \S/,
  },
  {
    name: 'wrong type',
    files: { 'a.yaml': good.replace('count: 2', 'count: two') },
    args: ['up', 'a.yaml'],
    says: /a\.yaml:9:\d+: spec\.groups\[0\]\.count: .*number.*; \S/,
  },
  {
    name: 'unknown field',
    files: { 'a.yaml': good.replace('count: 2', 'cuont: 2') },
    args: ['up', 'a.yaml'],
    says: /a\.yaml:9:\d+: spec\.groups\[0\]\.cuont: .*; did you mean `?count/,
  },
  {
    name: 'no miners',
    files: { 'a.yaml': good.replace('count: 2', 'count: 0') },
    args: ['up', 'a.yaml'],
    says: /a\.yaml:9:\d+: spec\.groups\[0\]\.count: .*1.*; \S/,
  },
  {
    name: 'a paused testnet',
    files: { 'a.yaml': `${good}  suspend: true\n` },
    args: ['up', 'a.yaml'],
    says: /a\.yaml says `suspend: true`: nothing of net would run; .*`trellis down net --keep-data`/,
  },
  {
    name: 'an experiment for up',
    files: { 'c.yaml': halves },
    args: ['up', 'c.yaml'],
    says: /c\.yaml holds no Testnet, only ChaosExperiment; .*`trellis chaos run`/,
  },
  {
    name: 'a testnet for chaos run',
    files: { 'a.yaml': good },
    args: run('a.yaml'),
    says: /a\.yaml holds no ChaosExperiment, only Testnet; .*`trellis up`/,
  },
  {
    name: 'two testnets in a file',
    files: { 'a.yaml': `${good}---\n${good}` },
    args: ['up', 'a.yaml'],
    says: /a\.yaml:12:\d+: kind: is the second Testnet of this file; give each/,
  },
  {
    name: 'fault longer than the run',
    files: { 'c.yaml': halves.replace('  faults:', '  duration: 1s\n  faults:') },
    args: run('c.yaml'),
    says: /c\.yaml:9:\d+: spec\.faults\[0\]\.duration: the fault ends 2s after the start, but the run allows 1s; \S/,
  },
  {
    name: 'overlapping partition',
    files: {
      'c.yaml': experimentYaml(
        'net',
        '{ name: cut, duration: 2s, partition: { shape: groups, groups: [[a], [a, b]] } }',
      ),
    },
    args: run('c.yaml'),
    says: /c\.yaml:8:\d+: spec\.faults\[0\]\.partition\.groups\[1\]\[0\]: group `a` is on side 1 already; \S/,
  },
  {
    name: 'kernel faults',
    files: { 'c.yaml': `${halves}  injector: kernel\n` },
    args: run('c.yaml'),
    says: /c\.yaml:9:\d+: spec\.injector: .*; write `auto`/,
  },
  {
    name: 'experiment without its testnet',
    files: { 'c.yaml': halves },
    args: run('c.yaml'),
    says: /there is no testnet net on this machine.*; start one with/,
  },
  {
    name: 'run that is not one',
    files: { 'r.json': '{"version":1}' },
    args: ['chaos', 'judge', 'r.json'],
    says: /r\.json: .*experiment/,
  },
]

describe('without a testnet', () => {
  let cli: CommandLine
  beforeAll(() => {
    cli = commandLine()
  })
  afterAll(() => cli.remove())

  test.for(cases)('$name', async ({ files, args, says }) => {
    for (const [name, text] of Object.entries(files ?? {})) cli.file(name, text)
    const { code, stdout, stderr } = await cli.run(...args)
    expect(stderr).toMatch(says)
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(existsSync(cli.home) ? readdirSync(cli.home) : []).toEqual([])
  })
})

describe('with a running testnet', () => {
  let cli: CommandLine
  beforeAll(async () => {
    cli = commandLine()
    cli.file('a.yaml', good)
    const { code, stderr } = await cli.run('up', 'a.yaml', '--detach')
    expect({ code, stderr }).toMatchObject({ code: 0 })
  })
  afterAll(() => cli.remove())

  test.for<Case>([
    {
      name: 'a second up of the same name',
      args: ['up', 'a.yaml'],
      says: /testnet net runs already \(process \d+, from .*a\.yaml\); .*`trellis down net`.*--name/,
    },
    {
      name: 'a name mistyped',
      args: ['nodes', 'nett'],
      says: /there is no testnet nett on this machine \(there is net\); did you mean net\?/,
    },
    {
      name: 'a node mistyped',
      args: ['logs', 'net', 'good-9'],
      says: /net has no node good-9; did you mean good-\d\?/,
    },
    {
      name: 'a group that does not exist',
      files: {
        'c.yaml': experimentYaml(
          'net',
          '{ name: cut, duration: 2s, select: { groups: [god] }, partition: { shape: isolate } }',
        ),
      },
      args: run('c.yaml'),
      says: /c\.yaml:8:\d+: spec\.faults\[0\]\.select\.groups\[0\]: the testnet has no group `god`; did you mean `?good/,
    },
  ])('$name', async ({ files, args, says }) => {
    for (const [name, text] of Object.entries(files ?? {})) cli.file(name, text)
    const { code, stdout, stderr } = await cli.run(...args)
    expect(stderr).toMatch(says)
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(readdirSync(cli.home).filter(name => !name.startsWith('.'))).toEqual(['net'])
    expect((await cli.run('status', 'net', '-o', 'json')).stdout).toContain('"state": "running"')
  })
})

test('a node that cannot run: its own words, and nothing left', async () => {
  const cli = commandLine()
  try {
    cli.file('a.yaml', testnetYaml('net', { good: 1, refuse: 1 }))
    for (const flags of [[], ['--detach']]) {
      const { code, stderr } = await cli.run('up', 'a.yaml', ...flags)
      expect(stderr).toMatch(/refuse-0 did not start: port 7 is taken; stop the program that holds the port/)
      expect(code).toBe(3)
      expect(readdirSync(cli.home)).toEqual([])
    }
  } finally {
    await cli.remove()
  }
})

test('data of another chain: refused with the mend, and kept', async () => {
  const cli = commandLine()
  try {
    cli.file('a.yaml', good)
    cli.file('b.yaml', good.replace('count: 2', 'count: 1'))
    await cli.run('up', 'a.yaml', '--detach')
    expect((await cli.run('down', 'net', '--keep-data')).stdout).toMatch(/net is down, its data is kept in /)
    const data = join(cli.home, 'net', 'nodes', 'good-1', 'data', 'started')
    expect(existsSync(data)).toBe(true)

    const other = await cli.run('up', 'b.yaml', '--detach')
    expect(other.stderr).toMatch(/net keeps the data of another chain: .*; remove it with `trellis down net`/)
    expect(other.code).toBe(3)
    expect(existsSync(data)).toBe(true)

    const again = await cli.run('up', 'a.yaml', '--detach')
    expect(again.stderr).toMatch(/net goes on from the data in /)
    expect(again.code).toBe(0)
  } finally {
    await cli.remove()
  }
})

/** A file system of 32 KiB in a user namespace: no root needed where the system allows those. */
const tinyDisk = (command: string, folder: string): string[] => [
  '--map-root-user',
  '--mount',
  'sh',
  '-c',
  `mount -t tmpfs -o size=32k none '${folder}' && ${command}; code=$?; ls -A '${folder}'; exit $code`,
]
const canMount = spawnSync('unshare', tinyDisk('true', '/mnt')).status === 0

test.runIf(canMount)('a full disk: said so, and nothing left', async () => {
  const cli = commandLine()
  try {
    const file = cli.file('a.yaml', testnetYaml('net', { good: 20 }))
    mkdirSync(cli.home)
    const launcher = join(import.meta.dirname, '../../bin/trellis')
    const result = spawnSync('unshare', tinyDisk(`'${launcher}' up '${file}' --detach`, cli.home), {
      cwd: join(cli.home, '../files'),
      env: { ...process.env, TRELLIS_HOME: cli.home, NO_COLOR: '1' },
      encoding: 'utf8',
    })
    expect(result.stderr).toMatch(
      /the disk of .* is full; free some space, or put the state elsewhere with TRELLIS_HOME=DIR/,
    )
    expect({ code: result.status, stdout: result.stdout }).toEqual({ code: 3, stdout: '' })
  } finally {
    await cli.remove()
  }
})
