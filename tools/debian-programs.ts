// Programs that must be on the machine, and the Debian packages that bring them.
import { existsSync } from 'node:fs'
import { canInstall, install } from './debian-packages.ts'

/** Path of a program -> its package. */
export type Programs = Readonly<Record<string, string>>

// Debian's /bin and /sbin are links into /usr on some machines, and folders of their own on others.
const present = (path: string): boolean =>
  existsSync(path) || existsSync(path.replace('/usr/sbin/', '/usr/bin/')) || existsSync(path.replace('/usr', ''))

/** Installs what is missing. Throws, naming the packages, when that is not possible here. */
export async function installPrograms(programs: Programs, tell: (line: string) => void): Promise<void> {
  const missing = Object.entries(programs).flatMap(([program, name]) => (present(program) ? [] : [name]))
  if (missing.length === 0) return
  const line = `apt-get install ${missing.join(' ')}`
  if (!canInstall()) throw new Error(`missing on this machine: ${missing.join(', ')}; on Debian, as root: ${line}`)
  tell(line)
  await install(missing)
}
