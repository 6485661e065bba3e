// Programs of the field that tests run: built once for a machine from Go modules of a pinned version, which the checksum
// database of Go vouches for, and kept beside the Kubernetes binaries.
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { $ } from 'zx'
import { cacheFolder, goVersion } from './build-cache.ts'
import { exclusively } from './exclusively.ts'

interface Module {
  readonly version: string
  /** Of the main package. */
  readonly path: string
  /** Of a cold build on two idle cores, for whoever waits. */
  readonly takes: string
}

const modules = {
  helm: { path: 'helm.sh/helm/v4/cmd/helm', version: 'v4.3.1', takes: '2 minutes' },
  kubeconform: { path: 'github.com/yannh/kubeconform/cmd/kubeconform', version: 'v0.8.0', takes: '10 seconds' },
  'kube-score': { path: 'github.com/zegl/kube-score/cmd/kube-score', version: 'v1.20.0', takes: '1 minute' },
} as const satisfies Record<string, Module>
export type GoTool = keyof typeof modules

/** Several times what a cold build of the largest takes: the machine may be busy. */
const MAX_BUILD_MS = 20 * 60_000

export type FoundTool = { readonly program: string } | { readonly missing: string }

/**
 * The program's file: the cache's, by this Go when there is one, else by any; else a build by Go. `missing` says why
 * there is none. `tell` hears of a build before it begins.
 */
export async function goTool(name: GoTool, tell: (line: string) => void = () => {}): Promise<FoundTool> {
  const { path, version, takes }: Module = modules[name]
  const go = await goVersion()
  const prefix = `tools-${name}-${version}-`
  const folder = cached(prefix, go)
  if (folder !== undefined) return { program: join(folder, name) }
  if (go === null) return { missing: `no ${name} ${version} in ${cacheFolder()}, and no Go to build it` }
  const target = join(cacheFolder(), prefix + go)
  await mkdir(cacheFolder(), { recursive: true })
  try {
    await exclusively(`${target}.lock`, MAX_BUILD_MS, async () => {
      if (existsSync(target)) return
      tell(`building ${name} ${version} with ${go}, once for this machine: ${takes} or more`)
      await build(`${path}@${version}`, target)
    })
  } catch (error) {
    return { missing: `${name} ${version} could not be built: ${(error as Error).message.slice(0, 500)}` }
  }
  return { program: join(target, name) }
}

function cached(prefix: string, go: string | null): string | undefined {
  const root = cacheFolder()
  if (!existsSync(root)) return undefined
  const isTool = (entry: string) => (go ? entry === prefix + go : entry.startsWith(prefix))
  const name = readdirSync(root).find(entry => isTool(entry) && !/\.(lock|partial-\d+)$/.test(entry))
  return name === undefined ? undefined : join(root, name)
}

async function build(module: string, target: string): Promise<void> {
  const partial = `${target}.partial-${process.pid}`
  try {
    // GOFLAGS of the environment stand aside: with these flags the binary is the same wherever it is built.
    const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-p=2 -buildvcs=false', GOBIN: partial }
    const go = $({ env, quiet: true, timeout: MAX_BUILD_MS, cwd: cacheFolder() })
    await go`nice -n 10 go install -trimpath -ldflags ${'-s -w'} ${module}`
    await rename(partial, target)
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}
