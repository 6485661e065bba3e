// Refuses connections: bans, caps, second connections, and every dial the node's own policy has not asked for
// (kad-dht and gossipsub would otherwise dial whomever they hear of).
import type { ConnectionGater, PeerId as Libp2pPeerId, MultiaddrConnection } from '@libp2p/interface'
import type { PeerId } from '../port.ts'
import { type ConnectionTable, hostOf } from './connections.ts'
import { INBOUND_SLACK } from './limits.ts'

export interface GaterInit {
  readonly connections: ConnectionTable
  readonly limits: { readonly inbound: number; readonly perHost: number }
  readonly deny: (peer: PeerId) => boolean
  readonly identified: (connection: MultiaddrConnection, peer: PeerId) => void
  /** Peers the node is dialling now. */
  readonly dialling: ReadonlyMap<PeerId, unknown>
}

export function connectionGater({ connections, limits, deny, identified, dialling }: GaterInit): ConnectionGater {
  const admits = (peer: Libp2pPeerId, direction: 'inbound' | 'outbound') =>
    !deny(peer.toString()) && connections.admits(peer.toString(), direction)
  return {
    denyDialPeer: peer => !dialling.has(peer.toString()) || deny(peer.toString()),
    denyDialMultiaddr: () => false,
    denyInboundConnection: (connection: MultiaddrConnection) =>
      connections.inbound() >= limits.inbound + INBOUND_SLACK ||
      connections.inbound(hostOf(connection.remoteAddr)) >= limits.perHost,
    denyInboundEncryptedConnection: (peer, connection) => {
      identified(connection, peer.toString())
      return deny(peer.toString())
    },
    denyOutboundEncryptedConnection: (peer, connection) => {
      identified(connection, peer.toString())
      return false
    },
    denyInboundUpgradedConnection: peer => !admits(peer, 'inbound'),
    denyOutboundUpgradedConnection: peer => !admits(peer, 'outbound'),
  }
}
