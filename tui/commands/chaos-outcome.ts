// How a run in a cluster ended: its recorded run judged here again, or what its status tells when there is none.
import { isSeries } from '../../api/experiment.ts'
import type { RunRecord } from '../../api/run.ts'
import type { ExperimentStatus } from '../../api/status.ts'
import { exitCodes, type Result, type Verdict } from '../../api/verdict.ts'
import { runJson } from '../../chaos/report/json.ts'
import { judge } from '../../chaos/verdict/judge.ts'
import type { StoredExperiment } from '../../operator/kubernetes/chaos/stored-experiment.ts'
import type { ExperimentFile } from '../documents.ts'
import { type ExitCode, InterruptedError, type SetExit, UsageError } from '../exit-codes.ts'
import { fetchRecord } from '../source/cluster/chaos-record.ts'
import type { Cluster } from '../source/cluster/connect.ts'
import type { Terminal } from '../terminal.ts'
import { type ReportOptions, report, reportVerdict, writeReport } from './chaos-reports.ts'

/** Reasons of Inconclusive for which nothing was begun: usage or environment, as on this machine. */
const refused = new Set([
  'Invalid',
  'TooLarge',
  'Busy',
  'TestnetNotFound',
  'PreflightFailed',
  'Unusable',
  'Unsupported',
])

export interface Telling {
  readonly cluster: Cluster
  readonly options: ReportOptions
  readonly terminal: Terminal
  readonly setExit: SetExit
  readonly signal: AbortSignal
}

/** Prints, writes reports, sets the exit code. @throws UsageError and InterruptedError when nothing was begun */
export async function tellOutcome(over: StoredExperiment, document: ExperimentFile, telling: Telling): Promise<void> {
  const { cluster, options, terminal, setExit, signal } = telling
  const { status = {} } = over
  const { name } = over.metadata
  const found = isSeries(document.parsed.value)
    ? { none: 'each run has its own' }
    : await fetchRecord(cluster, over, signal)
  if ('record' in found) {
    const { record } = found
    const verdict = judge(record)
    if (options.record) writeReport(options.record, runJson(record))
    report({ record, verdict }, options, terminal, setExit)
    const said = resultOf(status)
    if (agrees(status, verdict)) return
    terminal.err(
      `the status says ${status.phase}, and the record judged here ${verdict.result}${whyOther(record)}: the worse of the two counts`,
    )
    return setExit(codeOf(worth(said) > worth(verdict.result) ? said : verdict.result))
  }
  if (status.phase === 'Aborted' && status.startedAt === undefined)
    throw new InterruptedError(`${name} was aborted before it began`, 'run it again with --replace')
  if (status.phase === 'Inconclusive' && refused.has(status.reason ?? ''))
    throw new UsageError(`${status.reason}: ${status.message}`, `mend that, and run it again with --replace`)
  for (const line of status.verdict ?? []) terminal.err(line)
  reportVerdict(verdictOf(over, document), secondsOf(status), options, terminal, setExit)
  const missing = [options.report && '--report', options.record && '--record'].filter(Boolean)
  if (missing.length > 0) terminal.err(`no recorded run: ${found.none}; ${missing.join(' and ')} wrote nothing`)
}

/** What the status tells, when there is no record to judge. */
function verdictOf({ metadata, status = {} }: StoredExperiment, { parsed }: ExperimentFile): Verdict {
  return {
    experiment: metadata.name,
    testnet: parsed.value.spec.testnet,
    result: resultOf(status),
    reason: `${status.reason ?? status.phase ?? ''}: ${status.message ?? ''}`,
    fidelity: status.fidelity ?? 'userspace',
    findings: [],
  }
}

function resultOf({ phase }: ExperimentStatus): Result {
  return phase === 'Passed' ? 'passed' : phase === 'Failed' ? 'failed' : 'inconclusive'
}

/** A run that was ended may have failed by what was recorded until then: finality in conflict counts always. */
const agrees = (status: ExperimentStatus, { result }: Verdict): boolean =>
  status.phase === 'Aborted' ? result !== 'passed' : result === resultOf(status)

const order: readonly Result[] = ['passed', 'inconclusive', 'failed']
const worth = (result: Result): number => order.indexOf(result)
const codeOf = (result: Result): ExitCode => exitCodes[result] as ExitCode

const whyOther = ({ notes }: RunRecord): string =>
  notes.some(note => note.startsWith('cut to fit'))
    ? ' (its middle is left out, because it was too large to be kept)'
    : ''

const secondsOf = ({ startedAt, endedAt }: ExperimentStatus): number =>
  startedAt && endedAt ? (Date.parse(endedAt) - Date.parse(startedAt)) / 1_000 : 0
