// Rows and skews held by the nodes themselves, through their administration ports.
import type { LinkRow } from '../../api/link.ts'
import type { ClockSkew } from '../../api/node-config.ts'
import { NodeClient, type NodeEndpoint } from './node-client.ts'
import type { Holder } from './target.ts'

export function nodeHolders(nodes: readonly NodeEndpoint[]): { links: Holder<LinkRow>; clocks: Holder<ClockSkew> } {
  const clients = new Map(nodes.map(node => [node.name, new NodeClient(node)]))
  const clientOf = (name: string): NodeClient => {
    const client = clients.get(name)
    if (!client) throw new Error('no address of the node is known')
    return client
  }
  return {
    links: {
      put: async (node, row, options) => await clientOf(node).putRow(row, options),
      end: async (node, id, options) => {
        const client = clientOf(node)
        // One that ended by itself is remembered for a while, with its counters.
        return (await client.deleteRow(id, options)) ?? (await client.row(id, options))
      },
      inForce: async (node, options) => (await clientOf(node).faults(options)).map(({ id }) => id),
    },
    clocks: {
      put: async (node, skew, options) => await clientOf(node).putSkew(skew, options),
      end: async (node, id, options) => {
        await clientOf(node).deleteSkew(id, options)
        return undefined
      },
      inForce: async (node, options) => (await clientOf(node).skews(options)).map(({ id }) => id),
    },
  }
}
