// The shapes of partitions by name: selected nodes -> grudge.
import type { PartitionAction } from '../../api/experiment.ts'
import { type Rng, sampled } from '../../api/random.ts'
import { type Grudge, grudgeBetween } from '../grudge.ts'
import type { SelectableNode } from '../select.ts'
import { bridge } from './bridge.ts'
import { halves, randomHalves } from './halves.ts'
import { MIN_RING_NODES, majoritiesRing } from './majorities-ring.ts'
import { isolate, minorityThird } from './minority.ts'

/** Fewest selected nodes with which a shape cuts anything; `isolate` and `minority-third` cut from the rest of the testnet. */
export const fewestNodes: Readonly<Record<PartitionAction['shape'], number>> = {
  halves: 2,
  'random-halves': 2,
  isolate: 1,
  'minority-third': 1,
  bridge: 3,
  'majorities-ring': MIN_RING_NODES,
  groups: 2,
}

/**
 * Who does not hear whom. Nodes that are not selected keep all their links, except under `isolate` and
 * `minority-third`, where they are the other side. `isolate` of everybody isolates one seeded node.
 */
export function grudgeOf(
  action: PartitionAction,
  selected: readonly SelectableNode[],
  all: readonly SelectableNode[],
  rng: Rng,
): Grudge {
  const targets = selected.map(({ name }) => name)
  const everyone = all.map(({ name }) => name)
  const between = (sides: readonly (readonly string[])[]): Grudge => grudgeBetween(sides, action.direction)
  switch (action.shape) {
    case 'halves':
      return between(halves(targets))
    case 'random-halves':
      return between(randomHalves(targets, rng))
    case 'isolate':
      return between(isolate(targets.length === everyone.length ? sampled(targets, 1, rng) : targets, everyone))
    case 'minority-third':
      return between(minorityThird(targets, everyone, rng))
    case 'bridge':
      return bridge(targets, rng)
    case 'majorities-ring':
      return majoritiesRing(targets, rng)
    case 'groups':
      return between(
        (action.groups ?? []).map(list => all.filter(({ group }) => list.includes(group)).map(({ name }) => name)),
      )
  }
}
