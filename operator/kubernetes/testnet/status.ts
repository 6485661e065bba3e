// What is said of a Testnet in its status: aggregates only. And whether saying it again is worth a write.

import type { NodeStatus } from '../../../api/observation.ts'
import { MAX_LISTED_HEADS, type TestnetStatus } from '../../../api/status.ts'
import { highest } from '../../testnet/convergence.ts'
import { headGroups } from '../../testnet/head-groups.ts'
import { digest } from '../runtime/drift.ts'

/** Heights alone are written so often at most. */
export const HEIGHTS_EVERY_MS = 30_000
/** While a network comes up, the number of ready nodes is written when it moved by this share, or so often. */
const READY_SHARE = 0.1
export const READY_EVERY_MS = 10_000

export interface StatusParts {
  readonly generation: number
  readonly conditions: NonNullable<TestnetStatus['conditions']>
  readonly groups: NonNullable<TestnetStatus['groups']>
  /** Of the nodes that answered in the latest round. */
  readonly answered: readonly NodeStatus[]
}

/** Without answers it has no heights: what was is in nobody's mind any more. */
export function testnetStatus({ generation, conditions, groups, answered }: StatusParts): TestnetStatus {
  const desired = groups.reduce((total, group) => total + group.desired, 0)
  const ready = groups.reduce((total, group) => total + group.ready, 0)
  const heads = headGroups(answered)
  const heights = answered.map(({ head }) => head.height)
  return {
    observedGeneration: generation,
    conditions,
    nodes: { desired, ready, summary: `${ready}/${desired}` },
    groups,
    ...(answered.length > 0 && {
      height: { min: -(highest(heights, height => -height) ?? 0), max: highest(heights, height => height) ?? 0 },
      finalizedHeight: highest(answered, ({ finalized }) => finalized.height) ?? 0,
    }),
    // The largest first, as readers of a short list want it.
    heads: heads
      .map(({ hash, height, members }) => ({ hash, height, members: members.length }))
      .sort((a, b) => b.members - a.members || b.height - a.height)
      .slice(0, MAX_LISTED_HEADS),
    headCount: heads.length,
  }
}

export type Worth = 'now' | 'never' | { readonly afterMs: number }

/** Whether to write it. `sinceMs`: since this process wrote it last; infinite when it never did. */
export function worthWriting(before: TestnetStatus | undefined, after: TestnetStatus, sinceMs: number): Worth {
  if (before && digest(before) === digest(after)) return 'never'
  if (!before || digest(matters(before)) !== digest(matters(after))) return 'now'
  const [was, is] = [before.nodes?.ready ?? 0, after.nodes?.ready ?? 0]
  if (was !== is) {
    const desired = after.nodes?.desired ?? 0
    const edge = is === 0 || was === 0 || is === desired || was === desired
    if (edge || Math.abs(is - was) >= READY_SHARE * desired) return 'now'
  }
  const everyMs = was === is ? HEIGHTS_EVERY_MS : READY_EVERY_MS
  // A clock that was set back must not make it silent until the clock is there again.
  return sinceMs >= everyMs || sinceMs < 0 ? 'now' : { afterMs: everyMs - sinceMs }
}

/** What people and tools act on. */
function matters({
  observedGeneration,
  conditions = [],
  nodes,
  groups = [],
  headCount = 0,
  heads = [],
}: TestnetStatus) {
  return {
    observedGeneration,
    conditions: conditions.map(({ type, status, reason, observedGeneration: of }) => [type, status, reason, of]),
    desired: nodes?.desired,
    groups: groups.map(({ name, desired }) => [name, desired]),
    headCount,
    // How a split network is divided; the members of a single head are those that answer.
    split: headCount > 1 ? heads.map(({ members }) => members) : [],
  }
}
