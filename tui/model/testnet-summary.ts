// One testnet as `trellis status` tells it. Pure.
import type { TestnetRecord } from '../../operator/local/record.ts'
import type { Standing } from '../../operator/local/testnets.ts'
import type { Observation } from '../../operator/testnet/convergence.ts'
import { type HeadGroup, headGroups } from '../../operator/testnet/head-groups.ts'

export interface TestnetSummary {
  readonly name: string
  /** The record's phase, or `dead` when its supervisor is gone. */
  readonly state: TestnetRecord['phase'] | 'dead'
  readonly nodes: number
  readonly ready: number
  readonly heads: readonly HeadGroup[]
  readonly height: { readonly min: number; readonly max: number } | null
  readonly finalized: number | null
  readonly restarts: number
  readonly ageMs: number
  readonly folder: string
  readonly file: string
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
  return {
    name,
    state: standing === 'running' ? (record?.phase ?? 'starting') : standing,
    nodes: record?.nodes.length ?? 0,
    ready: answered.length,
    heads: headGroups(answered),
    height: heights.length === 0 ? null : { min: Math.min(...heights), max: Math.max(...heights) },
    finalized: answered.length === 0 ? null : Math.max(...answered.map(status => status.finalized.height)),
    restarts: record?.nodes.reduce((sum, node) => sum + node.restarts, 0) ?? 0,
    ageMs: now - (record?.createdAt ?? now),
    folder,
    file: record?.file ?? '',
  }
}
