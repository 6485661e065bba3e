// Which process a pid is: a pid is reused, so nothing is signalled by number alone.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import type { ProcessRef } from './record.ts'

let bootId: string | undefined

/** Boot and start time of a live process, undefined when there is none (or only its zombie). */
export function identityOf(pid: number): string | undefined {
  return process.platform === 'linux' ? linuxIdentity(pid) : psIdentity(pid)
}

/** True while exactly the process that was recorded lives. */
export function isAlive(ref: ProcessRef | null): ref is ProcessRef {
  return ref !== null && identityOf(ref.pid) === ref.identity
}

/** Sends a signal if it is still the recorded process; false when it is gone. */
export function signalProcess(ref: ProcessRef | null, signal: NodeJS.Signals): boolean {
  if (!isAlive(ref)) return false
  try {
    process.kill(ref.pid, signal)
    return true
  } catch {
    return false
  }
}

/** Live processes of this machine that have `argument` as one whole argument: finds nodes that no record names. */
export function findByArgument(isWanted: (argument: string) => boolean): ProcessRef[] {
  const found: ProcessRef[] = []
  for (const [pid, args] of processTable()) {
    if (pid === process.pid || !args.some(isWanted)) continue
    const identity = identityOf(pid)
    if (identity !== undefined) found.push({ pid, identity })
  }
  return found
}

function linuxIdentity(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command name may hold blanks and parentheses: fields count from after the last one (proc_pid_stat(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state] = fields
    const startTicks = fields[19]
    if (state === 'Z' || state === 'X') return undefined
    bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${bootId}:${startTicks}`
  } catch {
    return undefined
  }
}

function psIdentity(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()
    if (line === '' || line.startsWith('Z')) return undefined
    return line.slice(line.indexOf(' ')).trim()
  } catch {
    return undefined
  }
}

function* processTable(): Generator<[number, string[]]> {
  if (process.platform === 'linux') {
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue
      try {
        yield [Number(name), readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0')]
      } catch {
        // It ended while we were reading.
      }
    }
    return
  }
  const table = execFileSync('ps', ['-axo', 'pid=,command='], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  for (const line of table.split('\n')) {
    const [, pid, command] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? []
    if (pid && command) yield [Number(pid), command.split(' ')]
  }
}
