// An experiment of a cluster as the dashboard shows it, out of its status. Pure.
import type { ChaosExperiment } from '../../../api/experiment.ts'
import { type ExperimentStatus, endPhases } from '../../../api/status.ts'
import { milliseconds } from '../../../api/units.ts'
import type { SelectableNode } from '../../../chaos/select.ts'
import {
  checkStoredExperiment,
  type StoredExperiment,
  testnetOf,
} from '../../../operator/kubernetes/chaos/stored-experiment.ts'
import { aimsOf, type FaultAims, progressOf } from '../../source/cluster/chaos-progress.ts'
import type { TimelineEntry, WatchedExperiment } from './picture.ts'

/** `nodes`: of its testnet, so that the sides of partitions are known; `now`: milliseconds since the epoch. */
export function clusterExperiment(
  stored: StoredExperiment,
  nodes: readonly SelectableNode[],
  now: number,
): WatchedExperiment {
  const { metadata, status = {} } = stored
  const { valid } = checkStoredExperiment(stored)
  const experiment: ChaosExperiment | undefined = valid && {
    apiVersion: 'trellis.dev/v1alpha1',
    kind: 'ChaosExperiment',
    metadata: { name: metadata.name },
    spec: valid.spec,
  }
  const healWithinMs = valid ? milliseconds(valid.spec.heal.within) : 0
  const progress = progressOf(status, aims(experiment, status, nodes), undefined, healWithinMs, now)
  const over = endPhases.some(end => end === status.phase)
  return {
    name: metadata.name,
    testnet: testnetOf(stored) ?? '',
    phase: status.phase ?? 'Pending',
    message: status.message ?? status.reason ?? '',
    startedAt: time(status.startedAt),
    until: progress?.until ?? null,
    over,
    faults: progress
      ? progress.faults.map(({ targets, sides, ...rest }) => ({
          ...rest,
          targets: targets.length || planned(status, rest.name),
          sides: sides.map(({ length }) => length),
        }))
      : (status.plan?.faults ?? []).map(({ name, targets }) => ({
          name,
          state: over ? 'over' : 'waiting',
          until: null,
          targets,
          sides: [],
        })),
    verdict: status.verdict ?? [],
    timeline: timeline(metadata.creationTimestamp, status),
  }
}

const planned = ({ plan }: ExperimentStatus, fault: string): number =>
  plan?.faults.find(({ name }) => name === fault)?.targets ?? 0

/** Without them faults are shown all the same. */
function aims(
  experiment: ChaosExperiment | undefined,
  { plan }: ExperimentStatus,
  nodes: readonly SelectableNode[],
): FaultAims {
  if (!experiment || !plan || nodes.length === 0) return new Map()
  try {
    return aimsOf(experiment, plan.seed, nodes)
  } catch {
    // Its testnet has changed since.
    return new Map()
  }
}

function timeline(created: unknown, status: ExperimentStatus): TimelineEntry[] {
  const startedAt = time(status.startedAt)
  const endedAt = time(status.endedAt)
  const entries: TimelineEntry[] = []
  const add = (at: number | null, text: string): void => void (at !== null && entries.push({ at, text }))
  add(time(created), 'created')
  add(time(status.waitingSince), 'its turn; it waits for its testnet')
  add(startedAt, 'the faults begin')
  for (const { name, at, until } of startedAt === null ? [] : (status.plan?.faults ?? [])) {
    const [from, to] = [startedAt! + milliseconds(at), startedAt! + milliseconds(until)]
    // What was aborted before did not happen.
    if (endedAt === null || from <= endedAt) add(from, `${name} begins`)
    if (endedAt === null || to <= endedAt) add(to, `${name} ends`)
  }
  add(
    endedAt,
    [status.phase ?? 'over', status.healTime && `one head after ${status.healTime}`].filter(Boolean).join(', '),
  )
  return entries.sort((a, b) => a.at - b.at)
}

function time(stamp: unknown): number | null {
  const at = Date.parse(String(stamp))
  return Number.isFinite(at) ? at : null
}
