// The Kubernetes components of the tests: one binary (and the pause program of pods), built from Go modules and kept outside the repository, so that a
// checkout builds it once and every later one on the same machine finds it. Which component it is, it reads from the
// name it is started by.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { $ } from 'zx'
import { cacheFolder, goVersion } from '../../tools/build-cache.ts'
import { exclusively } from '../../tools/exclusively.ts'

const source = join(import.meta.dirname, 'kube')
const sourceFiles = ['go.mod', 'go.sum', 'main.go', 'pause/main.go']
export const components = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'kubectl',
  'etcd',
  'coredns',
] as const
export type Component = (typeof components)[number]

/** A cold build takes 4 minutes on two idle cores; on a busy machine several times that. */
const MAX_BUILD_MS = 40 * 60_000

export type Found = { readonly folder: string } | { readonly missing: string }

/** Kubernetes' version as go.mod pins it. */
export function kubernetesVersion(): string {
  const [, version] = /^require k8s\.io\/kubernetes (v\S+)$/m.exec(readFileSync(join(source, 'go.mod'), 'utf8')) ?? []
  if (!version) throw new Error('test/cluster/kube/go.mod does not require k8s.io/kubernetes')
  return version
}

/** Linker flags that stamp the version in, as Kubernetes' own build does. */
function linkerFlags(version: string): string {
  const [major = '', minor = ''] = version.slice(1).split('.')
  const stamps = {
    'k8s.io/component-base/version.gitVersion': version,
    'k8s.io/component-base/version.gitMajor': major,
    'k8s.io/component-base/version.gitMinor': minor,
    'k8s.io/component-base/version.gitTreeState': 'clean',
    'k8s.io/client-go/pkg/version.gitVersion': version,
  }
  return ['-s -w', ...Object.entries(stamps).map(([name, value]) => `-X ${name}=${value}`)].join(' ')
}

function sourceKey(): string {
  const hash = createHash('sha256').update(linkerFlags(kubernetesVersion()))
  for (const file of sourceFiles) hash.update(readFileSync(join(source, file)))
  return hash.digest('hex').slice(0, 16)
}

/** A build of these sources in the cache: by this Go when there is one, else by any. */
function cached(go: string | null): string | undefined {
  const root = cacheFolder()
  if (!existsSync(root)) return undefined
  const prefix = `kube-${sourceKey()}-`
  const name = readdirSync(root).find(entry => (go ? entry === prefix + go : entry.startsWith(prefix)))
  return name === undefined ? undefined : join(root, name)
}

/**
 * The folder that holds one executable for each component: `KUBEBUILDER_ASSETS` when set (etcd, kube-apiserver and
 * kubectl are enough for the API tier), else the cache, else a build by Go. `missing` says what to install.
 * `tell` hears of a build before it begins, because that takes minutes.
 */
export async function kubeBinaries(tell: (line: string) => void): Promise<Found> {
  const assets = process.env.KUBEBUILDER_ASSETS
  if (assets) {
    if (existsSync(join(assets, 'kube-apiserver'))) return { folder: assets }
    return { missing: `KUBEBUILDER_ASSETS names ${assets}, which holds no kube-apiserver` }
  }
  const go = await goVersion()
  const found = cached(go)
  if (found) return { folder: found }
  if (go === null)
    return { missing: `no build of Kubernetes ${kubernetesVersion()} in ${cacheFolder()}, and no Go to make one` }
  const folder = join(cacheFolder(), `kube-${sourceKey()}-${go}`)
  await mkdir(cacheFolder(), { recursive: true })
  try {
    await exclusively(`${folder}.lock`, MAX_BUILD_MS, async () => {
      if (existsSync(folder)) return
      tell(`building Kubernetes ${kubernetesVersion()} with ${go}, once for this machine: 4 minutes or more`)
      await build(folder)
    })
  } catch (error) {
    // Without the module proxy, or the disk space, the rest of the tests can still run.
    return {
      missing: `Kubernetes ${kubernetesVersion()} could not be built: ${(error as Error).message.slice(0, 500)}`,
    }
  }
  return { folder }
}

async function build(folder: string): Promise<void> {
  const partial = `${folder}.${process.pid}`
  const version = kubernetesVersion()
  try {
    await mkdir(partial, { recursive: true })
    // GOFLAGS of the environment stand aside: with these flags the binary is the same wherever it is built.
    const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-p=2 -buildvcs=false -mod=readonly' }
    const go = $({ cwd: source, env, quiet: true, timeout: MAX_BUILD_MS })
    await go`nice -n 10 go build -trimpath -o ${join(partial, 'hyperkube')} -ldflags ${linkerFlags(version)} .`
    // What holds a pod's namespaces open: the one image that a cluster needs besides the tests' own.
    await go`go build -trimpath -o ${join(partial, 'pause')} -ldflags ${'-s -w'} ./pause`
    for (const name of components) await symlink('hyperkube', join(partial, name))
    await rename(partial, folder).catch(error => {
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}
