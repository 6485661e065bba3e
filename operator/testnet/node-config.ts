// NodeSpec + addresses -> the configuration a node process reads.
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

type Peers = NodeConfig['network']['bootstrap']
type Shared = Pick<NodeConfig, 'genesis' | 'roster' | 'latency'>

/** What nodes have in common is checked once: checked with each of them, it would cost the square of their number. */
const sharedSchema = nodeConfigSchema.pick({ genesis: true, roster: true, latency: true })
const ownSchema = nodeConfigSchema.omit({ genesis: true, roster: true, latency: true })

/**
 * The whole configuration of every node, in their order. What nodes have in common is the same object in all of them.
 * `addresses` has every node of the testnet by name.
 * @throws Error when a node has no address, or a result is no valid configuration (a bug in the driver).
 */
export function nodeConfigs(
  expanded: Expanded,
  addresses: ReadonlyMap<string, NodeAddresses>,
  dataDirOf: (node: string) => string,
): NodeConfig[] {
  const addressOf = (name: string): NodeAddresses => {
    const address = addresses.get(name)
    if (!address)
      throw new Error(
        `no address for node ${name}: the driver gave ${addresses.size} for ${expanded.nodes.length} nodes`,
      )
    return address
  }
  const shared: Shared = sharedSchema.parse({
    genesis: expanded.genesis,
    ...rosterOf(expanded, name => addressOf(name).host),
  })
  const peersOf = peerLists(expanded, addressOf)
  const sharers = mostOnOneHost(addresses)
  return expanded.nodes.map(spec => {
    const { host, p2p, websocket, http, admin } = addressOf(spec.name)
    const { stack, discovery, limits, gossipsub, bootstrap, static: staticPeers } = spec.network
    const own = ownSchema.parse({
      name: spec.name,
      testnet: expanded.name,
      group: spec.group,
      role: spec.role,
      region: spec.region,
      dataDir: dataDirOf(spec.name),
      logLevel: spec.logLevel,
      keys: spec.keys,
      listen: { host, p2p, ...(spec.websocket && websocket !== undefined && { websocket }), http, admin },
      network: {
        stack,
        bootstrap: [],
        discovery,
        // Where the driver has to share hosts between nodes, a cap per host must not keep them apart.
        limits: { ...limits, perHost: Math.min(MAX_PER_HOST, limits.perHost * sharers) },
        gossipsub,
      },
      ...(spec.load && { load: spec.load }),
    })
    return {
      ...own,
      ...shared,
      network: { ...own.network, bootstrap: peersOf(bootstrap), static: peersOf(staticPeers) },
    }
  })
}

/** Addresses others dial the node at, as multiaddrs with its peer id. */
export function multiaddrs({ peerId, websocket }: NodeSpec, { host, p2p, websocket: port }: NodeAddresses): string[] {
  const at = isIPv4(host) ? `/ip4/${host}` : host.includes(':') ? `/ip6/${host}` : `/dns/${host}`
  const tcp = `${at}/tcp/${p2p}/p2p/${peerId}`
  return websocket && port !== undefined ? [tcp, `${at}/tcp/${port}/ws/p2p/${peerId}`] : [tcp]
}

/** Nobody needs to know the others where no latency depends on it. A name in DNS is nothing that a connection shows. */
function rosterOf(
  { nodes, latency }: Expanded,
  hostOf: (name: string) => string,
): Pick<NodeConfig, 'roster' | 'latency'> {
  if (latency.length === 0) return { roster: [], latency: [] }
  const roster = nodes.map(({ name, peerId, region }) => {
    const host = hostOf(name)
    return { name, peerId, region, ...((isIPv4(host) || host.includes(':')) && { host }) }
  })
  return { roster, latency: [...latency] }
}

/** Peers by their names. Nodes with the same list of names get the same list of peers. */
function peerLists({ name: testnet, nodes }: Expanded, addressOf: (name: string) => NodeAddresses) {
  const byName = new Map(nodes.map(node => [node.name, node]))
  const peers = new Map<string, Peers[number]>()
  const lists = new Map<readonly string[], Peers>()
  const peer = (name: string): Peers[number] => {
    const known = peers.get(name)
    if (known) return known
    const node = byName.get(name)
    if (!node) throw new Error(`no node ${name} in testnet ${testnet}`)
    const made = { name, peerId: node.peerId, addresses: multiaddrs(node, addressOf(name)) }
    peers.set(name, made)
    return made
  }
  return (names: readonly string[]): Peers => {
    const known = lists.get(names)
    if (known) return known
    const list = names.map(peer)
    lists.set(names, list)
    return list
  }
}

const isIPv4 = (host: string): boolean => /^[\d.]+$/.test(host)

function mostOnOneHost(addresses: ReadonlyMap<string, NodeAddresses>): number {
  const counts = new Map<string, number>()
  for (const { host } of addresses.values()) counts.set(host, (counts.get(host) ?? 0) + 1)
  let most = 1
  for (const count of counts.values()) most = Math.max(most, count)
  return most
}
