// State folders of test runs that were killed and could not clean up.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { alive } from '../../tools/exclusively.ts'

const ownerFile = 'owner'

/** A new folder of this process, named with the prefix; those of dead processes are removed on the way. */
export async function ownedFolder(prefix: string): Promise<string> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(prefix)) continue
    const folder = join(tmpdir(), name)
    const owner = Number(await readFile(join(folder, ownerFile), 'utf8').catch(() => ''))
    if (owner > 0 && !alive(owner)) await rm(folder, { recursive: true, force: true })
  }
  const folder = await mkdtemp(join(tmpdir(), prefix))
  await writeFile(join(folder, ownerFile), String(process.pid))
  return folder
}
