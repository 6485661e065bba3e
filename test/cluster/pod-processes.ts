// The processes of a pod as the machine sees them, so that a case can kill a container as a crash would: without a word to
// anybody. For clusters that the harness made.
import { readdir, readFile } from 'node:fs/promises'
import type { ClusterPlan } from './cluster-plan.ts'
import { until } from './until.ts'

/** Pids of the pod's processes but the one that holds its namespaces. */
async function processesOf({ cgroup }: ClusterPlan, uid: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async pid => {
      const [groups, command] = await Promise.all(
        ['cgroup', 'cmdline'].map(file => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
      )
      const ours = groups!.includes(`/${cgroup}/`) && groups!.includes(uid)
      return ours && command !== '' && !command!.startsWith('/pause') ? [Number(pid)] : []
    }),
  )
  return found.flat()
}

/** SIGKILL; the kubelet then starts the containers again, unless the pod goes. @throws Error when it runs nothing */
export async function crash(plan: ClusterPlan, { name, uid }: { name: string; uid: string }): Promise<void> {
  const pids = await processesOf(plan, uid)
  if (pids.length === 0) throw new Error(`pod ${name} runs no process`)
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  await until(`the processes of pod ${name} are gone`, { withinMs: 10_000, everyMs: 20 }, async () => {
    const left = await processesOf(plan, uid)
    return !left.some(pid => pids.includes(pid))
  })
}
