// Finding 4: all nodes on one head at an advancing height, and stable.
import type { Finding } from '../../api/verdict.ts'
import { firstStable, headGroups } from '../convergence.ts'
import type { Observations, RunRound } from './observations.ts'
import { finding, plural, shortHash, span } from './wording.ts'

const { measured, unmeasured } = finding('one-head', 'One head on all nodes')

/** The round from which the network counts as healed; undefined when it never did. */
export const healedRound = ({ after, record }: Observations): RunRound | undefined =>
  firstStable(after, record.experiment.heal.samples) as RunRound | undefined

export function oneHead(observations: Observations): Finding {
  const { faults, after, record } = observations
  const { withinMs, samples } = record.experiment.heal
  const limit = `within ${span(withinMs)}, for ${samples} samples, at an advancing height`
  if (!faults) return unmeasured('no fault was injected', { limit })
  if (after.length < samples)
    return unmeasured(`${plural(after.length, 'round')} of samples after the fault, ${samples} are needed`, { limit })
  const round = healedRound(observations)
  if (round) {
    const took = round.at - faults.to
    const height = Math.max(...round.views.map(view => view.height))
    return measured(took <= withinMs, {
      value: `after ${span(took)}`,
      limit,
      figures: { tookMs: took },
      evidence: [`at height ${height}, ${plural(round.views.length, 'node')}`],
    })
  }
  const last = after.at(-1)!
  const watched = last.at - faults.to
  const groups = headGroups(last.views)
  const evidence = [
    ...groups.map(({ height, hash, members }) => `${height} ${shortHash(hash)}: ${members.join(', ')}`),
    ...(last.silent.length > 0 ? [`no answer: ${last.silent.join(', ')}`] : []),
  ]
  const fields = { limit, figures: { watchedMs: watched, headGroups: groups.length }, evidence }
  if (watched < withinMs) return unmeasured(`not yet after ${span(watched)}, when the record ends`, fields)
  return measured(false, { value: `not after ${span(watched)}`, ...fields })
}
