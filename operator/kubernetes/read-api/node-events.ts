// The events of nodes, followed while somebody listens: one stream a node, whoever and however many listen to it.
import type { NodeEvent } from '../../../api/observation.ts'
import { followEvents } from './node-http.ts'
import { ReadError } from './read-error.ts'
import type { ReadSource, TestnetName } from './source.ts'

/** Nodes followed at a time, for all listeners together. */
export const MAX_FOLLOWED_NODES = 512
const FIRST_RETRY_MS = 500
const MAX_RETRY_MS = 10_000

type Listener = (node: string, event: NodeEvent) => void

interface Followed {
  readonly listeners: Set<Listener>
  readonly stop: AbortController
}

export class NodeEvents {
  readonly #source: ReadSource
  readonly #followed = new Map<string, Followed>()

  constructor(source: ReadSource) {
    this.#source = source
  }

  get followed(): number {
    return this.#followed.size
  }

  /** Returns what ends it. @throws ReadError 503 when too many nodes are followed */
  listen(of: TestnetName, nodes: readonly string[], listener: Listener): () => void {
    const keys = nodes.map(node => ({ node, key: `${of.namespace}/${of.name}/${node}` }))
    const added = keys.filter(({ key }) => !this.#followed.has(key)).length
    if (this.#followed.size + added > MAX_FOLLOWED_NODES)
      throw new ReadError(503, `the events of ${this.#followed.size} nodes are being followed`, 'ask for fewer nodes')
    for (const { node, key } of keys) {
      const followed = this.#followed.get(key) ?? this.#follow(of, node, key)
      followed.listeners.add(listener)
    }
    return () => {
      for (const { key } of keys) {
        const followed = this.#followed.get(key)
        followed?.listeners.delete(listener)
        if (followed?.listeners.size === 0) {
          followed.stop.abort()
          this.#followed.delete(key)
        }
      }
    }
  }

  #follow(of: TestnetName, node: string, key: string): Followed {
    const followed: Followed = { listeners: new Set(), stop: new AbortController() }
    this.#followed.set(key, followed)
    void this.#run(of, node, followed)
    return followed
  }

  async #run(of: TestnetName, node: string, { listeners, stop }: Followed): Promise<void> {
    let retryMs = FIRST_RETRY_MS
    while (!stop.signal.aborted) {
      // Its address is asked for each time: a pod that comes back has another one.
      const url = this.#source.nodes(of)?.find(({ name }) => name === node)?.url
      if (url)
        await followEvents(url, stop.signal, event => {
          retryMs = FIRST_RETRY_MS
          for (const listener of listeners) listener(node, event)
        })
      await pause(retryMs, stop.signal)
      retryMs = Math.min(MAX_RETRY_MS, retryMs * 2)
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>(resolve => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
}
