// A binary heap with a given order; the first in the order is on top.

export class Heap<T> {
  readonly #before: (a: T, b: T) => boolean
  #items: T[] = []

  constructor(before: (a: T, b: T) => boolean, items: T[] = []) {
    this.#before = before
    this.#items = items
    for (let i = (items.length >> 1) - 1; i >= 0; i--) this.#sink(i)
  }

  get size(): number {
    return this.#items.length
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    const items = this.#items
    items.push(item)
    for (let i = items.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1
      if (!this.#before(items[i]!, items[parent]!)) break
      this.#swap(i, parent)
      i = parent
    }
  }

  pop(): T | undefined {
    const top = this.#items[0]
    const last = this.#items.pop()
    if (this.#items.length > 0) {
      this.#items[0] = last!
      this.#sink(0)
    }
    return top
  }

  #swap(a: number, b: number): void {
    const items = this.#items
    ;[items[a], items[b]] = [items[b]!, items[a]!]
  }

  #sink(from: number): void {
    const items = this.#items
    for (let i = from; ; ) {
      let first = i
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < items.length && this.#before(items[child]!, items[first]!)) first = child
      }
      if (first === i) return
      this.#swap(i, first)
      i = first
    }
  }
}
