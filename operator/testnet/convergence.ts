// Whether a testnet is as it should be: everybody there, connected, on one chain that grows and is finalized. Pure.
import type { NodeStatus } from '../../api/observation.ts'
import { MAX_LAG_BLOCKS } from '../../chaos/convergence.ts'
import { headGroups } from './head-groups.ts'

/** What is judged of a node's status. */
export type Answer = Pick<NodeStatus, 'name' | 'head' | 'recent' | 'finalized' | 'peers'>

export interface Observation {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Every node of the testnet; null for one that did not answer. */
  readonly nodes: ReadonlyMap<string, NodeStatus | null>
}

/** A checkpoint is finalized by the one after it, and votes for that take a while: three intervals are healthy. */
export const finalityLag = (checkpointInterval: number): number => 3 * checkpointInterval

export type ConditionName = 'Ready' | 'Connected' | 'Converged' | 'Finalizing'

/** What holds or does not, for machines and for people. */
export interface Finding {
  readonly holds: boolean
  /** CamelCase; does not change with what the reason counts. */
  readonly code: string
  /** What holds, or what is missing. */
  readonly reason: string
}

export interface Condition extends Finding {
  readonly name: ConditionName
}

/**
 * Conditions of `now`. Growth is judged against an `earlier` observation, and does not hold without one.
 * `maxFinalityLag`: blocks between the highest head and the highest finalized block that count as finalizing.
 */
export function conditions(now: Observation, earlier: Observation | undefined, maxFinalityLag: number): Condition[] {
  const all = [...now.nodes]
  const answered = all.flatMap(([, status]) => status ?? [])
  const silent = all.filter(([, status]) => status === null).map(([name]) => name)
  const ready = answering(all.length, silent)
  const linked = ready.holds ? connected(answered) : ready
  const before = earlier && [...earlier.nodes.values()].flatMap(status => status ?? [])
  const agreed = linked.holds ? oneChain(answered, MAX_LAG_BLOCKS) : linked
  return [
    { name: 'Ready', ...ready },
    { name: 'Connected', ...linked },
    { name: 'Converged', ...(agreed.holds ? growing(answered, before ?? []) : agreed) },
    { name: 'Finalizing', ...finalizing(answered, maxFinalityLag) },
  ]
}

export const isConverged = (list: readonly Condition[]): boolean => list.every(condition => condition.holds)

export function answering(nodes: number, silent: readonly string[]): Finding {
  return silent.length === 0
    ? { holds: nodes > 0, code: 'AllAnswer', reason: `${nodes} nodes answer` }
    : { holds: false, code: 'NodesSilent', reason: `no answer from ${listed(silent)}` }
}

export function connected(answered: readonly Pick<Answer, 'name' | 'peers'>[]): Finding {
  const alone = answered.filter(({ peers }) => peers.inbound + peers.outbound === 0).map(({ name }) => name)
  return alone.length === 0 || answered.length === 1
    ? { holds: true, code: 'AllConnected', reason: 'every node has peers' }
    : { holds: false, code: 'NodesAlone', reason: `without peers: ${listed(alone)}` }
}

/** One chain, and heads at most `maxLag` blocks apart. */
export function oneChain(answered: readonly Pick<Answer, 'name' | 'head' | 'recent'>[], maxLag: number): Finding {
  const groups = headGroups(answered)
  const heights = answered.map(({ head }) => head.height)
  const [low, high] = [Math.min(...heights), Math.max(...heights)]
  if (groups.length > 1) {
    const shown = groups.slice(0, MAX_SHOWN).map(group => `${group.members.length} nodes at ${group.height}`)
    const more = groups.length > MAX_SHOWN ? ', ...' : ''
    return { holds: false, code: 'HeadsDiffer', reason: `${groups.length} heads: ${shown.join(', ')}${more}` }
  }
  if (high - low > maxLag)
    return { holds: false, code: 'HeadsApart', reason: `one chain, but heads are from ${low} to ${high}` }
  return { holds: groups.length === 1, code: 'OneHead', reason: 'one head' }
}

/** The highest head is higher than it was. */
export function growing(answered: readonly Pick<Answer, 'head'>[], earlier: readonly Pick<Answer, 'head'>[]): Finding {
  const height = highest(answered, ({ head }) => head.height)
  const before = highest(earlier, ({ head }) => head.height)
  if (before === undefined || height === undefined || height <= before)
    return { holds: false, code: 'HeightStill', reason: `one head at height ${height ?? 0}, waiting for it to advance` }
  return { holds: true, code: 'OneHead', reason: `one head, height ${height}` }
}

export function finalizing(answered: readonly Pick<Answer, 'head' | 'finalized'>[], maxLag: number): Finding {
  const height = highest(answered, ({ finalized }) => finalized.height) ?? 0
  const lag = (highest(answered, ({ head }) => head.height) ?? 0) - height
  if (height === 0) return { holds: false, code: 'NothingFinalized', reason: 'nothing finalized yet' }
  const holds = lag <= maxLag
  return {
    holds,
    code: holds ? 'Finalizing' : 'FinalityLags',
    reason: `finalized height ${height}, ${lag} behind the head`,
  }
}

/** The greatest of the values; undefined when there are none. */
export function highest<T>(list: readonly T[], of: (item: T) => number): number | undefined {
  return list.length === 0 ? undefined : list.reduce((most, item) => Math.max(most, of(item)), Number.NEGATIVE_INFINITY)
}

const MAX_SHOWN = 5

/** At most five names and how many more. */
export function listed(names: readonly string[]): string {
  const rest = names.length - MAX_SHOWN
  return rest > 0 ? `${names.slice(0, MAX_SHOWN).join(', ')} and ${rest} more` : names.join(', ')
}
