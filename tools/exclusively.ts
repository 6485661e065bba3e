// One process at a time, through a lock folder that names its holder. A holder that died is recognised by its pid. Two
// that find the same dead holder at one moment may both go on: the work must bear being done twice, only not gladly.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const LOOK_EVERY_MS = 200

/** Runs `work` while no other process on this machine runs work under the same path. Throws when the lock is not free in time. */
export async function exclusively<T>(path: string, withinMs: number, work: () => Promise<T>): Promise<T> {
  const holder = join(path, 'pid')
  const deadline = performance.now() + withinMs
  while (!(await taken(path, holder))) {
    if (performance.now() > deadline)
      throw new Error(
        `the lock ${path} is not free after ${withinMs} ms: process ${await readFile(holder, 'utf8').catch(() => 'unknown')} has it`,
      )
    await delay(LOOK_EVERY_MS)
  }
  try {
    return await work()
  } finally {
    await rm(path, { recursive: true, force: true })
  }
}

/** False when another process has it; what a dead one left is taken away, for the next try. */
async function taken(path: string, holder: string): Promise<boolean> {
  try {
    await mkdir(path)
    await writeFile(holder, String(process.pid))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const pid = Number(await readFile(holder, 'utf8').catch(() => ''))
  // Between making the folder and naming its holder there is no pid; a live holder soon writes it.
  if (pid > 0 && !alive(pid)) await rm(path, { recursive: true, force: true })
  return false
}

/** Is there a process of this pid? */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
