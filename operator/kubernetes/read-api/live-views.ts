// The views of testnets as they change, for whoever listens. Each testnet that has listeners is looked at once for all of
// them, at most every MIN_INTERVAL_MS.
import { changes, picture, type Told, tell } from './frames.ts'
import type { ReadSource, TestnetName } from './source.ts'

export const MIN_INTERVAL_MS = 500

export interface ViewListener {
  /** The whole picture first, then changes. */
  frames(bytes: Buffer): void
  /** The testnet is no more. */
  gone(): void
}

interface Topic {
  readonly of: TestnetName
  readonly listeners: Set<ViewListener>
  told: Told
  picture: Buffer | undefined
  timer: NodeJS.Timeout | undefined
  unsubscribe: () => void
}

export class LiveViews {
  readonly #source: ReadSource
  readonly #minIntervalMs: number
  readonly #topics = new Map<string, Topic>()

  constructor(source: ReadSource, minIntervalMs = MIN_INTERVAL_MS) {
    this.#source = source
    this.#minIntervalMs = minIntervalMs
  }

  /** Returns what ends it; undefined when there is no such testnet. */
  listen(of: TestnetName, listener: ViewListener): (() => void) | undefined {
    const key = `${of.namespace}/${of.name}`
    const topic = this.#topics.get(key) ?? this.#open(of, key)
    if (!topic) return undefined
    topic.picture ??= picture(topic.told)
    listener.frames(topic.picture)
    topic.listeners.add(listener)
    return () => {
      topic.listeners.delete(listener)
      if (topic.listeners.size === 0) this.#close(key, topic)
    }
  }

  #open(of: TestnetName, key: string): Topic | undefined {
    const told = this.#look(of)
    if (!told) return undefined
    const topic: Topic = {
      of,
      listeners: new Set(),
      told,
      picture: undefined,
      timer: undefined,
      unsubscribe: () => {},
    }
    topic.unsubscribe = this.#source.subscribe(of, () => {
      topic.timer ??= setTimeout(() => this.#turn(key, topic), this.#minIntervalMs)
    })
    this.#topics.set(key, topic)
    return topic
  }

  #close(key: string, topic: Topic): void {
    clearTimeout(topic.timer)
    topic.unsubscribe()
    if (this.#topics.get(key) === topic) this.#topics.delete(key)
  }

  #turn(key: string, topic: Topic): void {
    topic.timer = undefined
    const now = this.#look(topic.of)
    if (!now) {
      this.#close(key, topic)
      for (const listener of [...topic.listeners]) listener.gone()
      return
    }
    const bytes = changes(topic.told, now)
    topic.told = now
    if (bytes.length === 0) return
    topic.picture = undefined
    for (const listener of [...topic.listeners]) listener.frames(bytes)
  }

  #look(of: TestnetName): Told | undefined {
    const testnet = this.#source.testnet(of)
    return testnet && tell(testnet, this.#source.nodes(of) ?? [])
  }
}
