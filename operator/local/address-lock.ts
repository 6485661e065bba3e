// One `up` at a time chooses addresses: two at once would find the same ones free.
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fromSystemError } from './errors.ts'

/** Choosing takes well below a second; a lock older than this was left by a process that died. */
const STALE_MS = 15_000
const POLL_MS = 20

/** Runs `choose` alone among the processes that share the state root. Throws what it throws, or LocalError. */
export async function withAddressLock<T>(root: string, choose: () => Promise<T>): Promise<T> {
  const lock = join(root, '.addresses.lock')
  for (;;) {
    try {
      mkdirSync(lock)
      break
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw fromSystemError(error, lock)
      const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs
      if (since !== undefined && Date.now() - since > STALE_MS) rmSync(lock, { recursive: true, force: true })
      else await new Promise(resolve => setTimeout(resolve, POLL_MS))
    }
  }
  try {
    return await choose()
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}
