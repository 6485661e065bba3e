// What this process wrote a moment ago: a store follows the server with a delay, and a reconciliation that does not see
// its own writes would write again.
import { RecentMap } from '../runtime/recent-map.ts'
import { type KubeObject, keyOf, type Resource } from '../runtime/resource.ts'
import { isOlder } from '../runtime/resource-version.ts'

/** A store that has not caught up by then never saw the object: it is gone again. */
const KEEP_MS = 20_000
/** Objects remembered; what is forgotten early costs at most a write that changes nothing. */
export const MAX_REMEMBERED = 4_096

export class WriteMemory {
  readonly #written = new RecentMap<string, { readonly object: KubeObject; readonly at: number }>(MAX_REMEMBERED)
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  wrote(resource: Resource, object: KubeObject): void {
    this.#written.set(memoryKey(resource, object.metadata), { object, at: this.#now() })
  }

  removed(resource: Resource, { metadata }: KubeObject): void {
    this.#written.delete(memoryKey(resource, metadata))
  }

  /** The newer of what a store has and what was written. */
  newest<T extends KubeObject>(
    resource: Resource<T>,
    name: { readonly namespace?: string | undefined; readonly name: string },
    stored: T | undefined,
  ): T | undefined {
    const key = memoryKey(resource, name)
    const written = this.#written.get(key)
    if (!written) return stored
    const { object, at } = written
    const caughtUp =
      stored !== undefined && !isOlder(stored.metadata.resourceVersion ?? '', object.metadata.resourceVersion ?? '')
    if (!caughtUp && this.#now() - at < KEEP_MS) return object as T
    this.#written.delete(key)
    return stored
  }

  /** Objects of that resource written in that namespace, which a store may not have yet. */
  all(resource: Resource, namespace: string): KubeObject[] {
    const prefix = memoryKey(resource, { namespace, name: '' })
    return [...this.#written].flatMap(([key, { object, at }]) =>
      key.startsWith(prefix) && this.#now() - at < KEEP_MS ? [object] : [],
    )
  }
}

const memoryKey = ({ plural }: Resource, name: { readonly namespace?: string | undefined; readonly name: string }) =>
  `${plural} ${keyOf(name)}`
