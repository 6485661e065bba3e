// What a rollout asks of the chain before its next step.
import { growing, highest, listed, oneChain } from '../../testnet/convergence.ts'
import type { Answers } from './answers.ts'
import type { ChainHealth } from './rollout.ts'

/** `answers`: of the nodes that are ready. */
export function chainHealth(answers: Answers, blockIntervalMs: number): ChainHealth {
  const { asked, latest, earlier, silent, maxLag, earlierAt } = answers
  const agreed = oneChain(latest, maxLag)
  const height = highest(latest, ({ head }) => head.height) ?? 0
  const split = !asked
    ? 'the nodes to be asked'
    : silent.length > 0
      ? `an answer from ${listed(silent)}`
      : `the heads to agree: ${agreed.reason}`
  return {
    split: asked && silent.length === 0 && agreed.holds ? undefined : split,
    still: growing(latest, earlier).holds ? undefined : `the height to advance beyond ${height}`,
    earlierAt,
    blockIntervalMs,
  }
}
