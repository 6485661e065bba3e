// Experiments as `trellis chaos list` tells them: the same fields for this machine and for a cluster. Pure.
import { type ExperimentStatus, endPhases, experimentPhases } from '../../api/status.ts'
import type { StoredExperiment } from '../../operator/kubernetes/chaos/stored-experiment.ts'
import { testnetOf } from '../../operator/kubernetes/chaos/stored-experiment.ts'
import type { Claim } from '../../operator/local/experiment-claim.ts'

export interface ExperimentRow {
  readonly name: string
  /** Empty on this machine. */
  readonly namespace: string
  readonly testnet: string
  /** As in the status of a ChaosExperiment; `Running` on this machine, where only the command that runs it knows more. */
  readonly phase: string
  readonly reason: string
  readonly message: string
  readonly healTime: string | null
  readonly deepestReorg: number | null
  readonly fidelity: string | null
  readonly ageMs: number
  /** Of the command that runs it on this machine. */
  readonly pid: number | null
}

export function clusterRow({ metadata, spec, status = {} }: StoredExperiment, now: number): ExperimentRow {
  const { phase = 'Pending', reason = '', message = '', healTime, deepestReorg, fidelity }: ExperimentStatus = status
  const created = Date.parse(String(metadata.creationTimestamp))
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    testnet: testnetOf({ metadata, spec }) ?? '',
    phase,
    reason,
    message,
    healTime: healTime ?? null,
    deepestReorg: deepestReorg ?? null,
    fidelity: fidelity ?? null,
    ageMs: Number.isFinite(created) ? now - created : 0,
    pid: null,
  }
}

export const localRow = (testnet: string, { experiment, pid, since }: Claim, now: number): ExperimentRow => ({
  name: experiment,
  namespace: '',
  testnet,
  phase: 'Running',
  reason: '',
  message: '',
  healTime: null,
  deepestReorg: null,
  fidelity: 'userspace',
  ageMs: now - since,
  pid,
})

/** Those that go on first, in the order of their phases; then the newest first. */
export function inOrder(rows: readonly ExperimentRow[]): ExperimentRow[] {
  const isOver = ({ phase }: ExperimentRow): boolean => endPhases.some(end => end === phase)
  const rank = ({ phase }: ExperimentRow): number => (experimentPhases as readonly string[]).indexOf(phase)
  return [...rows].sort((a, b) => {
    if (isOver(a) !== isOver(b)) return isOver(a) ? 1 : -1
    return isOver(a) ? a.ageMs - b.ageMs : rank(b) - rank(a) || a.ageMs - b.ageMs
  })
}
