// What the read API tells, from the stores and the poller of this process. A replica that does not lead answers as well:
// while somebody reads of a testnet, it asks that testnet's nodes itself.
import type { HeadView, NodeView, TestnetView } from '../../../api/read-api.ts'
import type { ReadSource, TestnetName } from '../read-api/source.ts'
import { RecentMap } from '../runtime/recent-map.ts'
import type { TestnetController } from './controller.ts'
import type { NodePoller } from './poller.ts'
import { testnets } from './stored-testnet.ts'
import type { Stores } from './stores.ts'
import type { StoredTestnet, World } from './world.ts'

/** What many ask at once is worked out once: thousands of nodes take the time in which a lease is renewed. */
const MAX_AGE_MS = 250
/** Testnets whose nodes are remembered for so long; a view of 5,000 nodes has about 3 MB. */
const MAX_REMEMBERED = 8

interface Seen {
  /** Monotonic. */
  readonly at: number
  readonly nodes: readonly NodeView[]
  readonly heads: readonly HeadView[]
}

const keyOf = ({ namespace, name }: TestnetName): string => `${namespace}/${name}`

export class TestnetReadSource implements ReadSource {
  readonly #stores: Stores
  readonly #controller: TestnetController
  readonly #poller: NodePoller
  readonly #listeners = new Map<string, Set<() => void>>()
  readonly #remembered = new RecentMap<string, Seen>(MAX_REMEMBERED)

  constructor(stores: Stores, controller: TestnetController, poller: NodePoller) {
    this.#stores = stores
    this.#controller = controller
    this.#poller = poller
  }

  /** Something about that testnet changed. */
  changed(key: string): void {
    for (const listener of this.#listeners.get(key) ?? []) listener()
  }

  unready(): string | undefined {
    const unlisted = this.#stores.places.map(place => place.find(({ hasSynced }) => !hasSynced))
    const pending = unlisted.find(informer => informer && informer.problem === undefined)
    if (pending) return `${pending.name} are not listed yet`
    // What cannot be listed in one namespace is no reason to be silent about another.
    const refused = unlisted.every(informer => informer) ? unlisted[0] : undefined
    return refused && `${refused.name} cannot be listed: ${refused.problem}`
  }

  testnets(): readonly TestnetView[] {
    return this.#stores.testnets().map(stored => this.#view(stored))
  }

  testnet({ namespace, name }: TestnetName): TestnetView | undefined {
    const stored = this.#stores.of(testnets, namespace)?.get(keyOf({ namespace, name }))
    return stored && this.#view(stored)
  }

  nodes(of: TestnetName): readonly NodeView[] | undefined {
    return this.testnet(of) && this.#seen(of).nodes
  }

  heads(of: TestnetName): readonly HeadView[] | undefined {
    return this.testnet(of) && this.#seen(of).heads
  }

  subscribe(of: TestnetName, onChange: () => void): () => void {
    const key = keyOf(of)
    const listeners = this.#listeners.get(key) ?? new Set()
    this.#listeners.set(key, listeners.add(onChange))
    this.#world(of)
    return () => {
      listeners.delete(onChange)
      if (listeners.size === 0 && this.#listeners.get(key) === listeners) this.#listeners.delete(key)
    }
  }

  #seen(of: TestnetName): Seen {
    const key = keyOf(of)
    const at = performance.now()
    const known = this.#remembered.get(key)
    if (known && at - known.at < MAX_AGE_MS) return known
    const world = this.#world(of)
    const { planner } = this.#controller
    const seen = world
      ? { at, nodes: planner.nodeViews(world, Date.now()), heads: planner.headViews(world) }
      : { at, nodes: [], heads: [] }
    this.#remembered.set(key, seen)
    return seen
  }

  /** The testnet as it is seen now; its nodes are asked from now on, for a while. */
  #world(of: TestnetName): World | undefined {
    const key = keyOf(of)
    const world = this.#controller.world(key)
    if (world) this.#poller.follow(key, this.#controller.following(world))
    return world
  }

  #view({ metadata, status }: StoredTestnet): TestnetView {
    const { namespace = '', name, creationTimestamp = '' } = metadata
    return {
      namespace,
      name,
      createdAt: Date.parse(creationTimestamp) || 0,
      status: status ?? {},
      observedAt: this.#poller.observedAt(`${namespace}/${name}`) ?? null,
    }
  }
}
