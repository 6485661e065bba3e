// The cgroups of the nodes: below one parent of the cluster's own, in every hierarchy that the machine has.
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClusterPlan } from './cluster-plan.ts'
import { until } from './until.ts'

const root = '/sys/fs/cgroup'
const unified = (): boolean => existsSync(join(root, 'cgroup.controllers'))
/** What the kubelet and runc want of version 1. */
const hierarchies = ['cpu', 'cpuacct', 'cpuset', 'memory', 'devices', 'freezer', 'blkio', 'pids', 'systemd', 'hugetlb']

/**
 * Of all pods together, in processes of the machine. By default it would be one: on a busy machine they would get less
 * than the API server alone.
 */
const WEIGHT = 4

const tops = (): string[] =>
  unified() ? [root] : hierarchies.map(name => join(root, name)).filter(folder => existsSync(folder))

export async function makeCgroups({ cgroup, nodes }: ClusterPlan): Promise<void> {
  for (const top of tops()) {
    for (const path of [cgroup, ...nodes.map(({ name }) => join(cgroup, name))]) {
      await mkdir(join(top, path), { recursive: true })
      if (unified()) {
        const controllers = (await readFile(join(top, path, 'cgroup.controllers'), 'utf8')).trim().split(' ')
        for (const name of controllers.filter(Boolean))
          await writeFile(join(top, path, 'cgroup.subtree_control'), `+${name}`)
      } else if (top.endsWith('/cpuset')) {
        // Version 1 starts a cpuset empty, and nothing can run in it then.
        for (const file of ['cpuset.cpus', 'cpuset.mems'])
          await writeFile(join(top, path, file), await readFile(join(top, file), 'utf8'))
      }
      const weight = join(top, path, unified() ? 'cpu.weight' : 'cpu.shares')
      if (existsSync(weight)) await writeFile(weight, String(WEIGHT * (unified() ? 100 : 1_024)))
    }
  }
}

/** Removes them once their processes are gone: in every hierarchy, for runc makes some where we made none. */
export async function removeCgroups({ cgroup }: Pick<ClusterPlan, 'cgroup'>): Promise<void> {
  for (const top of [root, ...(await readdir(root)).map(name => join(root, name))]) {
    const folder = join(top, cgroup)
    await until(`${folder} is removed`, { withinMs: 10_000 }, () => removed(folder))
  }
}

/** True when the folder and all below it are gone. Only empty cgroups can be removed, the innermost first. */
async function removed(folder: string): Promise<boolean> {
  if (!existsSync(folder)) return true
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) if (entry.isDirectory()) await removed(join(folder, entry.name))
  return rmdir(folder).then(
    () => true,
    () => false,
  )
}
