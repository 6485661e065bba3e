// What the gossipsub stack is made from, and the names it uses on the wire.
import type { MultiaddrConnection } from '@libp2p/interface'
import type { Libp2pInit } from 'libp2p'
import type { NodeConfig } from '../../../api/node-config.ts'
import type { Method, PeerId, Topic } from '../port.ts'

/** A libp2p transport factory, as `tcp()` returns it. */
export type TransportFactory = NonNullable<Libp2pInit['transports']>[number]

export interface GossipsubStackOptions {
  /** Identity, addresses, peers, limits and degrees; the rest of the configuration is not read. */
  readonly config: Pick<NodeConfig, 'keys' | 'listen' | 'announce' | 'network' | 'genesis'>
  /** Hash of the genesis, 64 hex digits: protocol and topic names derive from it, so two testnets never mix. */
  readonly genesisHash: string
  /** Wraps each transport below encryption: faults hold and delay bytes there. */
  readonly wrapTransport?: (factory: TransportFactory) => TransportFactory
  /** Told who is at the other end of a raw connection as soon as the handshake proved it. */
  readonly onIdentified?: (connection: MultiaddrConnection, peer: PeerId) => void
  /** Peers that are refused in both directions, before any protocol is spoken (bans). */
  readonly deny?: (peer: PeerId) => boolean
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
  /** Uniform in [0, 1). @default Math.random */
  readonly rng?: () => number
}

/** Hex digits of the genesis hash in protocol names: 64 bits keep testnets apart and names short. */
const CHAIN_DIGITS = 16

export interface ProtocolNames {
  readonly kad: string
  readonly ping: string
  readonly method: (method: Method) => string
  readonly topic: (topic: Topic) => string
}

/** Protocol and topic names of the chain with this genesis hash. */
export function protocolNames(genesisHash: string): ProtocolNames {
  const prefix = `/trellis/${genesisHash.slice(0, CHAIN_DIGITS)}`
  return {
    kad: `${prefix}/kad/1.0.0`,
    ping: `${prefix}/ping/1`,
    method: method => `${prefix}/${method}/1`,
    topic: topic => `${prefix}/gossip/${topic}/1`,
  }
}

/** Addresses to listen on: TCP always, WebSocket when configured. */
export function listenAddresses(listen: NodeConfig['listen']): string[] {
  const host = hostComponent(listen.host)
  const addresses = [`${host}/tcp/${listen.p2p}`]
  if (listen.websocket !== undefined) addresses.push(`${host}/tcp/${listen.websocket}/ws`)
  return addresses
}

/** Addresses to announce when others reach this node at another host; empty means the listen addresses. */
export function announceAddresses(listen: NodeConfig['listen'], announce: string | undefined): string[] {
  if (announce === undefined || announce === listen.host) return []
  return listenAddresses({ ...listen, host: announce })
}

/** `/ip4/..`, `/ip6/..` or `/dns/..` of a host. */
export function hostComponent(host: string): string {
  if (host.includes(':')) return `/ip6/${host}`
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(host) ? `/ip4/${host}` : `/dns/${host}`
}

/** Loopback hosts bind their dials, so that others see the node's own address and not 127.0.0.1. */
export const isLoopback = (host: string): boolean => host.startsWith('127.') || host === '::1'
