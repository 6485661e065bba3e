// Finding 8: blocks that never reached a node, and blocks a node took twice.
import type { Finding } from '../../api/verdict.ts'
import { sameChain } from '../convergence.ts'
import { type Observations, replacedOnPurpose } from './observations.ts'
import { finding, plural, shortHash } from './wording.ts'

const { measured, unmeasured, unknown } = finding('blocks', 'Blocks delivered')

/** The last blocks may still be on their way when the record ends. */
const ON_THE_WAY_BLOCKS = 2
const ON_THE_WAY_MS = 1_000

export function blocks(observations: Observations): Finding {
  const { record, names, faults, events, rounds } = observations
  const { lostBlocks } = record.experiment.heal
  const limit = `at most ${lostBlocks} lost, none twice`
  if (!faults) return unknown('no fault was injected', { limit })
  const arrivals = events('block')
  const seen = new Map<string, Map<string, number>>()
  const parents = new Map<string, string>()
  const madeAt = new Map<string, number>()
  // By when it was made, as the fastest node tells it: each adds the time of its import, and a block that was made just
  // before the fault would count at some nodes only.
  for (const { event } of arrivals)
    madeAt.set(event.hash, Math.min(madeAt.get(event.hash) ?? Number.POSITIVE_INFINITY, event.at - event.delayMs))
  for (const { node, event } of arrivals) {
    if (madeAt.get(event.hash)! < faults.from) continue
    parents.set(event.hash, event.parent)
    const byNode = seen.get(event.hash) ?? new Map<string, number>()
    byNode.set(node, (byNode.get(node) ?? 0) + 1)
    seen.set(event.hash, byNode)
  }
  if (seen.size === 0) return unmeasured('no block was recorded', { limit })

  // The chain all ended on, back to the first fault: each of its blocks must have come to every node, once.
  const end = rounds.findLast(({ views }) => views.length > 0)
  const last = end?.views.reduce((a, b) => (a.height >= b.height ? a : b))
  const main: string[] = []
  let onMainChain = ON_THE_WAY_BLOCKS
  for (let hash = last?.recent[ON_THE_WAY_BLOCKS]; hash !== undefined && seen.has(hash); hash = parents.get(hash)) {
    onMainChain++
    if (madeAt.get(hash)! <= end!.at - ON_THE_WAY_MS) main.push(hash)
  }
  const blind = names.filter(node => observations.hasGap(node, faults.from, observations.ended))
  const watched = names.filter(node => !blind.includes(node))
  const lost = main.flatMap(hash =>
    watched.filter(node => !seen.get(hash)?.has(node)).map(node => `${shortHash(hash)} never reached ${node}`),
  )
  const twice = [...seen].flatMap(([hash, byNode]) =>
    [...byNode]
      .filter(([node, count]) => count > 1 && watched.includes(node))
      .map(([node, count]) => `${node} took ${shortHash(hash)} ${count} times`),
  )
  const deliveries = main.length * watched.length
  const figures = {
    deliveries,
    lost: lost.length,
    duplicated: twice.length,
    mainChainBlocks: main.length,
    otherBlocks: Math.max(0, seen.size - onMainChain),
  }
  const evidence = [...lost, ...twice, ...(blind.length > 0 ? [`not watched without a gap: ${blind.join(', ')}`] : [])]
  const value = `${lost.length} of ${plural(deliveries, 'delivery').replace('deliverys', 'deliveries')} lost, ${twice.length} doubled; ${plural(Math.max(0, seen.size - onMainChain), 'block')} off the main chain`
  const fields = { limit, figures, evidence }
  if (lost.length > lostBlocks || twice.length > 0) return measured(false, { value, ...fields })
  // Nobody follows a chain without its blocks: those of nodes that ended on it came, though nobody counted them.
  const replaced = replacedOnPurpose(observations)
  const onMain = new Set(end?.views.filter(view => last && sameChain(view, last)).map(({ name }) => name))
  if (watched.length === 0 && names.every(node => replaced.has(node) && onMain.has(node))) {
    const told = `every node ended on one chain; what its process told before it was ended is not whole at any of ${plural(names.length, 'node')}`
    return measured(true, { value: told, ...fields })
  }
  if (watched.length === 0 || main.length === 0)
    return unmeasured(watched.length === 0 ? 'every event stream had gaps' : 'the main chain is not recorded', fields)
  return measured(true, { value, ...fields })
}
