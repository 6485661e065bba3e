// What is known from outside of a run in a cluster, in the terms of a runner: the progress that is shown. Pure.
import { type ChaosExperiment, resolveExperiment } from '../../../api/experiment.ts'
import type { HeadView, NodeView } from '../../../api/read-api.ts'
import type { ExperimentStatus } from '../../../api/status.ts'
import { milliseconds } from '../../../api/units.ts'
import type { ChainView } from '../../../chaos/convergence.ts'
import { compile } from '../../../chaos/matrix.ts'
import { hearing, sidesOf } from '../../../chaos/reach.ts'
import type { FaultProgress, Progress } from '../../../chaos/runner/progress.ts'
import type { SelectableNode } from '../../../chaos/select.ts'

/** What the operator told of the nodes a moment ago. */
export interface Sight {
  readonly nodes: readonly NodeView[]
  readonly heads: readonly HeadView[]
}

/** As many blocks as nodes tell of themselves. */
const MAX_RECENT = 64

export type FaultAims = ReadonlyMap<string, Pick<FaultProgress, 'targets' | 'sides'>>

/** The choices that the runner makes from the same seed: whom each fault hits, and the sides of partitions. */
export function aimsOf(experiment: ChaosExperiment, seed: string, nodes: readonly SelectableNode[]): FaultAims {
  const names = nodes.map(({ name }) => name)
  return new Map(
    compile({ ...resolveExperiment(experiment), seed }, nodes).map(compiled => {
      const sides = compiled.fault.action.kind === 'partition' ? sidesOf(hearing([compiled], names)) : []
      return [compiled.fault.name, { targets: compiled.targets, sides }]
    }),
  )
}

/** Undefined while no runner tells of the run. `healWithinMs`: of the experiment; `now`: milliseconds since the epoch. */
export function progressOf(
  status: ExperimentStatus,
  aims: FaultAims,
  sight: Sight | undefined,
  healWithinMs: number,
  now: number,
): Progress | undefined {
  const phase = phaseOf(status)
  if (phase === undefined) return undefined
  const startedAt = status.startedAt === undefined ? undefined : Date.parse(status.startedAt)
  const ends = (status.plan?.faults ?? []).map(({ until }) => milliseconds(until))
  const lastEnd = startedAt === undefined ? null : startedAt + Math.max(0, ...ends)
  return {
    phase,
    message: (status.message ?? '').replace(/^waiting for /, ''),
    until: phase === 'inject' ? lastEnd : phase === 'heal' && lastEnd !== null ? lastEnd + healWithinMs : null,
    heads: sight?.heads ?? [],
    views: sight ? chainViews(sight) : [],
    silent: sight?.nodes.filter(({ height }) => height === null).map(({ name }) => name) ?? [],
    faults: faultsOf(status, aims, startedAt, phase, now),
    canaries: { sent: 0, refused: 0 },
  }
}

function phaseOf({ phase, reason }: ExperimentStatus): Progress['phase'] | undefined {
  switch (phase) {
    case 'SteadyState':
      return reason === 'Preflight' ? 'preflight' : 'steady-state'
    case 'Injecting':
      return 'inject'
    case 'Healing':
      return reason === 'WaitingForBaseline' ? 'observe' : reason === 'Judging' ? 'done' : 'heal'
    default:
      return undefined
  }
}

function faultsOf(
  { plan, faults = [] }: ExperimentStatus,
  aims: FaultAims,
  startedAt: number | undefined,
  phase: Progress['phase'],
  now: number,
): FaultProgress[] {
  return (plan?.faults ?? []).map(({ name, at, until }) => {
    const { targets = 0, injected = 0, recovered = 0 } = faults.find(fault => fault.name === name) ?? {}
    const begins = startedAt === undefined ? null : startedAt + milliseconds(at)
    const ends = startedAt === undefined ? null : startedAt + milliseconds(until)
    const aim = aims.get(name) ?? { targets: [], sides: [] }
    const of = (state: FaultProgress['state'], due: number | null): FaultProgress => ({
      name,
      state,
      until: due,
      ...aim,
    })
    if (targets > 0 && recovered >= targets) return of('over', null)
    if (injected > 0) return ends !== null && now >= ends ? of('lifting', null) : of('active', ends)
    if (phase === 'heal' || phase === 'observe' || phase === 'done') return of('failed', null)
    return begins !== null && now >= begins ? of('injecting', null) : of('waiting', begins)
  })
}

/**
 * Chains that part where the operator says that they do. It tells of each node only its head, and of each group of heads
 * where it left the first group; the blocks between have names of their own here, that nobody is shown.
 */
export function chainViews({ nodes, heads }: Sight): ChainView[] {
  const [first] = heads
  return heads.flatMap(({ hash, height, members, forkDepth }, group) => {
    const parted = forkDepth === null ? -1 : Math.min(height, first!.height) - forkDepth
    const own = nodes.filter(node => members.includes(node.name))
    const known = new Map(own.map(node => [node.height, node.head]))
    known.set(height, hash)
    const hashAt = (at: number): string =>
      group === 0 || at <= parted ? sharedHash(at) : (known.get(at) ?? `${group}/${at}`)
    return own.flatMap(({ name, height: top, head }) => {
      if (top === null || head === null) return []
      const below = Array.from({ length: Math.min(top, MAX_RECENT - 1) }, (_, back) => hashAt(top - 1 - back))
      return [{ name, height: top, recent: [head, ...below] }]
    })
  })

  function sharedHash(at: number): string {
    if (at === first?.height) return first.hash
    return nodes.find(({ name, height }) => height === at && first?.members.includes(name))?.head ?? `0/${at}`
  }
}
