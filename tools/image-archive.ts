// Images without a registry: an OCI archive of one layer from a folder, the same bytes whenever it is made.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { $ } from 'zx'

const architecture = process.arch === 'x64' ? 'amd64' : process.arch
const reproducibly = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner']

export interface ImageSource {
  /** `name:tag` */
  readonly reference: string
  /** Becomes the image's root. */
  readonly folder: string
  readonly entrypoint: readonly string[]
}

/** Writes the archive to `file`. */
export async function writeImage({ reference, folder, entrypoint }: ImageSource, file: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'trellis-image-'))
  try {
    const blobs = join(work, 'blobs/sha256')
    await mkdir(blobs, { recursive: true })
    const blob = async (path: string) => {
      const hash = createHash('sha256')
      await pipeline(createReadStream(path), hash)
      const hex = hash.digest('hex')
      await rename(path, join(blobs, hex))
      return { digest: `sha256:${hex}`, size: (await stat(join(blobs, hex))).size }
    }
    const json = async (value: object) => {
      const path = join(work, 'json')
      await writeFile(path, JSON.stringify(value))
      return blob(path)
    }
    await $({ quiet: true })`tar -C ${folder} ${reproducibly} -cf ${join(work, 'layer')} .`
    const layer = await blob(join(work, 'layer'))
    const config = await json({
      architecture,
      os: 'linux',
      created: '1970-01-01T00:00:00Z',
      config: { Entrypoint: entrypoint, Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] },
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
    })
    const type = 'application/vnd.oci.image'
    const manifest = await json({
      schemaVersion: 2,
      mediaType: `${type}.manifest.v1+json`,
      config: { mediaType: `${type}.config.v1+json`, ...config },
      layers: [{ mediaType: `${type}.layer.v1.tar`, ...layer }],
    })
    await writeFile(join(work, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
    await writeArchive(work, reference, { mediaType: `${type}.manifest.v1+json`, ...manifest }, file)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** The folder of an OCI layout as an archive that container runtimes import under the reference as it is. */
export async function writeArchive(layout: string, reference: string, manifest: object, file: string): Promise<void> {
  const annotations = { 'io.containerd.image.name': reference, 'org.opencontainers.image.ref.name': reference }
  const index = { schemaVersion: 2, manifests: [{ ...manifest, annotations }] }
  await writeFile(join(layout, 'index.json'), JSON.stringify(index))
  await mkdir(dirname(file), { recursive: true })
  await $({ quiet: true })`tar -C ${layout} ${reproducibly} -cf ${file} oci-layout index.json blobs`
}
