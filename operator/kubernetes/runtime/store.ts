// The objects an informer knows, by key and by indexes.
import { type KubeObject, keyOf } from './resource.ts'

/** Values an object is found by; none leaves it out. */
export type IndexBy<T> = (object: T) => readonly string[]

/** What a reconciler may do with a store. */
export interface ReadStore<T extends KubeObject> {
  get(key: string): T | undefined
  /** Objects with that value of the index, in no particular order. @throws Error when there is no such index */
  by(index: string, value: string): T[]
  list(): T[]
  readonly size: number
}

export class Store<T extends KubeObject> implements ReadStore<T> {
  readonly #objects = new Map<string, T>()
  readonly #indexes = new Map<string, { by: IndexBy<T>; keys: Map<string, Set<string>> }>()

  constructor(indexes: Readonly<Record<string, IndexBy<T>>> = {}) {
    for (const [name, by] of Object.entries(indexes)) this.#indexes.set(name, { by, keys: new Map() })
  }

  get size(): number {
    return this.#objects.size
  }

  get(key: string): T | undefined {
    return this.#objects.get(key)
  }

  list(): T[] {
    return [...this.#objects.values()]
  }

  keys(): string[] {
    return [...this.#objects.keys()]
  }

  by(index: string, value: string): T[] {
    const found = this.#indexes.get(index)
    if (!found) throw new Error(`no index ${index}: there are ${[...this.#indexes.keys()].join(', ') || 'none'}`)
    return [...(found.keys.get(value) ?? [])].flatMap(key => this.#objects.get(key) ?? [])
  }

  /** Returns what was there before. */
  set(object: T): T | undefined {
    const key = keyOf(object.metadata)
    const before = this.delete(key)
    this.#objects.set(key, object)
    for (const { by, keys } of this.#indexes.values()) {
      for (const value of by(object)) {
        const members = keys.get(value)
        if (members) members.add(key)
        else keys.set(value, new Set([key]))
      }
    }
    return before
  }

  delete(key: string): T | undefined {
    const before = this.#objects.get(key)
    if (before === undefined) return undefined
    this.#objects.delete(key)
    for (const { by, keys } of this.#indexes.values()) {
      for (const value of by(before)) {
        const members = keys.get(value)
        members?.delete(key)
        if (members?.size === 0) keys.delete(value)
      }
    }
    return before
  }
}
