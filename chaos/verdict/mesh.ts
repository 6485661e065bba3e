// Finding 3: the gossip mesh of blocks spans the former cut again.
import type { Finding } from '../../api/verdict.ts'
import { cutUnder, hearing, sidesOf } from '../reach.ts'
import { type Observations, partitions } from './observations.ts'
import { finding, span } from './wording.ts'

const { measured, unknown } = finding('mesh', 'Gossip mesh grafted across')

const isBlockTopic = (topic: string): boolean => /(^|\W)blocks?(\W|$)/.test(topic)

export function mesh(observations: Observations): Finding {
  const { faults, record } = observations
  const { withinMs } = record.experiment.heal
  const limit = `a mesh link for blocks over every cut within ${span(withinMs)}`
  if (!faults) return unknown('no fault was injected', { limit })
  if (partitions(observations).length === 0) return unknown('no fault cut the mesh', { limit })
  const grafted = graftedAt(observations, faults.to) ?? impliedBySizes(observations)
  if (!grafted) return unknown('neither mesh events nor mesh sizes tell', { limit })
  const { at, evidence } = grafted
  if (at === null) return measured(false, { value: 'not grafted across', limit, evidence })
  const took = Math.max(0, at - faults.to)
  return measured(took <= withinMs, {
    value: took === 0 ? 'links across were kept' : `after ${span(took)}`,
    limit,
    figures: { tookMs: took },
    evidence,
  })
}

/** `at` null: the mesh did not come back while it was watched. */
type Grafted = { readonly at: number | null; readonly evidence: readonly string[] }

/** From mesh events: when the last partition had a mesh link across it. undefined when no node told its mesh. */
function graftedAt(observations: Observations, healed: number): Grafted | undefined {
  const changes = observations.events('mesh').filter(({ event }) => isBlockTopic(event.topic))
  if (changes.length === 0) return undefined
  let latest = 0
  const evidence: string[] = []
  for (const { compiled } of partitions(observations)) {
    const across = changes.flatMap(({ node, event }) => {
      const peer = event.peers
        .map(id => observations.nodeOf(id)?.name)
        .find(name => name && (cutUnder([compiled], node, name) || cutUnder([compiled], name, node)))
      return [{ node, at: event.at, peer }]
    })
    // What a node last said before the heal still holds at the heal.
    const kept = new Map(across.filter(({ at }) => at < healed).map(change => [change.node, change]))
    const first = [...kept.values(), ...across.filter(({ at }) => at >= healed).sort((a, b) => a.at - b.at)].find(
      ({ peer }) => peer,
    )
    if (!first) return { at: null, evidence: [`${compiled.fault.name}: no mesh link across`] }
    latest = Math.max(latest, first.at)
    evidence.push(`${compiled.fault.name}: ${first.node} grafted ${first.peer}`)
  }
  return { at: latest, evidence }
}

/** A mesh with more peers than a node's own side has must reach across. undefined when the baseline meshes were not so large. */
function impliedBySizes(observations: Observations): Grafted | undefined {
  const heard = hearing(
    partitions(observations).map(({ compiled }) => compiled),
    observations.names,
  )
  const sideSize = new Map(sidesOf(heard).flatMap(side => side.map(name => [name, side.length] as const)))
  const reachesAcross = ({ digests }: Observations['rounds'][number]): boolean =>
    [...digests].some(([node, { mesh }]) =>
      Object.entries(mesh).some(
        ([topic, size]) => isBlockTopic(topic) && size >= (sideSize.get(node) ?? Number.POSITIVE_INFINITY),
      ),
    )
  if (!observations.before.some(reachesAcross)) return undefined
  const round = observations.after.find(reachesAcross)
  return { at: round ? round.at : null, evidence: ['told by mesh sizes larger than a side'] }
}
