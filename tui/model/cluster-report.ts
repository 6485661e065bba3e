// One Testnet of a cluster as `trellis status` tells it. Pure.
import { testnetConditions } from '../../api/conditions.ts'
import type { HeadView } from '../../api/read-api.ts'
import type { TestnetStatus } from '../../api/status.ts'
import type { StoredTestnet } from '../../operator/kubernetes/testnet/world.ts'
import type { ConditionRow, TestnetReport } from './testnet-summary.ts'

/** Reasons of `Provisioned` that time alone does not mend. */
const failed = new Set(['Invalid', 'TooLarge', 'NameTaken'])

/** `heads`: with their members, where the operator told them. */
export function clusterReport(
  { metadata, spec, status = {} }: StoredTestnet,
  heads: readonly HeadView[] | undefined,
  context: string,
  now: number,
): TestnetReport {
  const { nodes, height, finalizedHeight } = status
  const listed = (status.heads ?? []).map(({ hash, height, members }) => ({
    hash,
    height,
    count: members,
    members: [],
    forkDepth: null,
  }))
  const created = Date.parse(String(metadata.creationTimestamp))
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    state: metadata.deletionTimestamp ? 'stopping' : stateOf(spec, status),
    nodes: nodes?.desired ?? 0,
    ready: nodes?.ready ?? 0,
    heads: heads?.map(head => ({ ...head, count: head.members.length })) ?? listed,
    headCount: heads?.length ?? status.headCount ?? listed.length,
    height: height ?? null,
    finalized: finalizedHeight ?? null,
    restarts: null,
    ageMs: Number.isFinite(created) ? now - created : 0,
    place: context,
    file: '',
    conditions: conditionRows(status),
  }
}

export function conditionRows({ conditions = [] }: TestnetStatus): ConditionRow[] {
  const rank = (type: string): number => {
    const at = (testnetConditions as readonly string[]).indexOf(type)
    return at < 0 ? testnetConditions.length : at
  }
  return [...conditions]
    .sort((a, b) => rank(a.type) - rank(b.type))
    .map(({ type, status, message, reason }) => ({
      name: type,
      holds: status === 'True',
      code: reason,
      reason: message || reason,
    }))
}

function stateOf(spec: unknown, { conditions = [], nodes }: TestnetStatus): TestnetReport['state'] {
  const reason = conditions.find(({ type, status }) => type === 'Provisioned' && status === 'False')?.reason
  if (reason !== undefined && failed.has(reason)) return 'failed'
  if ((spec as { suspend?: unknown } | undefined)?.suspend === true) return nodes?.ready ? 'stopping' : 'stopped'
  return nodes?.ready ? 'running' : 'starting'
}
