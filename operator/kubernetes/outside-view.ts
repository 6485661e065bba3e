// The cluster's testnets and experiments as the metrics of api/metrics/testnet.ts tell them. Pure.
import type { ExperimentStatus } from '../../api/status.ts'
import type { Outcome, OutsideView } from '../outside-metrics.ts'
import type { SeenExperiment, SeenTestnet } from '../testnet/outside-view.ts'
import { isOver } from './chaos/run.ts'
import { type StoredExperiment, testnetOf } from './chaos/stored-experiment.ts'
import type { ReadSource } from './read-api/source.ts'

type Source = Pick<ReadSource, 'testnets' | 'nodes' | 'heads'>

export const outsideView = (source: Source, experiments: readonly StoredExperiment[]): OutsideView => ({
  testnets: seenTestnets(source),
  experiments: experiments.flatMap(experiment => seenExperiment(experiment) ?? []),
})

function seenTestnets(source: Source): SeenTestnet[] {
  return source.testnets().map(({ namespace, name, status, observedAt }) => {
    const nodes = source.nodes({ namespace, name }) ?? []
    const heads = source.heads({ namespace, name }) ?? []
    // Who did not answer in that round is in no group; its view may still have what it said before.
    const answered = new Set(heads.flatMap(({ members }) => members))
    return {
      namespace,
      testnet: name,
      nodes,
      desired: status.nodes?.desired ?? 0,
      ready: status.nodes?.ready ?? 0,
      conditions: (status.conditions ?? []).map(({ type, status }) => ({ type, holds: status === 'True' })),
      // A new leader has asked nobody yet: that is not a network in which nobody answers.
      heads: observedAt === null ? undefined : heads,
      heights: nodes.flatMap(({ name, height, finalized }) =>
        answered.has(name) && height !== null && finalized !== null ? [{ head: height, finalized }] : [],
      ),
    }
  })
}

/** Undefined of one that is over, and of a schedule or repeats: their runs are told. */
function seenExperiment(stored: StoredExperiment): SeenExperiment | undefined {
  const { metadata, status = {} } = stored
  const testnet = testnetOf(stored)
  if (testnet === undefined || isOver(stored) || hasRuns(stored)) return undefined
  const endsAt = Date.parse(status.plan?.endsBy ?? '')
  return {
    namespace: metadata.namespace ?? '',
    testnet,
    experiment: metadata.name,
    phase: status.phase ?? 'Pending',
    faults: (status.faults ?? []).filter(({ injected, recovered }) => injected > recovered).length,
    endsAt: Number.isNaN(endsAt) ? undefined : endsAt,
  }
}

const verdicts = { Passed: 'passed', Failed: 'failed', Inconclusive: 'inconclusive', Aborted: 'aborted' } as const

/**
 * What a run came to, when the status written after is the first that says so: whoever wrote it counts it. That status
 * was written over the version that was seen, so no two processes count the same run, and none counts it again.
 */
export function outcomeOf(stored: StoredExperiment, after: ExperimentStatus | undefined): Outcome | undefined {
  const testnet = testnetOf(stored)
  if (!after || testnet === undefined || hasRuns(stored) || isComplete(stored.status) || !isComplete(after))
    return undefined
  const verdict = verdicts[after.phase as keyof typeof verdicts]
  const [, healSeconds] = /^(\d+(?:\.\d+)?)s$/.exec(stored.status?.healTime ?? '') ?? []
  const healMs = healSeconds === undefined ? undefined : Number(healSeconds) * 1_000
  return verdict && { namespace: stored.metadata.namespace ?? '', testnet, verdict, healMs }
}

const isComplete = (status: ExperimentStatus | undefined): boolean =>
  status?.conditions?.some(({ type, status }) => type === 'Complete' && status === 'True') ?? false

function hasRuns({ spec }: StoredExperiment): boolean {
  const { schedule, repeat } = (spec ?? {}) as { schedule?: unknown; repeat?: unknown }
  return schedule !== undefined || repeat !== undefined
}
