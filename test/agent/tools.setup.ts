// Installs what the kernel's tests need where that is possible; where it is not, they are skipped with the reason.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { missingPackages, whyNot } from './tools.ts'

const execute = promisify(execFile)

export default async function setup(): Promise<void> {
  const missing = missingPackages()
  if (missing.length > 0 && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const install = () => execute('apt-get', ['install', '-y', '--no-install-recommends', ...missing], { env })
    // Package lists of a fresh machine are empty or old.
    await install()
      .catch(() => execute('apt-get', ['update'], { env }).then(install))
      .catch(error => console.error(`could not install ${missing.join(', ')}: ${error.message}`))
  }
  const reason = whyNot()
  if (reason) console.error(`the net agent is not tested against this kernel: ${reason}`)
}
