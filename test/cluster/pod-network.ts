// The network of a pod as the machine sees it: rules and schedulers, whether a process of the pod lives or not. For
// clusters that the harness made.
import { $ } from 'zx'
import type { ClusterPlan } from './cluster-plan.ts'
import { processesIn } from './pod-processes.ts'

/** Command prefix of what is to run in it, on the machine's files; undefined when there is no pod any more. */
export async function insidePod(plan: ClusterPlan, uid: string): Promise<string[] | undefined> {
  const [holder] = await processesIn(plan, uid)
  return holder && ['nsenter', `--target=${holder.pid}`, '--net', '--']
}

/** The rules and schedulers in it, as nft and tc print them; empty when there are none, or no pod any more. */
export async function rulesIn(plan: ClusterPlan, uid: string): Promise<string> {
  const inside = await insidePod(plan, uid)
  if (!inside) return ''
  const run = $({ quiet: true, nothrow: true })
  const [rules, schedulers] = await Promise.all([run`${inside} nft list ruleset`, run`${inside} tc qdisc show`])
  // The one that every interface has that nothing was done to.
  return (rules.stdout + schedulers.stdout.replaceAll(/^qdisc noqueue .*\n/gm, '')).trim()
}

/** Members of timed sets: addresses that rules act on now. */
export const membersIn = (rules: string): number => rules.match(/ expires /g)?.length ?? 0
