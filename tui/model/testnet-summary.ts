// One testnet as `trellis status` tells it. Pure.
import type { TestnetRecord } from '../../operator/local/record.ts'
import type { Standing } from '../../operator/local/testnets.ts'
import type { Observation } from '../../operator/testnet/convergence.ts'
import { headGroups } from '../../operator/testnet/head-groups.ts'

export interface HeadSummary {
  readonly hash: string
  readonly height: number
  /** Nodes on it. */
  readonly count: number
  /** Their names; empty when only the number is known. */
  readonly members: readonly string[]
  readonly forkDepth: number | null
}

export interface TestnetSummary {
  readonly name: string
  /** Empty on this machine. */
  readonly namespace: string
  /** The record's phase, or `dead` when its supervisor is gone. */
  readonly state: TestnetRecord['phase'] | 'dead'
  readonly nodes: number
  readonly ready: number
  /** The largest ones; `headCount` counts all. */
  readonly heads: readonly HeadSummary[]
  readonly headCount: number
  readonly height: { readonly min: number; readonly max: number } | null
  readonly finalized: number | null
  /** Null when that is not known. */
  readonly restarts: number | null
  readonly ageMs: number
  /** Its folder, or the context of its cluster. */
  readonly place: string
  readonly file: string
}

export interface ConditionRow {
  readonly name: string
  readonly holds: boolean
  /** One word for programs. */
  readonly code: string
  /** What holds, or what is missing. */
  readonly reason: string
}

export interface TestnetReport extends TestnetSummary {
  /** Empty when they were not asked for. */
  readonly conditions: readonly ConditionRow[]
}

export function summarize(
  {
    name,
    folder,
    record,
    standing,
  }: { name: string; folder: string; record: TestnetRecord | undefined; standing: Standing },
  observation: Observation | undefined,
  now: number,
): TestnetSummary {
  const answered = [...(observation?.nodes.values() ?? [])].flatMap(status => status ?? [])
  const heights = answered.map(status => status.head.height)
  const heads = headGroups(answered)
  return {
    name,
    namespace: '',
    state: standing === 'running' ? (record?.phase ?? 'starting') : standing,
    nodes: record?.nodes.length ?? 0,
    ready: answered.length,
    heads: heads.map(({ hash, height, members, forkDepth }) => ({
      hash,
      height,
      count: members.length,
      members,
      forkDepth,
    })),
    headCount: heads.length,
    height: heights.length === 0 ? null : { min: Math.min(...heights), max: Math.max(...heights) },
    finalized: answered.length === 0 ? null : Math.max(...answered.map(status => status.finalized.height)),
    restarts: record?.nodes.reduce((sum, node) => sum + node.restarts, 0) ?? 0,
    ageMs: now - (record?.createdAt ?? now),
    place: folder,
    file: record?.file ?? '',
  }
}
