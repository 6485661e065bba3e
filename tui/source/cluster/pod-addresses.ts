// Where the nodes of a testnet will be reached inside a cluster: known before any pod is.
import { nodeHost, ports } from '../../../operator/kubernetes/build/names.ts'
import type { NodeAddress } from '../../../operator/local/record.ts'
import type { Expanded } from '../../../operator/testnet/spec.ts'

export const podAddresses = ({ name, nodes }: Expanded, namespace: string): ReadonlyMap<string, NodeAddress> =>
  new Map(nodes.map(node => [node.name, { host: nodeHost(name, node.name, namespace), ...ports }]))
