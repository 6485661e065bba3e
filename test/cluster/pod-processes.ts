// The processes of a pod as the machine sees them, so that a case can kill a container as a crash would: without a word to
// anybody. For clusters that the harness made.
import { readdir, readFile } from 'node:fs/promises'
import type { ClusterPlan } from './cluster-plan.ts'
import { until } from './until.ts'

/** Pids of the pod's processes but the one that holds its namespaces; of those whose command has a word in it. */
async function processesOf(plan: ClusterPlan, uid: string, word = ''): Promise<number[]> {
  const found = await processesIn(plan, uid)
  return found.flatMap(({ pid, command }) => (!command.startsWith('/pause') && command.includes(word) ? [pid] : []))
}

/** All of the pod's processes, the one that holds its namespaces first. */
export async function processesIn({ cgroup }: ClusterPlan, uid: string): Promise<{ pid: number; command: string }[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async pid => {
      const [groups, command] = await Promise.all(
        ['cgroup', 'cmdline'].map(file => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
      )
      const ours = groups!.includes(`/${cgroup}/`) && groups!.includes(uid)
      return ours && command ? [{ pid: Number(pid), command }] : []
    }),
  )
  const isHolder = ({ command }: { command: string }) => Number(command.startsWith('/pause'))
  return found.flat().sort((a, b) => isHolder(b) - isHolder(a))
}

/**
 * SIGKILL; the kubelet then starts the containers again, unless the pod goes. `word`: only of processes that have it in
 * their command. @throws Error when it runs nothing
 */
export async function crash(
  plan: ClusterPlan,
  { name, uid }: { name: string; uid: string },
  word?: string,
): Promise<void> {
  const pids = await processesOf(plan, uid, word)
  if (pids.length === 0) throw new Error(`pod ${name} runs no process`)
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  await until(`the processes of pod ${name} are gone`, { withinMs: 10_000, everyMs: 20 }, async () => {
    const left = await processesOf(plan, uid, word)
    return !left.some(pid => pids.includes(pid))
  })
}
