// Whether a testnet is as it should be: everybody there, connected, on one chain that grows and is finalized. Pure.
import type { NodeStatus } from '../../api/observation.ts'
import { isOneHead } from '../../chaos/convergence.ts'
import { chainView, headGroups } from './head-groups.ts'

export interface Observation {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Every node of the testnet; null for one that did not answer. */
  readonly nodes: ReadonlyMap<string, NodeStatus | null>
}

/** A checkpoint is finalized by the one after it, and votes for that take a while: three intervals are healthy. */
export const finalityLag = (checkpointInterval: number): number => 3 * checkpointInterval

export type ConditionName = 'Ready' | 'Connected' | 'Converged' | 'Finalizing'
export interface Condition {
  readonly name: ConditionName
  readonly holds: boolean
  /** What holds, or what is missing. */
  readonly reason: string
}

/**
 * Conditions of `now`. Growth is judged against an `earlier` observation, and does not hold without one.
 * `maxFinalityLag`: blocks between the highest head and the highest finalized block that count as finalizing.
 */
export function conditions(now: Observation, earlier: Observation | undefined, maxFinalityLag: number): Condition[] {
  const all = [...now.nodes]
  const answered = all.flatMap(([, status]) => status ?? [])
  const silent = all.filter(([, status]) => status === null).map(([name]) => name)
  const alone = answered.filter(status => status.peers.inbound + status.peers.outbound === 0).map(status => status.name)
  const ready: Condition = {
    name: 'Ready',
    holds: all.length > 0 && silent.length === 0,
    reason: silent.length === 0 ? `${all.length} nodes answer` : `no answer from ${listed(silent)}`,
  }
  const connected: Condition = {
    name: 'Connected',
    holds: ready.holds && (alone.length === 0 || all.length === 1),
    reason: !ready.holds
      ? ready.reason
      : alone.length === 0
        ? 'every node has peers'
        : `without peers: ${listed(alone)}`,
  }
  return [ready, connected, converged(answered, connected, earlier), finalizing(answered, maxFinalityLag)]
}

export const isConverged = (list: readonly Condition[]): boolean => list.every(condition => condition.holds)

function converged(answered: readonly NodeStatus[], connected: Condition, earlier: Observation | undefined): Condition {
  const no = (reason: string): Condition => ({ name: 'Converged', holds: false, reason })
  if (!connected.holds) return no(connected.reason)
  if (!isOneHead({ round: 0, at: 0, views: answered.map(chainView), silent: [] })) {
    const groups = headGroups(answered)
    const heights = answered.map(status => status.head.height)
    if (groups.length === 1)
      return no(`one chain, but heads are from ${Math.min(...heights)} to ${Math.max(...heights)}`)
    return no(
      `${groups.length} heads: ${groups.map(group => `${group.members.length} nodes at ${group.height}`).join(', ')}`,
    )
  }
  const height = highest(answered, status => status.head.height)
  const before = highest(statuses(earlier), status => status.head.height)
  if (before === undefined || height === undefined || height <= before)
    return no(`one head at height ${height ?? 0}, waiting for it to advance`)
  return { name: 'Converged', holds: true, reason: `one head, height ${height}` }
}

function finalizing(answered: readonly NodeStatus[], maxLag: number): Condition {
  const height = highest(answered, status => status.finalized.height) ?? 0
  const lag = (highest(answered, status => status.head.height) ?? 0) - height
  if (height === 0) return { name: 'Finalizing', holds: false, reason: 'nothing finalized yet' }
  return { name: 'Finalizing', holds: lag <= maxLag, reason: `finalized height ${height}, ${lag} behind the head` }
}

const statuses = (observation: Observation | undefined): NodeStatus[] =>
  observation === undefined ? [] : [...observation.nodes.values()].flatMap(status => status ?? [])

function highest<T>(list: readonly T[], of: (item: T) => number): number | undefined {
  return list.length === 0 ? undefined : Math.max(...list.map(of))
}

/** At most five names and how many more. */
export function listed(names: readonly string[]): string {
  const [head, rest] = [names.slice(0, 5), names.length - 5]
  return rest > 0 ? `${head.join(', ')} and ${rest} more` : head.join(', ')
}
