// Finding 2: the sides speak to each other again, and every node has about as many peers as before.
import type { Finding } from '../../api/verdict.ts'
import { cutUnder } from '../reach.ts'
import { type Observations, partitions, type RunRound } from './observations.ts'
import { finding, median, span } from './wording.ts'

const { measured, unmeasured, unknown } = finding('reconnected', 'Connected across again')

/** Peer counts drift by themselves: this share of the baseline counts as back. */
const BASELINE_SHARE = 0.9

export function reconnected(observations: Observations): Finding {
  const { faults, record, events, nodeOf } = observations
  const { withinMs } = record.experiment.heal
  const limit = `first connection or block across, and ${BASELINE_SHARE * 100} % of the peers, within ${span(withinMs)}`
  if (!faults) return unknown('no fault was injected', { limit })
  const back = peersBack(observations)
  const cuts = partitions(observations).map(({ compiled }) => compiled)
  const across = (node: string, peer: string): boolean => {
    const other = nodeOf(peer)
    return other !== undefined && (cutUnder(cuts, other.name, node) || cutUnder(cuts, node, other.name))
  }
  const crossings = [
    ...events('peer').flatMap(({ node, event }) =>
      event.change === 'connected' && across(node, event.peer)
        ? [{ at: event.at, what: `${node} connected to ${nodeOf(event.peer)?.name}` }]
        : [],
    ),
    ...events('block').flatMap(({ node, event }) =>
      across(node, event.from)
        ? [{ at: event.at, what: `${node} had block ${event.height} from ${nodeOf(event.from)?.name}` }]
        : [],
    ),
  ].filter(({ at }) => at >= faults.to)
  crossings.sort((a, b) => a.at - b.at)
  const first = crossings[0]

  const figures = {
    ...(first && { firstAcrossMs: first.at - faults.to }),
    ...(back && { peersBackMs: back.at - faults.to }),
  }
  const evidence = [...(first ? [first.what] : []), ...missingPeers(observations)]
  const fields = { limit, figures, evidence }
  if (observations.before.length === 0 || observations.after.length === 0)
    return unknown('no samples from before or after the fault', fields)
  const peersText = back ? `peers back after ${span(back.at - faults.to)}` : 'peers not back'
  const peersOk = back !== undefined && back.at - faults.to <= withinMs
  if (cuts.length === 0) return measured(peersOk, { value: peersText, ...fields })
  if (!first && record.events.length === 0) return unmeasured('no event of any node was recorded', fields)
  const firstText = first ? `first across after ${span(first.at - faults.to)}` : 'nothing came across'
  return measured(peersOk && first !== undefined && first.at - faults.to <= withinMs, {
    value: `${firstText}, ${peersText}`,
    ...fields,
  })
}

const baseline = ({ before }: Observations, node: string): number =>
  median(before.flatMap(({ digests }) => digests.get(node)?.peers ?? [])) ?? 0
const isBack = (observations: Observations, { digests }: RunRound, node: string): boolean =>
  (digests.get(node)?.peers ?? -1) >= Math.floor(baseline(observations, node) * BASELINE_SHARE)

/** The first round after the faults in which every node has its peers back. */
const peersBack = (observations: Observations): RunRound | undefined =>
  observations.after.find(round => observations.names.every(node => isBack(observations, round, node)))

function missingPeers(observations: Observations): string[] {
  const last = observations.after.at(-1)
  if (!last || peersBack(observations)) return []
  return observations.names
    .filter(node => !isBack(observations, last, node))
    .map(
      node =>
        `${node} has ${last.digests.get(node)?.peers ?? 'no answer about its'} peers, ${baseline(observations, node)} before`,
    )
}
