// What a rollout asks of the chain before its next step.
import { answering, growing, highest, oneChain } from '../../testnet/convergence.ts'
import type { Answers } from './answers.ts'
import type { ChainHealth } from './rollout.ts'

/** `answers`: of the nodes that are ready. */
export function chainHealth(answers: Answers, blockIntervalMs: number): ChainHealth {
  const { latest, earlier, silent, maxLag, earlierAt } = answers
  const heard = answering(latest.length + silent.length, silent)
  const agreed = oneChain(latest, maxLag)
  const height = highest(latest, ({ head }) => head.height) ?? 0
  return {
    split:
      !answers.asked || !heard.holds ? heard.reason : agreed.holds ? undefined : `the heads to agree: ${agreed.reason}`,
    still: growing(latest, earlier).holds ? undefined : `the height to advance beyond ${height}`,
    earlierAt,
    blockIntervalMs,
  }
}
