// Processes of a cluster outlive the program that started them; each is known by a file with its pid.
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { lastLines } from './component.ts'
import { until } from './until.ts'

const KILL_MS = 20_000
const pidFolder = (state: string): string => join(state, 'pids')
export const logFile = (state: string, name: string): string => join(state, 'log', `${name}.log`)

/** Starts a program that stays, its output in the log of `name`, and remembers it. Resolves with its pid. */
export async function startDetached(state: string, name: string, command: readonly string[]): Promise<number> {
  await mkdir(join(state, 'log'), { recursive: true })
  const log = openSync(logFile(state, name), 'a')
  const [program, ...args] = command
  const child = spawn(program!, args, { detached: true, stdio: ['ignore', log, log], cwd: '/' })
  closeSync(log)
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
  child.unref()
  await remember(state, name, child.pid!)
  return child.pid!
}

/** Remembers a pid for `killAll`. Its command line must hold the path of the state folder. */
export async function remember(state: string, name: string, pid: number): Promise<void> {
  await mkdir(pidFolder(state), { recursive: true })
  await writeFile(join(pidFolder(state), name), String(pid))
}

/** The process remembered as `name`; undefined when it is gone or its pid is somebody else's now. */
export async function remembered(state: string, name: string): Promise<number | undefined> {
  const pid = Number(await readFile(join(pidFolder(state), name), 'utf8').catch(() => ''))
  if (!(pid > 0)) return undefined
  return (await commandLine(pid)).includes(state) ? pid : undefined
}

/** With NUL between the arguments; empty when there is no such process. */
export const commandLine = (pid: number): Promise<string> => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')

/** The only child of a process: what `unshare --fork` runs. */
export const childOf = (pid: number): Promise<number> =>
  until(`a child of process ${pid}`, { withinMs: 5_000, everyMs: 10 }, async () => {
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
    const [child] = children.trim().split(' ').filter(Boolean).map(Number)
    return child
  })

/** Kills every process that was remembered and is still there, and waits until the kernel has taken them down. */
export async function killAll(state: string): Promise<void> {
  for (const name of await readdir(pidFolder(state)).catch(() => [])) {
    const pid = await remembered(state, name)
    if (pid === undefined) continue
    process.kill(pid, 'SIGKILL')
    await until(`${name} (process ${pid}) is gone`, { withinMs: KILL_MS, everyMs: 20 }, async () => {
      const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
      // A zombie has let go of everything but its pid.
      return status === '' || / Z /.test(status)
    })
  }
}

export const lastLogLines = (state: string, name: string): string => lastLines(logFile(state, name))
