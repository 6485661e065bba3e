// How long a run may take at most. Pure.
import { type Experiment, resolveExperiment } from '../../../api/experiment.ts'
import type { CompiledFault } from '../../../chaos/matrix.ts'
import { runLength } from '../../../chaos/run-length.ts'
import type { ValidExperiment } from './stored-experiment.ts'

/** For a runner to be placed, pulled and to find all nodes. */
const START_MS = 180_000
/** Runners that die are replaced after 10, 20 and 40 s, and each of them has to start. */
const REPLACEMENT_MS = 120_000
/** Reading, judging, and keeping the record. */
const JUDGE_MS = 30_000

/** Replacements of a runner that died. */
export const BACKOFF_LIMIT = 3
/** A runner that is told to end has that long to heal; what it does not lift lapses with its lease by then. */
export const GRACE_SECONDS = 30
/** A runner that is told to end is waited for so long: its machine may be lost. */
export const GONE_WITHIN_MS = (GRACE_SECONDS + 15) * 1_000
/** Jobs and experiments are followed by two streams: the runner's last word may come after the end of its Job. */
export const LAST_WORD_MS = 5_000

/** From its turn to its end, milliseconds. */
export function longestRun(
  experiment: Experiment,
  compiled: readonly CompiledFault[],
  blockIntervalMs: number,
): number {
  const { steadyMs, restMs } = runLength(experiment, compiled, blockIntervalMs)
  return START_MS + steadyMs + restMs + JUDGE_MS + REPLACEMENT_MS
}

/** As values, under the name of the stored object. */
export const experimentOf = ({ metadata, spec }: ValidExperiment): Experiment =>
  resolveExperiment({
    apiVersion: 'trellis.dev/v1alpha1',
    kind: 'ChaosExperiment',
    metadata: { name: metadata.name },
    spec,
  })
