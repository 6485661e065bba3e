// An image without a container runtime: its layers unpacked, and its program run in them as a kubelet would have it run
// under restricted Pod Security. Needs root.
import { type ChildProcess, spawn } from 'node:child_process'
import { chown, mkdir, open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { $ } from 'zx'

export interface ImageConfig {
  readonly User: string
  readonly Env: readonly string[]
  readonly Entrypoint: readonly string[]
  readonly Labels: Readonly<Record<string, string>>
}

export interface ImageContents {
  readonly root: string
  readonly config: ImageConfig
  /** Digests of the configuration and of the layers, in order: what the image is, whatever it is called. */
  readonly digests: readonly string[]
  /** Paths from the root. */
  readonly files: readonly string[]
}

interface Descriptor {
  readonly digest: string
}

/** Unpacks an OCI archive below the folder, which must be empty. */
export async function unpackImage(archive: string, folder: string): Promise<ImageContents> {
  const [layout, root] = [join(folder, 'layout'), join(folder, 'root')]
  await Promise.all([mkdir(layout, { recursive: true }), mkdir(root, { recursive: true })])
  await $({ quiet: true })`tar -C ${layout} -xf ${archive}`
  const blob = ({ digest }: Descriptor) => join(layout, 'blobs', digest.replace(':', '/'))
  const read = async <T>(path: string) => JSON.parse(await readFile(path, 'utf8')) as T
  const { manifests } = await read<{ manifests: [Descriptor] }>(join(layout, 'index.json'))
  const manifest = await read<{ config: Descriptor; layers: Descriptor[] }>(blob(manifests[0]))
  for (const layer of manifest.layers) await $({ quiet: true })`tar -C ${root} -xf ${blob(layer)}`
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  return {
    root,
    config: (await read<{ config: ImageConfig }>(blob(manifest.config))).config,
    digests: [manifest.config, ...manifest.layers].map(({ digest }) => digest),
    files: entries
      .filter(entry => !entry.isDirectory())
      .map(entry => join(entry.parentPath, entry.name).slice(root.length)),
  }
}

export interface RunOptions {
  readonly args: readonly string[]
  /** Folder of the machine -> path in the image; the image's user owns the writable ones. */
  readonly mounts: readonly { readonly from: string; readonly to: string; readonly writable?: boolean }[]
  /** Where its output goes. */
  readonly log: string
}

/** Mounts, then becomes the program: it has pid 1 and no way back to the machine's files. */
const script = `set -e
root=$1; shift
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
while [ "$1" != -- ]; do
  mount --bind "$1" "$root$2"
  [ "$3" = writable ] || mount -o remount,bind,ro "$root$2"
  shift 3
done
shift
mount -o remount,bind,ro "$root"
exec env -i "$@"`

/**
 * Starts the image's program with a read-only root, as the image's user, in mount and process namespaces of its own; the
 * network is the machine's. The process returned is that of `unshare`: see `processInside` for the program's.
 */
export async function runImage(
  { root, config }: ImageContents,
  { args, mounts, log }: RunOptions,
): Promise<ChildProcess> {
  const [user = 0, group = 0] = config.User.split(':').map(Number)
  for (const { from, to, writable } of mounts) {
    await mkdir(join(root, to), { recursive: true })
    if (writable) await chown(from, user, group)
  }
  await mkdir(join(root, 'proc'), { recursive: true })
  const mounted = mounts.flatMap(({ from, to, writable }) => [from, to, writable ? 'writable' : 'readonly'])
  const chroot = ['/usr/sbin/chroot', `--userspec=${config.User}`, root, ...config.Entrypoint, ...args]
  const output = await open(log, 'a')
  try {
    return spawn(
      'unshare',
      [
        ...['--mount', '--pid', '--fork', '--kill-child', '--', 'sh', '-c', script, 'sh'],
        ...[root, ...mounted, '--', ...config.Env, ...chroot],
      ],
      { stdio: ['ignore', output.fd, output.fd] },
    )
  } finally {
    await output.close()
  }
}

/** The machine's pid of the program that `unshare` runs; undefined when it runs none any more. */
export async function processInside({ pid }: ChildProcess): Promise<number | undefined> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  return Number(children.trim().split(' ')[0]) || undefined
}
