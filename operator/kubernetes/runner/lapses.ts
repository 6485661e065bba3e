// What a runner that takes over finds: are the rows of the one before it still in force?
import type { FaultWindow } from '../../../api/run.ts'
import { rowId } from '../../../chaos/matrix.ts'
import type { Target } from '../../../chaos/runner/target.ts'

/** They are to be renewed in a moment: who does not answer by then is not counted. */
const ANSWER_WITHIN_MS = 1_000

/** A sentence for each fault of which rows have lapsed before its end: in the meantime the network healed. Never rejects. */
export async function lapses(
  { links }: Pick<Target, 'links'>,
  experiment: string,
  windows: readonly FaultWindow[],
  signal: AbortSignal,
  now: number,
): Promise<string[]> {
  const lasting = windows.filter(
    ({ injectedAt, liftedAt, plannedEnd }) => injectedAt !== null && liftedAt === null && plannedEnd > now,
  )
  const sentences = lasting.map(async ({ fault, targets, hits }) => {
    // Of a fault on processes there are no rows.
    if (hits !== undefined) return []
    const id = rowId(experiment, fault)
    const options = { signal, timeoutMs: ANSWER_WITHIN_MS }
    const held = await Promise.allSettled(targets.map(node => links.inForce(node, options)))
    const gone = held.filter(each => each.status === 'fulfilled' && !each.value.includes(id)).length
    return gone === 0
      ? []
      : [`${fault} had lapsed at ${gone} of ${targets.length} nodes before another runner took over`]
  })
  return (await Promise.all(sentences)).flat()
}
