// Server-sent events of a testnet's views: a whole picture for whoever joins, then only what changed. Pure.
import type { NodeView, TestnetView } from '../../../api/read-api.ts'

/** One server-sent event. The bytes are shared by all readers that get them. */
export const frame = (event: string, json: string): Buffer => Buffer.from(`event: ${event}\ndata: ${json}\n\n`)
export const heartbeat: Buffer = Buffer.from(': alive\n\n')

/** What readers were told last, as JSON. */
export interface Told {
  readonly testnet: string
  readonly nodes: ReadonlyMap<string, string>
}

export function tell(testnet: TestnetView, nodes: readonly NodeView[]): Told {
  return { testnet: JSON.stringify(testnet), nodes: new Map(nodes.map(node => [node.name, JSON.stringify(node)])) }
}

export const picture = ({ testnet, nodes }: Told): Buffer =>
  Buffer.concat([frame('testnet', testnet), frame('nodes', list(nodes.values()))])

/** Empty when nothing changed. */
export function changes(before: Told, now: Told): Buffer {
  const changed = [...now.nodes].filter(([name, json]) => before.nodes.get(name) !== json).map(([, json]) => json)
  const gone = [...before.nodes.keys()].filter(name => !now.nodes.has(name))
  return Buffer.concat([
    ...(before.testnet === now.testnet ? [] : [frame('testnet', now.testnet)]),
    ...(changed.length === 0 ? [] : [frame('nodes', list(changed))]),
    ...(gone.length === 0 ? [] : [frame('gone', JSON.stringify(gone))]),
  ])
}

const list = (items: Iterable<string>): string => `[${[...items].join(',')}]`
