// A file beside the data: until when a node that was killed is to stay down, whatever starts it again.
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MAX_HOLD_MS, untilIn } from './requests.ts'

const HOLD_FILE = 'held.json'

/** Milliseconds since the epoch; undefined when nothing holds the node at `now`. A file that makes no sense holds nothing. */
export async function heldUntil(folder: string, now: number): Promise<number | undefined> {
  const until = untilIn(await readFile(join(folder, HOLD_FILE), 'utf8').catch(() => ''))
  return until !== undefined && until > now && until <= now + MAX_HOLD_MS ? until : undefined
}

/** @throws what writing the file throws */
export async function hold(folder: string, until: number): Promise<void> {
  const file = join(folder, HOLD_FILE)
  await writeFile(`${file}.new`, JSON.stringify({ until }))
  await rename(`${file}.new`, file)
}

export async function release(folder: string): Promise<void> {
  await rm(join(folder, HOLD_FILE), { force: true })
}
