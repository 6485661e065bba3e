// Finding 6: no two finalized checkpoints conflict, and no side without the quorum finalized anything.
import type { Finding } from '../../api/verdict.ts'
import { hearing } from '../reach.ts'
import { parentsOf } from './ancestry.ts'
import { cutsDuring, type Observations, partitions } from './observations.ts'
import { finding, plural, shortHash } from './wording.ts'

const { measured, unmeasured, unknown } = finding('finality', 'Finality safe')

/** Votes cast before the cut may still be counted behind it for so many block intervals, at least MIN_IN_FLIGHT_MS. */
const IN_FLIGHT_BLOCKS = 2
const MIN_IN_FLIGHT_MS = 2_000

const inFlightMs = (blockIntervalMs: number): number => Math.max(MIN_IN_FLIGHT_MS, IN_FLIGHT_BLOCKS * blockIntervalMs)

interface Finalized {
  readonly node: string
  readonly at: number
  readonly hash: string
  readonly height: number
}

export function finality(observations: Observations): Finding {
  const wanted = observations.record.experiment.during?.finality
  const limit = `no conflict; nothing finalized without the quorum${wanted ? `; ${wantedWords[wanted]} while the faults last` : ''}`
  const finalized = finalizedBy(observations)
  if (finalized.length === 0) return unmeasured('nothing about finality was recorded', { limit })
  const conflicts = conflictsOf(observations, finalized)
  const minority = withoutQuorum(observations)
  const progress = finalizedDuring(observations)
  const highest = Math.max(...finalized.map(({ height }) => height))
  const figures = {
    conflicts: conflicts.length,
    withoutQuorum: minority.breaches.length,
    highestFinalized: highest,
    ...(progress && { finalizedDuring: progress.grown }),
  }
  const evidence = [...conflicts, ...minority.breaches, ...minority.notes, ...(progress ? [progress.line] : [])]
  const value = `finalized up to height ${highest}, ${plural(conflicts.length, 'conflict')}, ${plural(minority.breaches.length, 'checkpoint')} without the quorum`
  if (conflicts.length > 0 || minority.breaches.length > 0) return measured(false, { value, limit, figures, evidence })
  if (wanted && progress && wanted !== (progress.grown > 0 ? 'advances' : 'stalls'))
    return measured(false, { value: `${value}; ${progress.line}`, limit, figures, evidence })
  if (wanted && !progress && observations.faults)
    return unmeasured('no sample tells what was finalized while the faults lasted', { limit, figures, evidence })
  if (highest === 0) {
    const fail = observations.record.experiment.steadyState.finalizing ? unmeasured : unknown
    return fail('no checkpoint was ever finalized', { limit, figures, evidence })
  }
  if (minority.untold.length > 0)
    return unmeasured(`events of ${minority.untold.join(', ')} are missing during the fault`, {
      limit,
      figures,
      evidence,
    })
  return measured(true, { value, limit, figures, evidence })
}

const wantedWords = { advances: 'checkpoints are finalized', stalls: 'none is finalized' } as const

/**
 * Heights finalized by any node while faults were in force, as the samples show them; undefined when they do not. What was
 * voted for before the first fault may still be counted in its first moments.
 */
function finalizedDuring(observations: Observations): { grown: number; line: string } | undefined {
  const { faults, rounds, record } = observations
  if (!faults) return undefined
  const from = faults.from + inFlightMs(record.testnet.blockIntervalMs)
  const highest = (round: (typeof rounds)[number]): number =>
    Math.max(...[...round.digests.values()].map(({ finalized }) => finalized.height))
  const inside = rounds.filter(({ at, digests }) => at >= from && at < faults.to && digests.size > 0)
  const [first, last] = [inside[0], inside.at(-1)]
  if (!first || !last || first === last) return undefined
  const grown = highest(last) - highest(first)
  const line =
    grown > 0
      ? `finalized ${plural(grown, 'height')} more while the faults lasted`
      : 'nothing was finalized while the faults lasted'
  return { grown, line }
}

/** Events, and what the samples show where events are missing. */
function finalizedBy({ events, rounds }: Observations): Finalized[] {
  const told = events('finalized').map(({ node, event }) => ({
    node,
    at: event.at,
    hash: event.hash,
    height: event.height,
  }))
  const seen = rounds.flatMap(({ at, digests }) =>
    [...digests].map(([node, { finalized }]) => ({ node, at, ...finalized })),
  )
  return [...told, ...seen]
}

function conflictsOf(observations: Observations, finalized: readonly Finalized[]): string[] {
  const byHeight = new Map<number, Finalized>()
  const conflicts = new Set<string>()
  for (const entry of finalized) {
    const other = byHeight.get(entry.height)
    if (!other) byHeight.set(entry.height, entry)
    else if (other.hash !== entry.hash)
      conflicts.add(
        `height ${entry.height}: ${shortHash(other.hash)} by ${other.node}, ${shortHash(entry.hash)} by ${entry.node}`,
      )
  }
  // Of two finalized blocks the lower must be an ancestor of the higher: what the recorded parents can tell.
  const parents = parentsOf(observations)
  const ladder = [...byHeight.values()].sort((a, b) => a.height - b.height)
  for (const [index, lower] of ladder.entries()) {
    const upper = ladder[index + 1]
    if (!upper) break
    let ancestor: string | undefined = upper.hash
    for (let step = upper.height; step > lower.height && ancestor !== undefined; step--)
      ancestor = parents.get(ancestor)
    if (ancestor !== undefined && ancestor !== lower.hash)
      conflicts.add(
        `${shortHash(upper.hash)} at ${upper.height} does not descend from ${shortHash(lower.hash)} at ${lower.height}`,
      )
  }
  return [...conflicts]
}

/** Checkpoints finalized during a partition by nodes that could not hear votes of the quorum. */
function withoutQuorum(observations: Observations): { breaches: string[]; untold: string[]; notes: string[] } {
  const { nodes, names, record, events } = observations
  const { quorum, blockIntervalMs } = record.testnet
  const weight = new Map(nodes.map(node => [node.name, node.weight]))
  const sum = (list: Iterable<string>): number => [...list].reduce((total, name) => total + (weight.get(name) ?? 0), 0)
  const total = sum(names)
  const inFlight = inFlightMs(blockIntervalMs)
  const breaches: string[] = []
  const untold = new Set<string>()
  const notes: string[] = []
  for (const window of partitions(observations)) {
    const heard = hearing(cutsDuring(observations, window), names)
    const weak = names.filter(name => sum(heard.get(name) ?? []) * quorum.denominator < total * quorum.numerator)
    notes.push(
      `${window.compiled.fault.name}: ${plural(weak.length, 'node')} without the quorum of ${quorum.numerator}/${quorum.denominator}`,
    )
    const from = window.from + inFlight
    for (const node of weak) if (observations.hasGap(node, window.from, window.to)) untold.add(node)
    for (const { node, event } of events('finalized')) {
      if (weak.includes(node) && event.at >= from && event.at < window.to)
        breaches.push(`${node} finalized height ${event.height} without the quorum`)
    }
    // The samples tell too, and need no event stream: a finalized height that grows while the node is weak.
    for (const node of weak) {
      const heights = observations.rounds
        .filter(({ at }) => at >= from && at < window.to)
        .flatMap(({ digests }) => digests.get(node)?.finalized.height ?? [])
      const grown = (heights.at(-1) ?? 0) - (heights[0] ?? 0)
      if (grown > 0 && !breaches.some(text => text.startsWith(`${node} `)))
        breaches.push(`${node} went up by ${grown} finalized heights without the quorum`)
    }
  }
  return { breaches, untold: [...untold], notes }
}
