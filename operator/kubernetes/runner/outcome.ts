// What the runner says in the experiment's status. Pure. Every write is the whole of it: what is left out is taken back.

import { MAX_CONDITION_MESSAGE_CHARS } from '../../../api/conditions.ts'
import type { RunRecord } from '../../../api/run.ts'
import type { ExperimentStatus, Phase } from '../../../api/status.ts'
import type { Finding, Verdict } from '../../../api/verdict.ts'
import type { Progress } from '../../../chaos/runner/progress.ts'
import { phaseOf } from '../../run-phase.ts'

/** The runner's fields of the status (api/status.ts). */
export type RunnerStatus = Pick<
  ExperimentStatus,
  | 'phase'
  | 'reason'
  | 'message'
  | 'startedAt'
  | 'endedAt'
  | 'faults'
  | 'healTime'
  | 'deepestReorg'
  | 'verdict'
  | 'fidelity'
  | 'record'
>

const MAX_LINE_CHARS = 512

const reasons: Readonly<Record<Progress['phase'], string>> = {
  preflight: 'Preflight',
  'steady-state': 'WaitingForSteadyState',
  inject: 'FaultsInForce',
  heal: 'WaitingForOneHead',
  observe: 'WaitingForBaseline',
  done: 'Judging',
}

/** While it runs. `startedAt`: when the faults began, milliseconds since the epoch. */
export function statusWhile(
  progress: Progress,
  fidelity: Verdict['fidelity'],
  startedAt: number | undefined,
): RunnerStatus {
  const { phase, message, faults } = progress
  return {
    phase: phaseOf[phase],
    reason: reasons[phase],
    message: message === '' ? 'judging what was recorded' : `waiting for ${message}`,
    ...(startedAt !== undefined && { startedAt: time(startedAt) }),
    fidelity,
    faults: faults.map(({ name, state, targets }) => {
      const all = targets.length
      const injected = state === 'active' || state === 'lifting' || state === 'over' ? all : 0
      return { name, targets: all, injected, recovered: state === 'over' ? all : 0 }
    }),
  }
}

/** When it is over. `notes` are said beside the reason. `aborted`: somebody wanted it to end. */
export function statusAfter(
  { record, verdict }: { readonly record: RunRecord; readonly verdict: Verdict },
  ended: {
    readonly at: number
    readonly aborted: boolean
    readonly notes: readonly string[]
    /** Name of the ConfigMap with the record; undefined when it could not be kept. */
    readonly kept: string | undefined
  },
): RunnerStatus {
  const { findings, result } = verdict
  const startedAt = record.phases.find(({ phase }) => phase === 'inject')?.at
  const took = figure(findings, 'one-head', 'tookMs')
  const deepest = figure(findings, 'reorg-depth', 'deepestBlocks')
  const message = [verdict.reason, ...ended.notes].join('; ')
  return {
    ...endPhase(record, result, ended.aborted),
    message: message.slice(0, MAX_CONDITION_MESSAGE_CHARS),
    ...(startedAt !== undefined && { startedAt: time(startedAt) }),
    endedAt: time(ended.at),
    faults: outcomes(record),
    ...(took !== undefined && { healTime: seconds(took) }),
    ...(deepest !== undefined && { deepestReorg: deepest }),
    verdict: findings.map(lineOf),
    fidelity: verdict.fidelity,
    ...(ended.kept !== undefined && { record: ended.kept }),
  }
}

/** When it could not even begin. */
export const statusRefused = (reason: string, message: string, at: number): RunnerStatus => ({
  phase: 'Inconclusive',
  reason,
  message: message.slice(0, MAX_CONDITION_MESSAGE_CHARS),
  endedAt: time(at),
})

function endPhase(
  { aborted, steady }: RunRecord,
  result: Verdict['result'],
  wanted: boolean,
): { phase: Phase; reason: string } {
  if (aborted !== null) return wanted ? { phase: 'Aborted', reason: 'Aborted' } : inconclusive('RunEnded')
  switch (result) {
    case 'passed':
      return { phase: 'Passed', reason: 'Healed' }
    case 'failed':
      return { phase: 'Failed', reason: 'ExpectationsNotMet' }
    default:
      return inconclusive(steady ? 'NotProven' : 'NoSteadyState')
  }
}

const inconclusive = (reason: string): { phase: Phase; reason: string } => ({ phase: 'Inconclusive', reason })

function outcomes({ experiment, windows }: RunRecord): NonNullable<RunnerStatus['faults']> {
  return experiment.faults.map(({ name }) => {
    const window = windows.find(({ fault }) => fault === name)
    if (!window) return { name, targets: 0, injected: 0, recovered: 0 }
    const { targets, failures, injectedAt, endedAt } = window
    const stuck = new Set(failures.map(({ node }) => node))
    const whole = targets.filter(node => !stuck.has(node)).length
    const injected = injectedAt === null ? whole : targets.length
    return { name, targets: targets.length, injected, recovered: endedAt === null ? injected : whole }
  })
}

function lineOf({ title, passed, value, limit }: Finding): string {
  const word = passed === null ? 'not measured' : passed ? 'passed' : 'failed'
  return `${word}: ${title}: ${value}${limit ? ` (limit: ${limit})` : ''}`.slice(0, MAX_LINE_CHARS)
}

const figure = (findings: readonly Finding[], id: Finding['id'], name: string): number | undefined =>
  findings.find(finding => finding.id === id)?.figures[name]

const time = (ms: number): string => new Date(ms).toISOString()
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)}s`
