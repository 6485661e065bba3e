// The configuration of every node of a testnet as it runs in pods.
import type { NodeConfig } from '../../../api/node-config.ts'
import { type NodeAddresses, nodeConfigs } from '../../testnet/node-config.ts'
import type { BuildInput } from './input.ts'
import { nodeHost, ports } from './names.ts'

/** Where a pod has its data. */
export const DATA_DIR = '/var/lib/trellis'
/** A pod's address is not known before it runs: it listens on all it has. */
const LISTEN_HOST = '0.0.0.0'

export function podConfigs({ expanded, namespace, adminToken }: BuildInput): NodeConfig[] {
  const addresses = new Map(
    expanded.nodes.map(({ name }): [string, NodeAddresses] => [
      name,
      { host: nodeHost(expanded.name, name, namespace), ...ports },
    ]),
  )
  return nodeConfigs(expanded, addresses, () => DATA_DIR).map(config => ({
    ...config,
    listen: { ...config.listen, host: LISTEN_HOST },
    announce: config.listen.host,
    adminToken,
  }))
}
