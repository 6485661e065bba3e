// A process of the harness: its log goes to a file, and it does not outlive the tests.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { until } from './until.ts'

const MAX_LOG_LINES = 15
const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find(path => existsSync(path))

export interface ComponentProcess {
  readonly name: string
  readonly pid: number
  running(): boolean
  /** The log's last lines. */
  log(): string
  /** Resolves when the process is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** SIGSTOP and SIGCONT: alive but silent. */
  freeze(): void
  thaw(): void
}

/** Starts `program`; nothing says yet that it works. `cwd` is where its relative paths lie. */
export function startComponent(
  name: string,
  program: string,
  args: readonly string[],
  { cwd, logFile }: { cwd: string; logFile: string },
): ComponentProcess {
  // A test runner that is killed runs no clean-up: the kernel then ends what it started.
  const [command, ...before] = setpriv ? [setpriv, '--pdeathsig', 'KILL', '--', program] : [program]
  const log = openSync(logFile, 'a')
  const child: ChildProcess = spawn(command!, [...before, ...args], { cwd, stdio: ['ignore', log, log] })
  closeSync(log)
  let failure: Error | undefined
  child.on('error', error => {
    failure = error
  })
  const running = () => !failure && child.exitCode === null && child.signalCode === null
  return {
    name,
    pid: child.pid ?? -1,
    running,
    log: () => failure?.message ?? lastLines(logFile),
    async kill(signal = 'SIGKILL') {
      if (running()) child.kill(signal)
      await until(`${name} ends after ${signal}`, { withinMs: 30_000, everyMs: 10 }, () => !running())
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
  }
}

export const lastLines = (file: string): string =>
  existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-MAX_LOG_LINES).join('\n') : ''
