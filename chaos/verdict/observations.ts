// The recorded run as the findings ask for it. Built once from the record; nothing here judges.
import type { NodeEvent, NodeEventKind } from '../../api/observation.ts'
import type { FaultWindow, RunNode, RunRecord, StatusDigest } from '../../api/run.ts'
import type { Round } from '../convergence.ts'
import { type CompiledFault, compile } from '../matrix.ts'

export type EventOf<K extends NodeEventKind> = Extract<NodeEvent, { kind: K }>

export interface Window {
  readonly compiled: CompiledFault
  readonly record: FaultWindow
  /** In force at every target from the one moment to the other. */
  readonly from: number
  readonly to: number
  /** Gone from the last target. */
  readonly gone: number
}

export interface RunRound extends Round {
  readonly digests: ReadonlyMap<string, StatusDigest>
  /** When each node's answer came. */
  readonly answeredAt: ReadonlyMap<string, number>
}

export interface Observations {
  readonly record: RunRecord
  readonly nodes: readonly RunNode[]
  readonly names: readonly string[]
  /** By name, injected or not. */
  readonly compiled: ReadonlyMap<string, CompiledFault>
  /** Faults that were injected at all their targets, and ended. */
  readonly windows: readonly Window[]
  readonly rounds: readonly RunRound[]
  /** Start of the first fault and end of the last; null when none was injected. */
  readonly faults: { readonly from: number; readonly to: number } | null
  /** Rounds of the steady state, before the first fault. */
  readonly before: readonly RunRound[]
  /** Rounds after the last fault. */
  readonly after: readonly RunRound[]
  /** When the steady state began, when injecting began, and when the record ends. */
  readonly began: number
  readonly injecting: number
  readonly ended: number
  events<K extends NodeEventKind>(kind: K): readonly { node: string; event: EventOf<K> }[]
  /** Node by its name or peer id. */
  nodeOf(peer: string): RunNode | undefined
  /** True when events of the node may be missing within the time. */
  hasGap(node: string, from: number, to: number): boolean
}

export function observe(record: RunRecord): Observations {
  const nodes = record.testnet.nodes
  const byPeer = new Map(nodes.flatMap(node => [[node.name, node] as const, [node.peerId, node] as const]))
  const compiled = new Map(compile(record.experiment, nodes).map(fault => [fault.fault.name, fault]))
  const windows = record.windows.flatMap(window => {
    const fault = compiled.get(window.fault)
    if (!fault || window.injectedAt === null || window.liftedAt === null || window.endedAt === null) return []
    return [{ compiled: fault, record: window, from: window.injectedAt, to: window.liftedAt, gone: window.endedAt }]
  })
  const rounds = roundsOf(record)
  const faults =
    windows.length === 0
      ? null
      : { from: Math.min(...windows.map(({ from }) => from)), to: Math.max(...windows.map(({ gone }) => gone)) }
  const began = record.phases.find(({ phase }) => phase === 'steady-state')?.at ?? rounds[0]?.at ?? 0
  // The first row of the first fault stands before the moment all are injected: the baseline ends where injecting began.
  const injecting =
    record.phases.find(({ phase }) => phase === 'inject')?.at ?? faults?.from ?? Number.POSITIVE_INFINITY
  const byKind = new Map<string, { node: string; event: NodeEvent }[]>()
  for (const entry of record.events) {
    const list = byKind.get(entry.event.kind)
    if (list) list.push(entry)
    else byKind.set(entry.event.kind, [entry])
  }
  return {
    record,
    nodes,
    compiled,
    windows,
    rounds,
    faults,
    began,
    injecting,
    names: nodes.map(({ name }) => name),
    before: rounds.filter(({ at }) => at >= began && at <= injecting),
    after: faults ? rounds.filter(({ at }) => at >= faults.to) : [],
    ended: record.phases.find(({ phase }) => phase === 'done')?.at ?? rounds.at(-1)?.at ?? began,
    events: <K extends NodeEventKind>(kind: K) =>
      (byKind.get(kind) ?? []) as unknown as { node: string; event: EventOf<K> }[],
    nodeOf: peer => byPeer.get(peer),
    hasGap: (node, from, to) => record.gaps.some(gap => gap.node === node && gap.from <= to && from <= gap.to),
  }
}

function roundsOf({ samples }: RunRecord): RunRound[] {
  const rounds = new Map<
    number,
    {
      round: number
      at: number
      views: RunRound['views'][number][]
      silent: string[]
      digests: Map<string, StatusDigest>
      answeredAt: Map<string, number>
    }
  >()
  const recents = new Map<string, readonly string[]>()
  for (const { round, at, node, status } of samples) {
    let entry = rounds.get(round)
    if (!entry) {
      entry = { round, at, views: [], silent: [], digests: new Map(), answeredAt: new Map() }
      rounds.set(round, entry)
    }
    entry.at = Math.max(entry.at, at)
    if (!status) {
      entry.silent.push(node)
      continue
    }
    const recent = status.recent ?? recents.get(node) ?? [status.head.hash]
    recents.set(node, recent)
    entry.digests.set(node, status)
    entry.answeredAt.set(node, at)
    entry.views.push({ name: node, height: status.head.height, recent })
  }
  return [...rounds.values()].sort((a, b) => a.round - b.round)
}

/** Partitions that were in force, one-way ones included. */
export const partitions = ({ windows }: Observations): Window[] =>
  windows.filter(({ compiled }) => compiled.fault.action.kind === 'partition')

/** The partition and whatever else cuts links all the while it is in force. */
export const cutsDuring = (observations: Observations, window: Window): CompiledFault[] =>
  partitions(observations)
    .filter(({ from, to }) => from <= window.from && window.to <= to)
    .map(({ compiled }) => compiled)

/** How often each node was given another process on purpose, by faults that took effect in part only as well. */
export function replacedOnPurpose({ record, compiled }: Observations): Map<string, number> {
  const times = new Map<string, number>()
  for (const { fault, hits } of record.windows) {
    const of = compiled.get(fault)
    if (of?.fault.action.kind !== 'kill' && of?.fault.action.kind !== 'restart') continue
    for (const node of hits?.map(hit => hit.node) ?? of.targets) times.set(node, (times.get(node) ?? 0) + 1)
  }
  return times
}
