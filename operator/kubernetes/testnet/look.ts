// A world in the terms in which it is judged: groups with their pods, and what the nodes say.
import { milliseconds } from '../../../api/units.ts'
import { groupObject, podName } from '../build/names.ts'
import { isForeign } from '../runtime/owner.ts'
import { type Pod, resources, type StatefulSet } from '../runtime/resource.ts'
import { type Answers, answersOf } from './answers.ts'
import type { Blueprint } from './blueprint.ts'
import { chainHealth } from './chain-health.ts'
import { isReady, isUp, podsOf } from './pods.ts'
import type { ChainHealth, RolloutGroup } from './rollout.ts'
import type { Rounds, World } from './world.ts'

export interface LookedAt {
  readonly groups: readonly (RolloutGroup & { readonly ready: number })[]
  readonly answers: Answers
  readonly health: ChainHealth
  /** Nodes that should be ready and are not, by name. */
  readonly waiting: readonly string[]
  readonly blockIntervalMs: number
}

/** `now`: milliseconds since the epoch. */
export function look(world: World, { groups, owner }: Blueprint, now: number): LookedAt {
  const { testnet, stored, pods, rounds } = world
  const { name } = testnet.metadata
  const { spec } = testnet
  const blockIntervalMs = milliseconds(spec.chain.blockInterval)
  const readyPods = new Set(pods.filter(isReady).map(({ metadata }) => metadata.name))
  const names = spec.suspend ? [] : groups.flatMap(({ nodes }) => nodes.map(node => node.name))
  const ready = names.filter(node => readyPods.has(podName(name, node)))
  // Where nobody is up nobody answers: that is known without asking, and what was said before is over.
  const answers = pods.some(isUp)
    ? answersOf(names, rounds, blockIntervalMs, now)
    : { ...answersOf(names, nothingHeard, blockIntervalMs, now), asked: true }
  return {
    groups: groups.map(group => {
      const found = stored.get(`${resources.statefulSets.plural}/${groupObject(name, group.name)}`) as
        | StatefulSet
        | undefined
      const set = found && !isForeign(found, owner) ? found : undefined
      const nodes = spec.suspend ? [] : group.nodes
      return {
        name: group.name,
        replicas: nodes.length,
        template: group.template,
        stored: set,
        pods: set ? podsOf(set, pods) : noPods,
        ready: nodes.filter(node => readyPods.has(podName(name, node.name))).length,
      }
    }),
    answers,
    health: chainHealth(answersOf(ready, rounds, blockIntervalMs, now), blockIntervalMs),
    waiting: names.filter(node => !readyPods.has(podName(name, node))),
    blockIntervalMs,
  }
}

const noPods: readonly Pod[] = []
const nothingHeard: Rounds = { latest: new Map(), earlier: new Map() }
