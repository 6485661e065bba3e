// A base image for the Dockerfile without a registry: the C library and its company from Debian packages, and the Node of
// the npm package that the project runs on. No shell: the Dockerfile needs none.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { $ } from 'zx'
import { unpack } from './debian-packages.ts'
import { writeImage } from './image-archive.ts'

const packages = ['libc6', 'libstdc++6', 'libgcc-s1', 'libatomic1']
/** Of the net agent, with whatever libraries they need in this release of Debian. */
const tools = ['nftables', 'iproute2']

async function downloads(): Promise<string[]> {
  const { stdout } = await $({ quiet: true })`apt-cache depends --recurse --important ${tools}`
  const libraries = stdout.split('\n').filter(line => /^(lib|zlib)/.test(line))
  return [...new Set([...packages, ...tools, ...libraries])]
}

/** The Node that `npm ci` installed for this machine. */
const nodeBinary = (): string => {
  const manifest = createRequire(import.meta.url).resolve(`node-linux-${process.arch}/package.json`)
  return join(dirname(manifest), 'bin/node')
}

/** Names what the base is made of: Debian's release and Node's. */
export function baseKey(): string {
  const debian = readFileSync('/etc/debian_version', 'utf8').trim()
  return createHash('sha256')
    .update([debian, process.version, process.arch, ...packages, ...tools].join())
    .digest('hex')
}

/** An OCI archive of the base in the folder; made when it is not there yet. Needs Debian and its package server. */
export async function imageBase(folder: string, tell: (line: string) => void): Promise<string> {
  const archive = join(folder, `base-${baseKey().slice(0, 16)}.tar`)
  if (existsSync(archive)) return archive
  tell(`making the base image of ${[...packages, ...tools].join(', ')} and Node ${process.version}`)
  const work = await mkdtemp(join(tmpdir(), 'trellis-base-'))
  try {
    const root = join(work, 'root')
    await mkdir(join(root, 'usr/local/bin'), { recursive: true })
    await unpack(await downloads(), root)
    // Later releases of Debian have everything below usr; programs look for the loader in lib64 all the same.
    for (const name of ['lib', 'lib64'])
      if (!existsSync(join(root, name)) && existsSync(join(root, 'usr', name)))
        await symlink(`usr/${name}`, join(root, name))
    await copyFile(nodeBinary(), join(root, 'usr/local/bin/node'))
    const image = { reference: 'localhost/trellis-base:latest', folder: root, entrypoint: ['/usr/local/bin/node'] }
    await writeImage(image, archive)
    return archive
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
