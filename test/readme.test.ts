// What README.md tells people to type works, in its order, against real nodes. What needs a cluster test/cluster runs.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseResources } from '../api/kinds.ts'
import { type CommandLine, commandLine } from './local/command-line.ts'
import { commandsOf, readme, readmeCommands, repository } from './readme-commands.ts'

const root = repository
const commands = readmeCommands.map(({ command }) => command)
const here = readmeCommands.flatMap(({ tier, command }) => (tier === 'machine' ? [command] : []))
const trellis = here.filter(command => command.startsWith('bin/trellis '))

let cli: CommandLine
/** Where the commands are typed: what they write shall not lie in the repository. */
let folder: string
beforeAll(() => {
  cli = commandLine({ TRELLIS_NODE_PROGRAM: undefined })
  folder = join(cli.home, '../files')
  for (const name of ['bin', 'examples']) symlinkSync(join(root, name), join(folder, name))
})
afterAll(() => cli.remove())

test('the commands are found', () => {
  expect(commands).toContain('npm run demo')
  expect(commands).toContain('npm test')
  expect(trellis.length).toBeGreaterThanOrEqual(7)
})

test('a mark says which block of commands needs a cluster', () => {
  const text =
    '    npm test\n<!-- runs: cluster -->\n\n    helm install a b   # c\n\n    kubectl get tn\n\ntext\n\n    bin/trellis x\n'
  expect(commandsOf(text).map(({ tier, command }) => `${tier}: ${command}`)).toEqual([
    'machine: npm test',
    'cluster: helm install a b',
    'cluster: kubectl get tn',
    'machine: bin/trellis x',
  ])
  expect(() => commandsOf('<!-- runs: moon -->\n')).toThrow('there is `cluster`')
  expect(() => commandsOf('<!-- runs: cluster -->\ntext\n')).toThrow('stands before text')
})

test('what needs a cluster is marked', () => {
  for (const { tier, command } of readmeCommands)
    expect(tier, command).toBe(/^(helm|kubectl) |--context/.test(command) ? 'cluster' : 'machine')
  expect(readmeCommands.filter(({ tier }) => tier === 'cluster').length).toBeGreaterThan(4)
})

test('every npm command is a script', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object }
  for (const command of commands.filter(one => one.startsWith('npm '))) {
    const name = command.replace(/^npm (run )?/, '').split(' ')[0]!
    expect(Object.keys(scripts), command).toContain(name)
  }
})

test('its files are valid', () => {
  const files = [...readme.matchAll(/```yaml\n([^`]*)```/g)].map(([, text]) => text!)
  const kinds = files.flatMap((text, index) => parseResources(text, `block ${index + 1}`).map(({ kind }) => kind))
  expect(kinds).toEqual(['Testnet', 'ChaosExperiment'])
})

test('every link leads to a file', () => {
  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link]) => link!)
  expect(links.length).toBeGreaterThan(0)
  for (const link of links) expect(existsSync(join(root, link)), link).toBe(true)
})

for (const command of trellis)
  test(command, { timeout: 120_000 }, async () => {
    const [, ...args] = command.split(/\s+/)
    const child = spawn('bin/trellis', args, {
      cwd: folder,
      env: { ...process.env, TRELLIS_HOME: cli.home, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', chunk => {
        output += chunk
      })
    const code = await new Promise<number | null>((done, reject) => {
      child.once('error', reject)
      child.once('close', done)
    })
    expect(code, output).toBe(0)
  })

test('README leaves nothing running', async () => {
  const { stdout } = await cli.run('status', '-o', 'json')
  expect(JSON.parse(stdout)).toEqual([])
})
