// NodeSpec + addresses -> the configuration a node process reads.
import type { LinkClass } from '../../api/link.ts'
import { type NodeConfig, nodeConfigSchema } from '../../api/node-config.ts'
import type { Expanded, NodeSpec } from './spec.ts'

/** Where a driver put a node. Hosts are IP addresses or DNS names; ports are TCP. */
export interface NodeAddresses {
  readonly host: string
  readonly p2p: number
  /** Used only by nodes that listen for WebSocket connections. */
  readonly websocket?: number | undefined
  readonly http: number
  readonly admin: number
}

/** More would say nothing: a testnet's nodes are fewer than any cap that large protects from. */
const MAX_PER_HOST = 1_000

/**
 * The whole configuration of one node. `addresses` has every node of the testnet by name.
 * @throws Error when a node has no address, or the result is no valid configuration (a bug in the driver).
 */
export function nodeConfig(
  spec: NodeSpec,
  expanded: Expanded,
  addresses: ReadonlyMap<string, NodeAddresses>,
  dataDir: string,
): NodeConfig {
  const byName = new Map(expanded.nodes.map(node => [node.name, node]))
  const addressOf = (name: string): NodeAddresses => {
    const address = addresses.get(name)
    if (!address)
      throw new Error(
        `no address for node ${name}: the driver gave ${addresses.size} for ${expanded.nodes.length} nodes`,
      )
    return address
  }
  const peer = (name: string) => {
    const node = byName.get(name)
    if (!node) throw new Error(`no node ${name} in testnet ${expanded.name}`)
    return { name, peerId: node.peerId, addresses: multiaddrs(node, addressOf(name)) }
  }
  const own = addressOf(spec.name)
  const { stack, discovery, limits, gossipsub, bootstrap, static: staticPeers } = spec.network
  return nodeConfigSchema.parse({
    name: spec.name,
    testnet: expanded.name,
    group: spec.group,
    role: spec.role,
    region: spec.region,
    dataDir,
    logLevel: spec.logLevel,
    genesis: expanded.genesis,
    keys: spec.keys,
    listen: {
      host: own.host,
      p2p: own.p2p,
      ...(spec.websocket && own.websocket !== undefined && { websocket: own.websocket }),
      http: own.http,
      admin: own.admin,
    },
    network: {
      stack,
      bootstrap: bootstrap.map(peer),
      static: staticPeers.map(peer),
      discovery,
      limits: { ...limits, perHost: perHost(limits.perHost, addresses) },
      gossipsub,
    },
    links: standingLinks(spec, expanded, name => addressOf(name).host),
    ...(spec.load && { load: spec.load }),
  })
}

/** Addresses others dial the node at, as multiaddrs with its peer id. */
export function multiaddrs({ peerId, websocket }: NodeSpec, { host, p2p, websocket: port }: NodeAddresses): string[] {
  const at = /^[\d.]+$/.test(host) ? `/ip4/${host}` : host.includes(':') ? `/ip6/${host}` : `/dns/${host}`
  const tcp = `${at}/tcp/${p2p}/p2p/${peerId}`
  return websocket && port !== undefined ? [tcp, `${at}/tcp/${port}/ws/p2p/${peerId}`] : [tcp]
}

/** Regional latency as this node imposes it on what it sends: one class for each different link. */
export function standingLinks(
  { name, region }: NodeSpec,
  { nodes, latency }: Expanded,
  hostOf: (name: string) => string,
): LinkClass[] {
  const classes = new Map<string, { delayMs: number; jitterMs: number; regions: Set<string> }>()
  for (const { from, to, delayMs, jitterMs } of latency) {
    if (from !== region) continue
    const key = `${delayMs} ${jitterMs}`
    const known = classes.get(key) ?? { delayMs, jitterMs, regions: new Set<string>() }
    classes.set(key, known)
    known.regions.add(to)
  }
  return [...classes.values()].flatMap(({ delayMs, jitterMs, regions }) => {
    const peers = nodes
      .filter(node => node.name !== name && regions.has(node.region))
      .map(node => ({ name: node.name, host: hostOf(node.name), peerId: node.peerId }))
    const link = { drop: false, ...(delayMs > 0 && { delayMs }), ...(jitterMs > 0 && { jitterMs }) }
    return peers.length > 0 ? [{ direction: 'out' as const, link, peers }] : []
  })
}

/** Where the driver has to share hosts between nodes, a cap per host must not keep them apart. */
function perHost(limit: number, addresses: ReadonlyMap<string, NodeAddresses>): number {
  const counts = new Map<string, number>()
  for (const { host } of addresses.values()) counts.set(host, (counts.get(host) ?? 0) + 1)
  return Math.min(MAX_PER_HOST, limit * Math.max(1, ...counts.values()))
}
