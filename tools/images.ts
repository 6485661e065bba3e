// Builds the images without a registry: `node tools/images.ts [TAG]` prints their references and archives as JSON.
// Needs Debian, root and buildah, which it installs when it is missing. What is built is kept by what it was built from.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { $ } from 'zx'
import { nodeEnvironment, nodeFlags } from '../operator/local/program.ts'
import { cacheFolder } from './build-cache.ts'
import { installPrograms } from './debian-programs.ts'
import { exclusively } from './exclusively.ts'
import { writeArchive } from './image-archive.ts'
import { baseKey, imageBase } from './image-base.ts'

const root = join(import.meta.dirname, '..')
const MAX_BUILD_MS = 10 * 60_000
/** Archives kept of each image: that of the last builds, for going back and forth between two states of the sources. */
const KEPT = 4

export const imageNames = ['node', 'operator', 'agent'] as const
export type ImageName = (typeof imageNames)[number]
/** Bundles in each image (tools/image-files.ts). */
const programs: Readonly<Record<ImageName, readonly string[]>> = {
  node: ['node', 'pause-child'],
  operator: ['operator', 'runner'],
  agent: ['agent'],
}

export interface BuiltImage {
  /** `localhost/trellis-node:test` */
  readonly reference: string
  /** An OCI archive. */
  readonly archive: string
  /** Of the archive, whose layers are compressed: what a pull transfers. */
  readonly bytes: number
}

export interface ImageOptions {
  readonly tell?: (line: string) => void
  readonly tag?: string
  /** Of the sources, for the label; not told, the images of two commits with the same sources are the same. */
  readonly revision?: string
  /** Further labels: an image of the same program with another digest. */
  readonly labels?: Readonly<Record<string, string>>
}

/** All images of the sources as they are. Takes a second when nothing changed. @throws Error that says what is missing */
export async function buildImages(options: ImageOptions = {}): Promise<Record<ImageName, BuiltImage>> {
  await bundle()
  const node = await buildImage('node', options)
  const operator = await buildImage('operator', options)
  return { node, operator, agent: await buildImage('agent', options) }
}

const bundle = () => $({ quiet: true, cwd: root })`${process.execPath} tools/build.mjs`

/** One image of the bundles as they are. */
export async function buildImage(name: ImageName, options: ImageOptions = {}): Promise<BuiltImage> {
  const { tell = () => {}, tag = 'test', revision, labels = {} } = options
  if (!existsSync(join(root, 'dist', `${name}.js`)))
    throw new Error(`dist/${name}.js is missing: run \`npm run build\``)
  const reference = `localhost/trellis-${name}:${tag}`
  const folder = join(cacheFolder(), 'images')
  const args = [
    ...buildArguments(name, revision),
    ...Object.entries(labels).flatMap(([key, text]) => ['--label', `${key}=${text}`]),
  ]
  const archive = join(folder, `${name}-${key(name, [reference, ...args])}.tar`)
  await mkdir(folder, { recursive: true })
  await exclusively(join(folder, 'lock'), MAX_BUILD_MS, async () => {
    if (existsSync(archive)) return utimes(archive, new Date(), new Date())
    if (process.getuid?.() !== 0) throw new Error('images are built as root')
    await installPrograms({ '/usr/bin/buildah': 'buildah' }, tell)
    const base = await imageBase(folder, tell)
    tell(`building ${reference}`)
    await build(name, { base, reference, args, archive })
    await removeOld(folder, name)
  })
  return { reference, archive, bytes: (await stat(archive)).size }
}

/** What the Dockerfile asks for; the flags of Node are those of node processes anywhere. */
function buildArguments(name: ImageName, revision: string | undefined): string[] {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const values: Record<string, string> = { VERSION: version, ...(revision !== undefined && { REVISION: revision }) }
  if (name === 'node') Object.assign(values, { NODE_OPTIONS: nodeFlags.join(' '), ...nodeEnvironment({}) })
  return Object.entries(values).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`])
}

function key(name: ImageName, options: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify([baseKey(), options]))
  const bundles = programs[name].map(program => `dist/${program}.js`)
  for (const file of ['Dockerfile', 'tools/image-files.ts', 'package-lock.json', ...bundles])
    hash.update(readFileSync(join(root, file)))
  return hash.digest('hex').slice(0, 16)
}

/** Times in the image are all zero: the same sources give the same bytes. */
async function build(
  name: ImageName,
  { base, reference, args, archive }: { base: string; reference: string; args: readonly string[]; archive: string },
): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'trellis-images-'))
  // Storage of its own, gone afterwards: vfs copies every layer as a whole, but works on any file system.
  const storage = ['--root', join(work, 'storage'), '--runroot', join(work, 'run'), '--storage-driver', 'vfs']
  const buildah = $({ quiet: true, cwd: root, env: { ...process.env, TMPDIR: work }, timeout: MAX_BUILD_MS })
  try {
    const options = [
      '--isolation',
      'chroot',
      '--timestamp',
      '0',
      '--layers=false',
      '--identity-label=false',
      '--target',
      name,
      ...args,
    ]
    const from = ['--build-arg', `BASE=oci-archive:${base}`]
    await buildah`buildah ${storage} bud ${options} ${from} -t ${reference} .`
    const layout = join(work, 'layout')
    await buildah`buildah ${storage} push ${reference} ${`oci:${layout}`}`
    const { manifests } = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as { manifests: [object] }
    const partial = `${archive}.${process.pid}`
    await writeArchive(layout, reference, manifests[0], partial)
    await rename(partial, archive)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function removeOld(folder: string, name: ImageName): Promise<void> {
  const files = (await readdir(folder)).filter(file => file.startsWith(`${name}-`)).map(file => join(folder, file))
  const aged = await Promise.all(files.map(async file => ({ file, at: (await stat(file)).mtimeMs })))
  for (const { file } of aged.sort((a, b) => b.at - a.at).slice(KEPT)) await rm(file, { force: true })
}

if (import.meta.main) {
  const [tag = 'test'] = process.argv.slice(2)
  const head = await $({ quiet: true, nothrow: true, cwd: root })`git rev-parse HEAD`
  const revision = head.exitCode === 0 ? { revision: head.stdout.trim() } : {}
  const built = await buildImages({ tell: line => console.error(line), tag, ...revision })
  console.log(JSON.stringify(built, null, 2))
}
