// Objects of a namespace as they change: a list and then a watch, which comes back by itself.
import { Informer } from '../../../operator/kubernetes/runtime/informer.ts'
import { type KubeObject, keyOf, type Resource } from '../../../operator/kubernetes/runtime/resource.ts'
import type { Cluster } from './connect.ts'

export class WatchedObjects<T extends KubeObject> {
  readonly #informer: Informer<T>
  #broken: string | undefined

  /** `onChange` is called when an object changed, or when the server is lost or back. Runs until the signal. */
  constructor(cluster: Cluster, kind: Resource<T>, signal: AbortSignal, onChange: () => void) {
    this.#informer = new Informer(cluster.api, kind, {
      selection: { namespace: cluster.namespace },
      onChange,
      onNote: note => {
        this.#broken = note.kind === 'broke' ? note.reason : undefined
        onChange()
      },
    })
    void this.#informer.run(signal)
  }

  /** True since the first list. */
  get known(): boolean {
    return this.#informer.hasSynced
  }

  /** Why the server gives none at the moment; undefined when it does. What it gave last stays. */
  get broken(): string | undefined {
    return this.#broken === undefined ? undefined : (this.#informer.problem ?? this.#broken)
  }

  list(): T[] {
    return this.#informer.store.list()
  }

  get(name: { readonly namespace: string; readonly name: string }): T | undefined {
    return this.#informer.store.get(keyOf(name))
  }
}
