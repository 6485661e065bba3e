// What to do about a Testnet: pure, the same world gives the same plan, and a plan that was carried out leaves none.
import { type Condition, testnetConditions as conditionTypes } from '../../../api/conditions.ts'
import type { HeadView, NodeView } from '../../../api/read-api.ts'
import type { TestnetStatus } from '../../../api/status.ts'
import { milliseconds } from '../../../api/units.ts'
import type { OperatorConfig } from '../config.ts'
import { type Blueprint, Blueprints } from './blueprint.ts'
import { causesOf } from './causes.ts'
import { type Intended, intend } from './intend.ts'
import { type LookedAt, look } from './look.ts'
import { headViews, nodeViews } from './node-views.ts'
import { afterGenesis, transitions } from './notices.ts'
import { type Rollout, rollOut } from './rollout.ts'
import { testnetStatus, worthWriting } from './status.ts'
import { testnetConditions, withConditions } from './testnet-conditions.ts'
import type { Plan, StoredTestnet, World } from './world.ts'

/** While something is under way, causes and patience depend on the clock. */
const LOOK_AGAIN_MS = 5_000
/** Problems of an object that its status tells. */
const MAX_PROBLEMS = 8

const nothing: Plan = {
  apply: [],
  remove: [],
  status: undefined,
  notices: [],
  requeueAfterMs: undefined,
  expire: false,
}

/** Plans for one operator. What it remembers only saves work: what a testnet expands to, and its objects. */
export class Planner {
  readonly #blueprints: Blueprints

  constructor(settings: OperatorConfig) {
    this.#blueprints = new Blueprints(settings)
  }

  /** `now`: milliseconds since the epoch. */
  plan(world: World, now: number): Plan {
    const { testnet } = world
    // Whoever deletes it deletes all of it: making something again would only be in the way.
    if (testnet.metadata.deletionTimestamp) return nothing
    const leftMs = timeLeft(world, now)
    if (leftMs !== undefined && leftMs <= 0) return { ...nothing, expire: true }
    const blueprint = this.#blueprints.of(world)
    const seen = look(world, blueprint, now)
    const rollout = rollOut(seen.groups, seen.health, now)
    const intended = intend(world, blueprint, rollout)
    const conditions = conditionsOf(world, { blueprint, seen, rollout, intended }, now)
    const status = testnetStatus({
      generation: testnet.metadata.generation ?? 0,
      conditions,
      groups: seen.groups.map(({ name, replicas, ready }) => ({ name, desired: replicas, ready })),
      answered: seen.answers.latest,
    })
    const settled = testnet.spec.suspend || conditions[0]?.status === 'True'
    return tell(world, status, now, {
      apply: intended.apply,
      remove: intended.remove,
      notices: transitions(testnet.status, status, blueprint.expanded.latecomers),
      requeueAfterMs: earliest(leftMs, settled ? undefined : LOOK_AGAIN_MS),
    })
  }

  /** Every node that the Testnet asks for, in the order of its groups. `now`: milliseconds since the epoch. */
  nodeViews(world: World, now: number): NodeView[] {
    return nodeViews(world, this.#blueprints.of(world).expanded.nodes, now)
  }

  /** Nodes by the chain they follow, the highest head first. */
  headViews(world: World): HeadView[] {
    return headViews(world)
  }
}

/** The plan of a single world, with nothing remembered. */
export const plan = (world: World, settings: OperatorConfig, now: number): Plan =>
  new Planner(settings).plan(world, now)

/** For a Testnet that this operator does not understand: says so in its status, and leaves what runs as it is. */
export function invalidPlan(
  testnet: StoredTestnet,
  problems: readonly string[],
  written: Pick<World, 'statusWrittenAt'>,
  now: number,
): Plan {
  if (testnet.metadata.deletionTimestamp) return nothing
  const { generation = 0 } = testnet.metadata
  const before = testnet.status
  const rest = problems.length > MAX_PROBLEMS ? [`and ${problems.length - MAX_PROBLEMS} more`] : []
  const message = `this operator does not understand the spec: ${[...problems.slice(0, MAX_PROBLEMS), ...rest].join('; ')}`
  const verdict = { status: 'False', reason: 'Invalid', message } as const
  const said = withConditions(
    before?.conditions ?? [],
    [
      { type: 'Provisioned', ...verdict },
      { type: 'Ready', ...verdict },
    ],
    generation,
    now,
  )
  // Of the others nothing is known that was not known before.
  const conditions = conditionTypes.flatMap(
    type =>
      said.find(condition => condition.type === type) ?? before?.conditions?.find(known => known.type === type) ?? [],
  )
  const status = { ...before, observedGeneration: generation, conditions }
  return tell({ testnet, ...written }, status, now, { notices: transitions(before, status, []) })
}

/** Until its ttl is over; undefined without one. */
function timeLeft({ testnet: { metadata, spec } }: World, now: number): number | undefined {
  const madeAt = Date.parse(metadata.creationTimestamp ?? '')
  return spec.ttl === undefined || Number.isNaN(madeAt) ? undefined : madeAt + milliseconds(spec.ttl) - now
}

interface Decided {
  readonly blueprint: Blueprint
  readonly seen: LookedAt
  readonly rollout: Rollout
  readonly intended: Intended
}

function conditionsOf(world: World, { blueprint, seen, rollout, intended }: Decided, now: number): Condition[] {
  const { metadata, spec, status } = world.testnet
  const desired = seen.groups.reduce((total, { replicas }) => total + replicas, 0)
  return testnetConditions({
    provision: {
      suspended: spec.suspend,
      forgetful: blueprint.groups.filter(({ keepsData }) => !keepsData).map(({ name }) => name),
      blocked: intended.blocked,
      causes: causesOf(world, now),
      rollout: rollout.progress,
      desired,
      ready: desired - seen.waiting.length,
      waiting: seen.waiting,
      remark: blueprint.expanded.latecomers.length === 0 ? '' : afterGenesis(blueprint.expanded.latecomers),
    },
    answers: seen.answers,
    terms: { blockIntervalMs: seen.blockIntervalMs, checkpointInterval: spec.chain.finality.checkpointInterval },
    previous: status?.conditions ?? [],
    generation: metadata.generation ?? 0,
    now,
  })
}

/** The plan with that status when it is worth a write, else with the time at which it will be. */
function tell(
  { testnet, statusWrittenAt }: { testnet: StoredTestnet; statusWrittenAt: number | undefined },
  status: TestnetStatus,
  now: number,
  more: Partial<Plan>,
): Plan {
  const worth = worthWriting(testnet.status, status, now - (statusWrittenAt ?? Number.NEGATIVE_INFINITY))
  return {
    ...nothing,
    ...more,
    status: worth === 'now' ? status : undefined,
    requeueAfterMs: earliest(more.requeueAfterMs, typeof worth === 'object' ? worth.afterMs : undefined),
  }
}

/** Undefined when none is given. */
export function earliest(...times: readonly (number | undefined)[]): number | undefined {
  const given = times.filter(time => time !== undefined)
  return given.length === 0 ? undefined : Math.min(...given)
}
