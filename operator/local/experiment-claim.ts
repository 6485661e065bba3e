// One experiment at a time on a testnet: who runs one holds experiment.json in the testnet's folder. A claim counts as
// long as the process that made it lives, so one that was killed blocks nobody.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { fromSystemError, LocalError } from './errors.ts'
import { identityOf, isAlive, signalProcess } from './process-identity.ts'
import { experimentFile } from './state-folder.ts'

const POLL_MS = 250
/** A claim that is just being given up, or was torn by a full disk, is tried again this often. */
const MAX_ATTEMPTS = 8

const claim = z.object({
  experiment: z.string(),
  pid: z.int().positive(),
  identity: z.string(),
  /** Milliseconds since the epoch. */
  since: z.number(),
})
export type Claim = z.infer<typeof claim>

/** Who runs an experiment on the testnet now; undefined when nobody does. */
export function claimed(folder: string): Claim | undefined {
  const found = read(folder)
  return found && isAlive(found) ? found : undefined
}

/** Claims the testnet. Returns the way to give it back; who holds it when it is taken. Throws LocalError. */
export function claimTestnet(folder: string, experiment: string): { release: () => void } | { heldBy: Claim } {
  const file = experimentFile(folder)
  const own: Claim = { experiment, pid: process.pid, identity: identityOf(process.pid) ?? '', since: Date.now() }
  const draft = `${file}.${process.pid}`
  try {
    writeFileSync(draft, JSON.stringify(own), { mode: 0o600 })
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      try {
        // A link is made or refused as a whole, with the text already in it: nobody reads half a claim.
        linkSync(draft, file)
        return { release: () => release(file, own) }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
      const other = claimed(folder)
      if (other) return { heldBy: other }
      setAside(file)
    }
    throw new LocalError('unreadable-state', `${file} comes back whenever it is removed`, 'see which program writes it')
  } catch (error) {
    throw fromSystemError(error, file)
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Waits for its turn; `onWait` is told once of whom it waits for. Undefined when the signal aborts first. */
export async function queueForTestnet(
  folder: string,
  experiment: string,
  onWait: (holder: Claim) => void,
  signal: AbortSignal,
): Promise<(() => void) | undefined> {
  let told = 0
  while (!signal.aborted) {
    const got = claimTestnet(folder, experiment)
    if ('release' in got) return got.release
    if (got.heldBy.pid !== told) onWait(got.heldBy)
    told = got.heldBy.pid
    await new Promise(resolve => setTimeout(resolve, POLL_MS))
  }
  return undefined
}

/** Asks the experiment to end as Ctrl-C would. Resolves when it has; false when it still runs after `timeoutMs`. */
export async function abortExperiment(folder: string, running: Claim, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs
  signalProcess(running, 'SIGTERM')
  for (;;) {
    const now = claimed(folder)
    if (now === undefined || now.pid !== running.pid || now.since !== running.since) return true
    if (Date.now() >= deadline) return false
    await new Promise(resolve => setTimeout(resolve, POLL_MS))
  }
}

/** Removes the claim of a process that died, and puts it back if another took its place since it was looked at. */
function setAside(file: string): void {
  const aside = `${file}.${process.pid}.old`
  try {
    renameSync(file, aside)
    const moved = claim.safeParse(JSON.parse(readFileSync(aside, 'utf8')))
    if (moved.success && isAlive(moved.data)) linkSync(aside, file)
  } catch {
    // Somebody else has removed it, or it is no claim at all.
  } finally {
    rmSync(aside, { force: true })
  }
}

function read(folder: string): Claim | undefined {
  try {
    return claim.parse(JSON.parse(readFileSync(experimentFile(folder), 'utf8')))
  } catch {
    // None, or not one of ours: it holds nobody up.
    return undefined
  }
}

function release(file: string, own: Claim): void {
  try {
    const now = claim.parse(JSON.parse(readFileSync(file, 'utf8')))
    if (now.pid === own.pid && now.since === own.since) rmSync(file, { force: true })
  } catch {
    // The testnet's folder is gone already.
  }
}
