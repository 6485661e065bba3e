// The libp2p host: transports, encryption, multiplexing, identify, ping, DHT and gossipsub, with libp2p's own dialling and pruning off.
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { ConnectionGater, Libp2p, PrivateKey } from '@libp2p/interface'
import { type KadDHT, kadDHT, MessageType, passthroughMapper } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { type TCPSocketOptions, tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import type { PeerId } from '../port.ts'
import {
  INBOUND_SLACK,
  MAX_INBOUND_PER_HOST_PER_SECOND,
  MAX_PENDING_INBOUND,
  MAX_STREAM_WINDOW_BYTES,
} from './limits.ts'
import {
  announceAddresses,
  type GossipsubStackOptions,
  isLoopback,
  listenAddresses,
  type ProtocolNames,
  type TransportFactory,
} from './options.ts'
import { type GossipSubRouter, gossipsubService } from './router.ts'
import { streamObserver, Traffic } from './traffic.ts'

/** Handshakes (TCP, Noise, Yamux, protocol) that have not finished by then are given up. */
const UPGRADE_TIMEOUT_MS = 10_000

export interface Host {
  readonly libp2p: Libp2p
  readonly router: GossipSubRouter
  readonly dht: KadDHT | null
  readonly traffic: Traffic
}

/** The node's network identity. */
export function privateKeyOf(config: GossipsubStackOptions['config']): Promise<PrivateKey> {
  return generateKeyPairFromSeed('Ed25519', Uint8Array.from(Buffer.from(config.keys.network, 'hex')))
}

/** Builds the host without starting it. */
export async function createHost(
  options: GossipsubStackOptions,
  privateKey: PrivateKey,
  names: ProtocolNames,
  gater: ConnectionGater,
  appScore: (peer: PeerId) => number,
): Promise<Host> {
  const { config } = options
  const { limits, discovery } = config.network
  const wrap = options.wrapTransport ?? ((factory: TransportFactory) => factory)
  const traffic = new Traffic(names)
  const libp2p = await createLibp2p({
    start: false,
    privateKey,
    addresses: { listen: listenAddresses(config.listen), announce: announceAddresses(config.listen, config.announce) },
    transports: [
      wrap(
        tcp({
          dialOpts: dialOptions(config.listen.host),
          // Silence is judged by liveness.ts alone.
          inboundSocketInactivityTimeout: 0,
          outboundSocketInactivityTimeout: 0,
        }),
      ),
      wrap(webSockets()),
    ],
    metrics: () => streamObserver(stream => traffic.count(stream)),
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: MAX_STREAM_WINDOW_BYTES } })],
    connectionGater: gater,
    connectionManager: {
      // Ours are the caps; these only keep libp2p from pruning below them.
      maxConnections: 2 * (limits.inbound + limits.outbound + INBOUND_SLACK) + 64,
      maxIncomingPendingConnections: MAX_PENDING_INBOUND,
      inboundConnectionThreshold: MAX_INBOUND_PER_HOST_PER_SECOND,
      inboundUpgradeTimeout: UPGRADE_TIMEOUT_MS,
      reconnectRetries: 0,
    },
    // Dead links are judged by liveness.ts: libp2p's monitor gives up on one lost ping.
    connectionMonitor: { enabled: false, abortConnectionOnPingFailure: false },
    services: {
      identify: identify(),
      ping: ping(),
      pubsub: gossipsubService(config, names, appScore),
      ...(discovery.dht && {
        dht: kadDHT({
          protocol: names.kad,
          clientMode: false,
          // Pods and loopback nodes have private addresses only.
          peerInfoMapper: passthroughMapper,
          allowQueryWithZeroPeers: true,
          alpha: 3,
          disjointPaths: 3,
          maxInboundStreams: 4,
          maxOutboundStreams: 8,
        }),
      }),
    },
  })
  const services = libp2p.services as { pubsub: unknown; dht?: KadDHT }
  const dht = services.dht ?? null
  if (dht !== null) routeOnly(dht)
  return { libp2p, router: services.pubsub as GossipSubRouter, dht, traffic }
}

/** `localAddress` is passed on to net.connect, which libp2p's option type does not name. */
function dialOptions(host: string): TCPSocketOptions & { localAddress?: string } {
  return { noDelay: true, ...(isLoopback(host) && { localAddress: host }) }
}

/** The DHT finds peers and stores nothing: records and providers of strangers would fill the memory. */
function routeOnly(dht: KadDHT): void {
  const { handlers } = (dht as unknown as { rpc: { handlers: Record<string, unknown> } }).rpc
  for (const type of [
    MessageType.PUT_VALUE,
    MessageType.GET_VALUE,
    MessageType.ADD_PROVIDER,
    MessageType.GET_PROVIDERS,
  ]) {
    delete handlers[type]
  }
}
