// The status that the operator writes: what was decided, and the conditions that follow from it. Pure.

import { MAX_CONDITION_MESSAGE_CHARS } from '../../../api/conditions.ts'
import { type ExperimentStatus, experimentConditions } from '../../../api/status.ts'
import { type Condition, setCondition } from '../runtime/conditions.ts'
import { digest } from '../runtime/drift.ts'
import type { Notice } from '../testnet/world.ts'
import { isOver, type Said } from './run.ts'
import type { StoredExperiment } from './stored-experiment.ts'

/** The operator's fields as they are to be; undefined when they are so. `now`: milliseconds since the epoch. */
export function statusOf(
  { metadata, status = {} }: StoredExperiment,
  said: Said,
  now: number,
): ExperimentStatus | undefined {
  const generation = metadata.generation ?? 0
  const message = said.message?.slice(0, MAX_CONDITION_MESSAGE_CHARS).toWellFormed()
  const cut: Said = { ...said, ...(message !== undefined && { message }) }
  const conditions = conditionsOf(status, cut, generation, now)
  const after: ExperimentStatus = { observedGeneration: generation, conditions, ...given(cut) }
  const {
    observedGeneration,
    conditions: before,
    phase,
    reason,
    message: words,
    endedAt,
    waitingSince,
    plan,
    runs,
  } = status
  const stored = given({ phase, reason, message: words, endedAt, waitingSince, plan, runs })
  return digest(after) === digest({ observedGeneration, conditions: before, ...stored }) ? undefined : after
}

/** Without fields that are not there. */
const given = (said: Said): Said =>
  Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)) as Said

function conditionsOf(status: ExperimentStatus, said: Said, observedGeneration: number, now: number): Condition[] {
  const over = isOver({ status: said })
  const reason = said.reason || said.phase || 'Pending'
  const message = said.message ?? ''
  const verdicts: Record<
    (typeof experimentConditions)[number],
    Omit<Condition, 'type' | 'observedGeneration' | 'lastTransitionTime'>
  > = {
    Accepted:
      said.plan || said.runs
        ? { status: 'True', reason: 'Planned', message: '' }
        : { status: over ? 'False' : 'Unknown', reason, message },
    // While it runs its message changes with every step: only what it is in is told here.
    Complete: over
      ? { status: 'True', reason, message }
      : { status: 'False', reason: said.phase ?? 'Pending', message: '' },
    Passed: over
      ? { status: said.phase === 'Passed' ? 'True' : 'False', reason, message }
      : { status: 'Unknown', reason: said.phase ?? 'Pending', message: '' },
  }
  return experimentConditions.flatMap(type => {
    const before = (status.conditions ?? []).filter(condition => condition.type === type) as Condition[]
    return setCondition(before, { type, observedGeneration, ...verdicts[type] }, new Date(now))
  })
}

/** What is worth an event. */
export function noticesOf({ status: before = {} }: StoredExperiment, after: ExperimentStatus | undefined): Notice[] {
  if (!after) return []
  const note = after.message ?? ''
  const of = (status: ExperimentStatus, type: string) => status.conditions?.find(condition => condition.type === type)
  const complete = of(after, 'Complete')
  if (complete?.status === 'True' && of(before, 'Complete')?.status !== 'True') {
    const type = after.phase === 'Passed' || after.phase === 'Aborted' ? 'Normal' : 'Warning'
    return [{ type, reason: after.reason || after.phase || 'Complete', note }]
  }
  if (after.plan && !before.plan) {
    const { faults, endsBy, seed } = after.plan
    const targets = faults.map(({ name, targets }) => `${name} on ${targets}`).join(', ')
    return [{ type: 'Normal', reason: 'Planned', note: `${targets}; seed ${seed}; over by ${endsBy}` }]
  }
  if (after.phase === 'Pending' && after.reason !== before.reason && after.reason !== 'RunnerStarting')
    return [{ type: 'Normal', reason: after.reason ?? 'Pending', note }]
  return []
}
