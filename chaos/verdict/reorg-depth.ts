// Finding 5: how deep the reorganisations went, per node.
import type { Finding } from '../../api/verdict.ts'
import type { Observations } from './observations.ts'
import { finding, plural } from './wording.ts'

const { measured, unmeasured, unknown } = finding('reorg-depth', 'Reorganisation depth')

export function reorgDepth(observations: Observations): Finding {
  const { faults, record, names, events, ended } = observations
  const max = record.experiment.heal.maxReorgDepth
  const limit = max === undefined ? 'none set' : `at most ${plural(max, 'block')}`
  if (!faults) return unknown('no fault was injected', { limit })
  const reorgs = events('reorg').filter(({ event }) => event.at >= faults.from)
  const deepest = new Map<string, number>()
  for (const { node, event } of reorgs) deepest.set(node, Math.max(deepest.get(node) ?? 0, event.depth))

  // Where events may be missing, the node's own counters give an upper bound.
  const untold: string[] = []
  for (const node of names) {
    if (!observations.hasGap(node, faults.from, ended)) continue
    const ownDeepest = observations.after.findLast(({ digests }) => digests.has(node))?.digests.get(node)
      ?.reorgs.deepest
    if (ownDeepest === undefined || (max !== undefined && ownDeepest > max && (deepest.get(node) ?? 0) <= max))
      untold.push(node)
  }
  const depth = Math.max(0, ...deepest.values())
  // Every node of the losing side gives up the same blocks: a sum over nodes would count a transaction many times.
  const perNode = [...deepest]
    .sort((a, b) => b[1] - a[1])
    .map(([node, blocks]) => {
      const own = reorgs.filter(entry => entry.node === node)
      const returned = own.reduce((sum, { event }) => sum + event.returned, 0)
      return { node, blocks, reorgs: own.length, returned }
    })
  const evidence = perNode.map(
    ({ node, blocks, reorgs, returned }) =>
      `${node}: ${plural(blocks, 'block')} deep, ${plural(reorgs, 'reorg')}, ${plural(returned, 'transaction')} returned to its pool`,
  )
  const returned = Math.max(0, ...perNode.map(node => node.returned))
  const fields = {
    limit,
    figures: {
      deepestBlocks: depth,
      reorgs: reorgs.length,
      mostReturnedTransactions: returned,
    },
    evidence,
  }
  const back = returned > 0 ? `; a node returned at most ${plural(returned, 'transaction')} to its pool` : ''
  const value = `${plural(depth, 'block')} at the deepest${back}`
  if (max !== undefined && depth > max) return measured(false, { value, ...fields })
  if (untold.length > 0)
    return (max === undefined ? unknown : unmeasured)(`events of ${untold.join(', ')} are missing`, fields)
  return max === undefined ? unknown(value, fields) : measured(true, { value, ...fields })
}
