// Debian's packages, where they can be had.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'

const execute = promisify(execFile)

export const canInstall = (): boolean => process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')

/** Runs apt-get, after an update when it fails: package lists of a fresh machine are empty or old. @throws what apt says */
export async function apt(args: readonly string[], cwd = '/'): Promise<void> {
  const options = { cwd, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, maxBuffer: 16 * 1024 * 1024 }
  await execute('apt-get', args, options).catch(async () => {
    await execute('apt-get', ['update'], options)
    await execute('apt-get', args, options)
  })
}

export const install = (packages: readonly string[]): Promise<void> =>
  apt(['install', '-y', '--no-install-recommends', ...packages])
