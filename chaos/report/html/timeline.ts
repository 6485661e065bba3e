// What happened when, in words: phases, faults, and what the findings found.
import type { Verdict } from '../../../api/verdict.ts'
import type { Observations } from '../../verdict/observations.ts'
import { plural, span } from '../../verdict/wording.ts'

export const MAX_TIMELINE = 60

export interface Moment {
  readonly at: number
  readonly what: string
}

const phases: Readonly<Record<string, string>> = {
  preflight: 'asked every node whether it is there and itself',
  'steady-state': 'waited for one growing chain on all nodes',
  inject: 'steady; the time of the faults began',
  heal: 'every fault is over; waited for one head',
  observe: 'one head; watched peers, mesh and block delay settle',
  done: 'the record ends',
}

/** In order of time, at most MAX_TIMELINE. */
export function timelineOf(observations: Observations, verdict: Verdict): Moment[] {
  const { record, faults } = observations
  const moments: Moment[] = record.phases.map(({ phase, at }) => ({ at, what: phases[phase] ?? phase }))
  for (const { fault, injectedAt, liftedAt, endedAt, targets, failures, hits } of record.windows) {
    const nodes = plural(targets.length, 'node')
    if (injectedAt !== null)
      moments.push({
        at: injectedAt,
        what: `${fault}: in force at ${hits && hits.length > 1 ? 'the first of ' : ''}${nodes}`,
      })
    if (liftedAt !== null) moments.push({ at: liftedAt, what: `${fault}: lifting began` })
    if (endedAt !== null) moments.push({ at: endedAt, what: `${fault}: gone from the last node` })
    for (const { node, message } of failures.slice(0, 4))
      moments.push({ at: endedAt ?? injectedAt ?? observations.ended, what: `${fault}: ${node}: ${message}` })
  }
  const figure = (id: string, name: string): number | undefined =>
    verdict.findings.find(finding => finding.id === id)?.figures[name]
  if (faults) {
    const after = (ms: number | undefined, what: string): void => {
      if (ms !== undefined) moments.push({ at: faults.to + ms, what: `${what}, ${span(ms)} after the last fault` })
    }
    after(figure('reconnected', 'firstAcrossMs'), 'first connection or block across')
    after(figure('reconnected', 'peersBackMs'), 'every node has its peers back')
    after(figure('mesh', 'tookMs'), 'the gossip mesh spans the former cut')
    after(figure('one-head', 'tookMs'), 'one head on all nodes, from here on stable')
    moments.push(...deepestReorg(observations, faults.from), ...finality(observations, faults.to))
  }
  for (const { node, from, to } of record.gaps)
    moments.push({ at: from, what: `${node}: events may be missing for ${span(to - from)}` })
  moments.sort((a, b) => a.at - b.at)
  if (moments.length <= MAX_TIMELINE) return moments
  const kept = moments.slice(0, MAX_TIMELINE - 1)
  return [...kept, { at: moments.at(-1)!.at, what: `and ${moments.length - kept.length} more` }]
}

function deepestReorg({ events }: Observations, from: number): Moment[] {
  const reorgs = events('reorg').filter(({ event }) => event.at >= from)
  if (reorgs.length === 0) return []
  const { node, event } = reorgs.reduce((a, b) => (b.event.depth > a.event.depth ? b : a))
  return [{ at: event.at, what: `${node} gave up ${plural(event.depth, 'block')}, the deepest reorganisation` }]
}

/** The first checkpoint that was finalized after the faults. */
function finality({ events }: Observations, to: number): Moment[] {
  const first = events('finalized')
    .filter(({ event }) => event.at >= to)
    .reduce<Moment | undefined>(
      (best, { node, event }) =>
        best && best.at <= event.at
          ? best
          : { at: event.at, what: `${node} finalized height ${event.height}, the first after the faults` },
      undefined,
    )
  return first ? [first] : []
}
