// The virtual machine's file system: busybox, the real nft, tc and ip with their libraries, and the kernel's modules.
import { execFile, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import type { VmParts } from './parts.ts'

const execute = promisify(execFile)

const applets = ['sh', 'mount', 'mkdir', 'insmod', 'cat', 'ping', 'sleep', 'reboot', 'cut', 'nsenter']
/** In /tools, and to be called by that path: the shell prefers busybox's own `ip` and `tc` to others. */
const tools = ['/usr/sbin/nft', '/usr/sbin/tc', '/usr/sbin/ip']
const modules = ['sch_netem', 'sch_htb', 'sch_tbf', 'veth', 'bridge', 'nf_tables', 'nft_numgen', 'nft_objref']
const distributions = ['/usr/lib/x86_64-linux-gnu/tc', '/usr/lib/tc']

/** Writes an initramfs that runs the shell script and stops. Returns the image's and the kernel's path. */
export async function makeImage(
  parts: VmParts,
  script: string,
  folder: string,
): Promise<{ image: string; kernel: string }> {
  const root = join(folder, 'root')
  for (const name of ['bin', 'tools', 'dev', 'proc', 'sys', 'modules', 'run/netns', 'tmp', 'lib/tc']) {
    await mkdir(join(root, name), { recursive: true })
  }
  await copyWithLibraries(parts.busybox, root, 'bin')
  for (const applet of applets) await symlink('busybox', join(root, 'bin', applet))
  for (const tool of tools) await copyWithLibraries(tool, root, 'tools')
  await copyDistributions(join(root, 'lib/tc'))
  const order = await copyModules(parts.kernel, join(root, 'modules'))
  await writeFile(join(root, 'init'), init(order), { mode: 0o755 })
  await writeFile(join(root, 'script'), script)
  const image = join(folder, 'image')
  await pack(parts.busybox, root, image)
  const [kernel] = (await readdir(join(parts.kernel, 'boot'))).filter(name => name.startsWith('vmlinuz-'))
  if (kernel === undefined) throw new Error(`${parts.kernel}: no kernel in boot`)
  return { image, kernel: join(parts.kernel, 'boot', kernel) }
}

const init = (order: readonly string[]): string => `#!/bin/sh
export PATH=/bin TC_LIB_DIR=/lib/tc
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in ${order.join(' ')}; do insmod /modules/$module.ko || echo "FAILED insmod $module"; done
. /script
reboot -f
`

async function copyWithLibraries(program: string, root: string, folder: string): Promise<void> {
  await copyFile(program, join(root, folder, basename(program)))
  // Fails for a program that needs no library.
  const { stdout } = await execute('ldd', [program]).catch(() => ({ stdout: '' }))
  for (const [, path] of stdout.matchAll(/(\/\S+) \(0x/g)) {
    await mkdir(join(root, dirname(path!)), { recursive: true })
    await copyFile(path!, join(root, path!))
  }
}

async function copyDistributions(to: string): Promise<void> {
  for (const folder of distributions) {
    await copyFile(join(folder, 'normal.dist'), join(to, 'normal.dist')).catch(() => {})
  }
}

/** Copies the modules and those they stand on. Returns the order to load them in. */
async function copyModules(kernel: string, to: string): Promise<string[]> {
  const files = await readdir(join(kernel, 'lib/modules'), { recursive: true })
  const paths = new Map(
    files.filter(path => path.endsWith('.ko')).map(path => [basename(path, '.ko').replaceAll('-', '_'), path]),
  )
  const order = new Set<string>()
  const load = async (name: string): Promise<void> => {
    const path = paths.get(name)
    if (path === undefined) throw new Error(`${kernel}: no module ${name}`)
    const from = join(kernel, 'lib/modules', path)
    const [, depends = ''] = /\0depends=([^\0]*)/.exec((await readFile(from)).toString('latin1')) ?? []
    for (const other of depends.split(','))
      if (other !== '' && !order.has(other)) await load(other.replaceAll('-', '_'))
    await copyFile(from, join(to, `${name}.ko`))
    order.add(name)
  }
  for (const name of modules) await load(name)
  return [...order]
}

async function pack(busybox: string, root: string, image: string): Promise<void> {
  const names = await readdir(root, { recursive: true })
  const cpio = spawn(busybox, ['cpio', '-o', '-H', 'newc'], { cwd: root, stdio: ['pipe', 'pipe', 'ignore'] })
  cpio.stdin.end(names.join('\n'))
  await pipeline(cpio.stdout, createWriteStream(image))
}
