// Rules of the kernel in the pods of one testnet, watched from the machine: when the first comes to each pod, and how many
// packets of its peers are delivered there in spite of them.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { $ } from 'zx'
import type { Pod } from '../../operator/kubernetes/runtime/resource.ts'
import type { ClusterPlan } from '../cluster/cluster-plan.ts'
import { insidePod } from '../cluster/pod-network.ts'
import { until } from '../cluster/until.ts'

const STARTED_WITHIN_MS = 10_000
const MARK = 'bench_mark'

export interface PodRules {
  readonly pod: Pod
  readonly inside: readonly string[]
  /** Milliseconds since the epoch when its kernel first took members of ours; undefined until then. */
  injectedAt: number | undefined
  close(): void
}

/** Follows each pod's kernel. */
export async function watchPods(plan: ClusterPlan, pods: readonly Pod[]): Promise<PodRules[]> {
  return await Promise.all(pods.map(pod => watchPod(plan, pod)))
}

async function watchPod(plan: ClusterPlan, pod: Pod): Promise<PodRules> {
  const inside = await insidePod(plan, pod.metadata.uid!)
  if (!inside) throw new Error(`pod ${pod.metadata.name} runs nothing`)
  const [program = '', ...args] = [...inside, 'nft', 'monitor']
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  const watched: PodRules = { pod, inside, injectedAt: undefined, close: () => child.kill('SIGKILL') }
  let marked = false
  createInterface({ input: child.stdout! }).on('line', line => {
    if (line.includes(MARK)) marked = true
    if (/^add element inet trellis /.test(line)) watched.injectedAt ??= Date.now()
  })
  // It says nothing until something happens: so something does, again and again until it was heard.
  const run = $({ quiet: true, nothrow: true })
  await until(`nft listens in ${pod.metadata.name}`, { withinMs: STARTED_WITHIN_MS, everyMs: 100 }, async () => {
    await run`${inside} nft ${`add table inet ${MARK}; delete table inet ${MARK}`}`
    return marked
  })
  return watched
}

/**
 * Counts what is delivered to the pod from addresses, from now on: behind every rule of ours. Resolves with what gives the
 * packets up to then.
 */
export async function countDelivered({ inside }: PodRules, from: readonly string[]): Promise<() => Promise<number>> {
  const run = $({ quiet: true })
  const rules = [
    'add table inet bench',
    'add chain inet bench in { type filter hook input priority 300; policy accept; }',
    'add counter inet bench crossed',
    `add rule inet bench in ip saddr { ${from.join(', ')} } counter name crossed`,
  ]
  await run`${inside} nft ${rules.join('; ')}`
  return async () => {
    const { stdout } = await run`${inside} nft list counter inet bench crossed`
    await run`${inside} nft delete table inet bench`
    return Number(/packets (\d+)/.exec(stdout)?.[1])
  }
}
