// What the nodes of a network told while a benchmark ran, in one list. Processes of one machine share the clock.
import { createParser } from 'eventsource-parser'
import type { NodeEvent } from '../../api/observation.ts'
import type { Network, TestNode } from '../support/network.ts'

export interface HeardEvent {
  readonly node: string
  readonly event: NodeEvent
}

export class NodeEvents {
  readonly heard: HeardEvent[] = []
  readonly #stop = new AbortController()

  /** Follows nodes that run; resolves when every stream is open. */
  async follow(network: Network, kinds: string, history = false): Promise<void> {
    await Promise.all(
      network.running().map(async name => {
        const node = network.node(name)
        const response = await fetch(urlOf(node, kinds, history), { signal: this.#stop.signal })
        void this.#read(name, response)
      }),
    )
  }

  stop(): void {
    this.#stop.abort()
  }

  async #read(node: string, response: Response): Promise<void> {
    const parser = createParser({
      onEvent: ({ event, data }) => {
        if (event !== 'gap') this.heard.push({ node, event: JSON.parse(data) as NodeEvent })
      },
    })
    const decoder = new TextDecoder()
    try {
      for await (const chunk of response.body!) parser.feed(decoder.decode(chunk, { stream: true }))
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error
    }
  }
}

function urlOf({ config: { listen } }: TestNode, kinds: string, history: boolean): string {
  return `http://${listen.host}:${listen.http}/v1/events?kinds=${kinds}${history ? '&after=0' : ''}`
}
