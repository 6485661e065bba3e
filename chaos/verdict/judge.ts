// The verdict: a pure function of the recorded run.
import type { RunRecord } from '../../api/run.ts'
import type { Finding, Result, Verdict } from '../../api/verdict.ts'
import { baseline } from './baseline.ts'
import { bit } from './bit.ts'
import { blocks } from './blocks.ts'
import { canaries } from './canaries.ts'
import { finality } from './finality.ts'
import { mesh } from './mesh.ts'
import { type Observations, observe } from './observations.ts'
import { oneHead } from './one-head.ts'
import { reconnected } from './reconnected.ts'
import { reorgDepth } from './reorg-depth.ts'

const questions: readonly ((observations: Observations) => Finding)[] = [
  bit,
  reconnected,
  mesh,
  oneHead,
  reorgDepth,
  finality,
  canaries,
  blocks,
  baseline,
]

export function judge(record: RunRecord): Verdict {
  const observations = observe(record)
  const findings = questions.map(question => question(observations))
  return {
    experiment: record.experiment.name,
    testnet: record.testnet.name,
    ...conclude(record, findings),
    fidelity: record.injector,
    findings,
  }
}

/**
 * Two finalized checkpoints in conflict fail a run whatever else happened. Otherwise a run proves nothing unless it went
 * to its end, from a steady state, with faults that bit; then any failed finding fails it, and a needed one that could
 * not be measured leaves it open.
 */
function conclude(
  { aborted, steady, notes }: RunRecord,
  findings: readonly Finding[],
): { result: Result; reason: string } {
  const of = (result: Result, reason: string): { result: Result; reason: string } => ({ result, reason })
  const find = (id: Finding['id']): Finding => findings.find(finding => finding.id === id)!
  const named = (list: readonly Finding[]): string => list.map(({ title, value }) => `${title}: ${value}`).join('; ')
  const conflicts = find('finality').figures.conflicts ?? 0
  if (conflicts > 0) return of('failed', named([find('finality')]))
  if (aborted !== null) return of('inconclusive', `aborted: ${aborted}`)
  if (!steady) return of('inconclusive', `no steady state to start from${notes.length > 0 ? `: ${notes.at(-1)}` : ''}`)
  const fault = find('bit')
  if (fault.passed !== true) return of('inconclusive', `the fault is not proved: ${fault.value}`)
  const failed = findings.filter(({ passed }) => passed === false)
  if (failed.length > 0)
    return of('failed', failed.map(({ title, value, limit }) => `${title}: ${value} (limit: ${limit})`).join('; '))
  const open = findings.filter(({ passed, needed }) => needed && passed === null)
  if (open.length > 0) return of('inconclusive', `not measured: ${named(open)}`)
  return of('passed', `one head on all nodes ${find('one-head').value}`)
}
