// What the small virtual machine is made of: qemu, busybox, and Debian's cloud kernel, which has sch_netem as a module.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheFolder } from '../../../tools/build-cache.ts'
import { apt, canInstall, install, unpack } from '../../../tools/debian-packages.ts'

const execute = promisify(execFile)

export interface VmParts {
  readonly qemu: string
  readonly busybox: string
  /** An unpacked kernel package. */
  readonly kernel: string
}

const qemu = '/usr/bin/qemu-system-x86_64'
const busybox = '/usr/bin/busybox'
const programs = { [qemu]: 'qemu-system-x86', [busybox]: 'busybox-static' }
/** A package that names the newest kernel as its dependency. */
const latest = 'linux-image-cloud-amd64'

/** Why no virtual machine can be had here; undefined when it can, or may be after `getParts`. */
export function whyNoVm(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the virtual machine is made for Linux on x64'
  if (Object.keys(programs).every(path => existsSync(path)) && existsSync(kernels())) return undefined
  if (!canInstall()) {
    return `needs root and apt to fetch ${Object.values(programs).join(', ')} and ${latest}`
  }
  return undefined
}

const kernels = (): string => join(cacheFolder(), 'vm')

/** Installs what is missing, and unpacks a kernel into the cache. @throws what apt says */
export async function getParts(): Promise<VmParts> {
  const missing = Object.entries(programs).flatMap(([path, name]) => (existsSync(path) ? [] : [name]))
  if (missing.length > 0) await install(missing)
  const [unpacked] = await readdir(kernels()).catch(() => [])
  return { qemu, busybox, kernel: join(kernels(), unpacked ?? (await fetchKernel())) }
}

/** Unpacked and not installed: this machine keeps its own kernel. */
async function fetchKernel(): Promise<string> {
  await apt(['--simulate', 'install', latest])
  const { stdout } = await execute('apt-cache', ['depends', latest])
  const [, name] = /Depends: (\S+)/.exec(stdout) ?? []
  if (name === undefined) throw new Error(`apt knows no kernel behind ${latest}:\n${stdout}`)
  await mkdir(cacheFolder(), { recursive: true })
  const folder = await mkdtemp(join(cacheFolder(), 'kernel-'))
  try {
    await unpack([name], join(folder, 'root'))
    await mkdir(kernels(), { recursive: true })
    await rename(join(folder, 'root'), join(kernels(), name))
    return name
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
