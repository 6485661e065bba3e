// Waits for one growing, finalizing chain on all nodes: without it a fault would prove nothing.
import { firstStable, headGroups, isOneHead } from '../convergence.ts'
import type { RunRound } from '../verdict/observations.ts'
import type { Session } from './session.ts'

/** The baseline of delays and peers needs so many block intervals of steady state. */
const BASELINE_BLOCKS = 8
/** A checkpoint that lags the head by more than this many intervals is not "finalizing". */
const MAX_FINALITY_LAG = 4

/** False when the steady state did not come in its time; a note then says why. */
export async function reachSteadyState(session: Session): Promise<boolean> {
  const { experiment, testnet, now } = session
  const { withinMs, samples, finalizing } = experiment.steadyState
  const begun = session.enteredAt('steady-state') ?? now()
  session.enter('steady-state', 'one growing, finalizing chain on all nodes', begun + withinMs)
  const isSteady = (rounds: readonly RunRound[]): true | undefined => {
    const last = rounds.at(-1)
    if (!last || now() - begun < BASELINE_BLOCKS * testnet.blockIntervalMs || !isOneHead(last)) return undefined
    if (finalizing && !isFinalizing(last, testnet.checkpointInterval)) return undefined
    return firstStable(rounds, samples) && true
  }
  const steady = await session.sampler.until(isSteady, begun + withinMs, session.signal)
  if (!steady && !session.signal.aborted) session.recorder.note(whyUnsteady(session))
  return steady === true
}

const isFinalizing = ({ digests }: RunRound, checkpointInterval: number): boolean =>
  [...digests.values()].every(
    ({ head, finalized }) =>
      finalized.height > 0 && head.height - finalized.height <= MAX_FINALITY_LAG * checkpointInterval,
  )

function whyUnsteady({ experiment, testnet, sampler }: Session): string {
  const { withinMs, finalizing } = experiment.steadyState
  const last = sampler.rounds.at(-1)
  if (!last) return 'no node was asked yet'
  if (last.silent.length > 0) return `no answer from ${last.silent.join(', ')}`
  if (!isOneHead(last))
    return `heads at ${headGroups(last.views)
      .map(({ height, members }) => `${height} (${members.join(', ')})`)
      .join(', ')}`
  const baselineMs = BASELINE_BLOCKS * testnet.blockIntervalMs
  if (withinMs <= baselineMs)
    return `spec.steadyState.within is ${withinMs / 1_000} s, and the baseline alone takes ${BASELINE_BLOCKS} block intervals, ${baselineMs / 1_000} s`
  if (finalizing && !isFinalizing(last, testnet.checkpointInterval))
    return `finalized only up to height ${Math.min(...[...last.digests.values()].map(({ finalized }) => finalized.height))}`
  return 'the height does not advance, or the heads were not equal for long enough'
}
