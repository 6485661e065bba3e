// Connections across the cuts and peers per node, over time.
import { cutUnder } from '../../reach.ts'
import { type Observations, partitions } from '../../verdict/observations.ts'
import { median } from '../../verdict/wording.ts'

export interface Point {
  readonly at: number
  readonly value: number
}

/**
 * Pairs of nodes that a partition cut and that count each other as peers, at every change; null when no event tells of
 * any such connection. Bytes on such a connection are held while the cut lasts: it stands until its ends give it up.
 */
export function connectionsAcross(observations: Observations): Point[] | null {
  const { events, nodeOf } = observations
  const cuts = partitions(observations).map(({ compiled }) => compiled)
  if (cuts.length === 0) return null
  /** By pair: how many connections each end counts. */
  const pairs = new Map<string, Map<string, number>>()
  const points: Point[] = []
  let open = 0
  const changes = [...events('peer')].sort((a, b) => a.event.at - b.event.at)
  for (const { node, event } of changes) {
    const peer = nodeOf(event.peer)?.name
    if (peer === undefined || !(cutUnder(cuts, node, peer) || cutUnder(cuts, peer, node))) continue
    const key = [node, peer].sort().join(' ')
    const ends = pairs.get(key) ?? new Map<string, number>()
    pairs.set(key, ends)
    const wasOpen = [...ends.values()].some(count => count > 0)
    ends.set(node, Math.max(0, (ends.get(node) ?? 0) + (event.change === 'connected' ? 1 : -1)))
    const isOpen = [...ends.values()].some(count => count > 0)
    if (wasOpen === isOpen) continue
    open += isOpen ? 1 : -1
    points.push({ at: event.at, value: open })
  }
  return points.length > 0 ? points : null
}

/** The median over the nodes that answered. */
export const peersPerNode = ({ rounds }: Observations): Point[] =>
  rounds.flatMap(({ at, digests }) => {
    const value = median([...digests.values()].map(({ peers }) => peers))
    return value === undefined ? [] : [{ at, value }]
  })
