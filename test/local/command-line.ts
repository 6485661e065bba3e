// Runs bin/trellis as people do, with a state folder of its own and stand-in nodes.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { standIn, temporaryRoot } from './testnet-folder.ts'

const launcher = resolve(import.meta.dirname, '../../bin/trellis')

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<Outcome>
  /** What was written so far. */
  output(): Outcome
}

export interface CommandLine {
  /** TRELLIS_HOME of its commands. */
  readonly home: string
  /** A file with this text; returns its path. */
  file(name: string, text: string | Uint8Array): string
  start(args: readonly string[], more?: NodeJS.ProcessEnv): Started
  run(...args: string[]): Promise<Outcome>
  /** A line for bash; `trellis` in it is the command. */
  shell(line: string): Started
  /** Takes every testnet down and removes everything. */
  remove(): Promise<void>
}

export function commandLine(env: NodeJS.ProcessEnv = {}): CommandLine {
  const { root, remove } = temporaryRoot()
  const home = join(root, 'state')
  const files = join(root, 'files')
  mkdirSync(files)
  const start = (args: readonly string[], more: NodeJS.ProcessEnv = {}): Started => begin(launcher, args, more)
  const begin = (program: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Started => {
    const child = spawn(program, args, {
      cwd: files,
      env: { ...process.env, TRELLIS_HOME: home, TRELLIS_NODE_PROGRAM: standIn, NO_COLOR: '1', ...env, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', chunk => {
      stdout += chunk
    })
    child.stderr.on('data', chunk => {
      stderr += chunk
    })
    const ended = new Promise<Outcome>((done, reject) => {
      child.once('error', reject)
      child.once('close', code => done({ code, stdout, stderr }))
    })
    return { child, ended, output: () => ({ code: child.exitCode, stdout, stderr }) }
  }
  const run = (...args: string[]): Promise<Outcome> => start(args).ended
  return {
    home,
    file: (name, text) => {
      writeFileSync(join(files, name), text)
      return name
    },
    start,
    run,
    shell: line => begin('bash', ['-c', line], { PATH: `${dirname(launcher)}:${process.env.PATH ?? ''}` }),
    remove: async () => {
      const { stdout } = await run('status', '-o', 'json')
      for (const { name } of JSON.parse(stdout || '[]') as { name: string }[]) await run('down', name)
      remove()
    },
  }
}

/** A Testnet whose groups are `name: count`; groups behave as their names say (test/fixtures/stand-in-node.ts). */
export function testnetYaml(
  name: string,
  groups: Readonly<Record<string, number>>,
  chain = '{ blockInterval: 100ms }',
): string {
  const lines = Object.entries(groups).map(([group, count]) => `    - { name: ${group}, role: miner, count: ${count} }`)
  return `apiVersion: trellis.dev/v1alpha1
kind: Testnet
metadata:
  name: ${name}
spec:
  chain: ${chain}
  network: { topology: { shape: full } }
  groups:
${lines.join('\n')}
`
}

export function experimentYaml(testnet: string, faults: string): string {
  return `apiVersion: trellis.dev/v1alpha1
kind: ChaosExperiment
metadata:
  name: cut
spec:
  testnet: ${testnet}
  faults:
    - ${faults}
`
}
