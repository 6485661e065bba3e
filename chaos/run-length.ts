// How long a run takes at most, by what its experiment says. Pure.
import type { Experiment } from '../api/experiment.ts'
import { type CompiledFault, endOf } from './matrix.ts'

const OBSERVE_BLOCKS = 10
const MIN_OBSERVE_MS = 5_000

/** Milliseconds that a healed network is watched for: ten block intervals when the experiment does not say. */
export const observeMs = ({ heal }: Pick<Experiment, 'heal'>, blockIntervalMs: number): number =>
  heal.observeMs ?? Math.max(MIN_OBSERVE_MS, OBSERVE_BLOCKS * blockIntervalMs)

/** Milliseconds: of the wait for a steady state, and of all that comes after it. Judging is not in it. */
export interface RunLength {
  readonly steadyMs: number
  readonly restMs: number
}

export const runLength = (
  experiment: Pick<Experiment, 'steadyState' | 'heal'>,
  compiled: readonly CompiledFault[],
  blockIntervalMs: number,
): RunLength => ({
  steadyMs: experiment.steadyState.withinMs,
  restMs: endOf(compiled) + experiment.heal.withinMs + observeMs(experiment, blockIntervalMs),
})
