// Debian's packages: installed where we are root, or only unpacked into the cache, which needs no rights and starts nothing.
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheFolder } from './build-cache.ts'
import { exclusively } from './exclusively.ts'

const execute = promisify(execFile)
/** A server of packages that answers at all gives the largest of ours in less. */
const MAX_FETCH_MS = 5 * 60_000
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024

const hasApt = (): boolean => existsSync('/usr/bin/apt-get')
export const canInstall = (): boolean => process.getuid?.() === 0 && hasApt()

interface AptPlace {
  readonly cwd?: string
  /** Where the lists of packages are kept when those of the machine cannot be written: anybody may. */
  readonly ownLists?: string
}

/** Runs apt-get, after an update when it fails: package lists of a fresh machine are empty or old. @throws what apt says */
export async function apt(args: readonly string[], { cwd = '/', ownLists }: AptPlace = {}): Promise<void> {
  const options = { cwd, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, maxBuffer: MAX_OUTPUT_BYTES }
  await execute('apt-get', args, options).catch(async () => {
    const own = ownLists === undefined ? [] : ['-o', `Dir::State::Lists=${ownLists}`, '-o', `Dir::Cache=${ownLists}`]
    await execute('apt-get', [...own, 'update'], options)
    await execute('apt-get', [...own, ...args], options)
  })
}

export const install = (packages: readonly string[]): Promise<void> =>
  apt(['install', '-y', '--no-install-recommends', ...packages])

/** Downloads these packages, and not what they depend on, and unpacks them below the folder. @throws what apt or dpkg says */
export async function unpack(packages: readonly string[], folder: string): Promise<void> {
  await mkdir(cacheFolder(), { recursive: true })
  const work = await mkdtemp(join(cacheFolder(), 'debian-'))
  const [archives, ownLists] = [join(work, 'archives'), join(work, 'lists')]
  try {
    await Promise.all([mkdir(archives), mkdir(join(ownLists, 'partial'), { recursive: true })])
    // Its own user for downloads may not write here.
    const download = ['-o', 'APT::Sandbox::User=root', 'download', ...packages]
    await apt(download, { cwd: archives, ...(!canInstall() && { ownLists }) })
    for (const archive of await readdir(archives)) await execute('dpkg-deb', ['-x', join(archives, archive), folder])
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

export type FoundPackages = { readonly folder: string } | { readonly missing: string }

/**
 * A folder of the cache with these packages unpacked: `<folder>/usr/bin/...`. `missing` says why there is none. `tell`
 * hears of a download before it begins.
 */
export async function cachedPackages(
  packages: readonly string[],
  tell: (line: string) => void = () => {},
): Promise<FoundPackages> {
  const wanted = packages.join(', ')
  if (!hasApt()) return { missing: `${wanted} of Debian: there is no apt-get on this machine` }
  const release = readFileSync('/etc/debian_version', 'utf8').trim().replaceAll('/', '-')
  const folder = join(cacheFolder(), `debian-${release}-${process.arch}-${packages.join('-')}`)
  if (existsSync(folder)) return { folder }
  const partial = `${folder}.partial-${process.pid}`
  try {
    await mkdir(cacheFolder(), { recursive: true })
    await exclusively(`${folder}.lock`, MAX_FETCH_MS, async () => {
      if (existsSync(folder)) return
      tell(`downloading ${wanted} of Debian ${release}, once for this machine`)
      await mkdir(partial, { recursive: true })
      await unpack(packages, partial)
      await rename(partial, folder)
    })
    return { folder }
  } catch (error) {
    return { missing: `${wanted} of Debian cannot be had: ${(error as Error).message.slice(0, 500)}` }
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}
