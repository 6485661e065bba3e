// What a process has used, from /proc (Linux). NaN elsewhere: the tables then show a dash.
import { readFile } from 'node:fs/promises'

/** Clock ticks a second in /proc/PID/stat; fixed for user space on every Linux that Node runs on. */
const ticksPerSecond = 100

/** Seconds of processor time since the process started, user and system, all threads. */
export async function cpuSeconds(pid: number | undefined): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The command's name may hold spaces and parentheses; the fields begin after its last parenthesis.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

export interface Memory {
  /** Resident set, MiB. */
  readonly resident: number
  /** Of it not backed by files, so not shared between nodes: MiB. */
  readonly anonymous: number
}

export async function memory(pid: number | undefined): Promise<Memory> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const mebibytes = (field: string): number => Number(new RegExp(`${field}:\\s+(\\d+)`).exec(text)?.[1]) / 1_024
  return { resident: mebibytes('VmRSS'), anonymous: mebibytes('RssAnon') }
}
