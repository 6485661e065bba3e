// A partition bit when its drops held bytes, nothing crossed it, and sides that both make blocks parted.
import { forkDepth, MAX_LAG_BLOCKS } from '../convergence.ts'
import { cutUnder, hearing, sidesOf } from '../reach.ts'
import type { Bite } from './bite-lifecycle.ts'
import { cutsDuring, type Observations, type RunRound, type Window } from './observations.ts'
import { plural, span } from './wording.ts'

/** What was received before the cut may still be in validation: imports later than this crossed it. */
const IN_VALIDATION_MS = 1_000

export function partitionBite(observations: Observations, window: Window): Bite {
  const { record } = window
  const links = record.counters.flatMap(({ links }) => links)
  const held = links.reduce((sum, { heldBytes }) => sum + heldBytes, 0)
  const leaked = links.reduce((sum, { leakedBytes }) => sum + leakedBytes, 0)
  const crossed = blocksAcross(observations, window)
  const parted = divergence(observations, window)
  const lines = [
    `in force for ${span(window.to - window.from)} at ${plural(record.targets.length, 'node')}`,
    `${held} bytes held, ${leaked} leaked`,
    ...crossed.map(({ node, from, height }) => `block ${height} went from ${from} to ${node} across the cut`),
    parted.line,
  ]
  const figures = { heldBytes: held, leakedBytes: leaked, blocksAcross: crossed.length, divergedBlocks: parted.depth }
  const result = (bit: boolean | null, why: string): Bite => ({ bit, why, lines, figures })
  if (record.counters.length === 0) return result(null, 'no node told its link counters')
  if (leaked > 0) return result(false, `${leaked} bytes leaked through`)
  if (crossed.length > 0) return result(false, `${plural(crossed.length, 'block')} crossed the cut`)
  if (held === 0) return result(false, 'no link held a byte')
  if (parted.diverged === false) return result(false, 'the heads did not diverge')
  return result(
    parted.diverged === null && parted.implied ? null : true,
    `${parted.implied ? `${parted.line}; ` : ''}${held} bytes held, nothing crossed`,
  )
}

function blocksAcross(
  observations: Observations,
  { compiled, from, to }: Window,
): { node: string; from: string; height: number }[] {
  return observations.events('block').flatMap(({ node, event }) => {
    const sender = observations.nodeOf(event.from)
    if (!sender || event.at < from + IN_VALIDATION_MS || event.at >= to || !cutUnder([compiled], sender.name, node))
      return []
    return [{ node, from: sender.name, height: event.height }]
  })
}

interface Divergence {
  /** Two sides that hear nothing of each other can both make blocks. */
  readonly implied: boolean
  /** null when it was not implied or no sample tells. */
  readonly diverged: boolean | null
  readonly depth: number
  readonly line: string
}

/** Did sides that must part end up on different chains, by the last round of the window in which both answered? */
function divergence(observations: Observations, window: Window): Divergence {
  const { names, nodes, rounds } = observations
  const heard = hearing(cutsDuring(observations, window), names)
  const weight = new Map(nodes.map(node => [node.name, node.weight]))
  const makers = sidesOf(heard).filter(side => side.some(name => (weight.get(name) ?? 0) > 0))
  const deaf = (a: readonly string[], b: readonly string[]): boolean =>
    !heard.get(a[0]!)?.has(b[0]!) && !heard.get(b[0]!)?.has(a[0]!)
  const pairs = makers.flatMap((a, index) =>
    makers
      .slice(index + 1)
      .filter(b => deaf(a, b))
      .map(b => [a, b] as const),
  )
  if (pairs.length === 0)
    return {
      implied: false,
      diverged: null,
      depth: 0,
      line: 'no two sides that can make blocks: the heads need not part',
    }
  const inside = rounds.filter(({ at }) => at > window.from && at < window.to).reverse()
  let deepest = 0
  let furthest = 0
  for (const [a, b] of pairs) {
    const depth = lastDepth(inside, a, b)
    if (depth === undefined)
      return {
        implied: true,
        diverged: null,
        depth: 0,
        line: `no sample compares the heads of ${a[0]} and ${b[0]} during the fault`,
      }
    if (depth.forked === 0 && depth.behind <= MAX_LAG_BLOCKS)
      return {
        implied: true,
        diverged: false,
        depth: 0,
        line: `${a[0]} and ${b[0]} were on one chain to the end of the fault`,
      }
    deepest = Math.max(deepest, depth.forked)
    furthest = Math.max(furthest, depth.behind)
  }
  // A small side may make no block of its own: then it only stands still while the other goes on.
  if (deepest === 0)
    return { implied: true, diverged: true, depth: 0, line: `a side fell ${plural(furthest, 'block')} behind` }
  return { implied: true, diverged: true, depth: deepest, line: `heads diverged by ${plural(deepest, 'block')}` }
}

/** How far the sides were apart in the last round of the fault that tells: in blocks that differ, and in height. */
function lastDepth(
  inside: readonly RunRound[],
  a: readonly string[],
  b: readonly string[],
): { forked: number; behind: number } | undefined {
  for (const { views } of inside) {
    const apart = views
      .filter(({ name }) => a.includes(name))
      .flatMap(left =>
        views
          .filter(({ name }) => b.includes(name))
          .flatMap(right => {
            const forked = forkDepth(left, right)
            return forked === undefined ? [] : [{ forked, behind: Math.abs(left.height - right.height) }]
          }),
      )
    if (apart.length > 0) {
      return {
        forked: Math.max(...apart.map(({ forked }) => forked)),
        behind: Math.max(...apart.map(({ behind }) => behind)),
      }
    }
  }
  return undefined
}
