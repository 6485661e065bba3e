// Signed address records: those our peers gave us about themselves, and the check of those others hand on.
import type { Libp2p } from '@libp2p/interface'
import { PeerRecord as LibP2PRecord, RecordEnvelope } from '@libp2p/peer-record'
import type { PeerRecord } from '../../peers/exchange.ts'
import type { PeerAddress, PeerId } from '../port.ts'
import { MAX_ADDRESSES_PER_PEER, MAX_RECORD_BYTES } from './limits.ts'

/** Records of connected peers: what we hand on has been dialled or has dialled us. Bounded by the connections. */
export class RecordTable {
  readonly #records = new Map<PeerId, Uint8Array>()

  /**
   * Follows identify, which brings a peer's own signed record. `isConnected` guards against late arrivals; `onRecord` learns
   * where a peer that dialled us can be dialled.
   */
  listen(libp2p: Libp2p, isConnected: (peer: PeerId) => boolean, onRecord: (peer: PeerAddress) => void): void {
    libp2p.addEventListener('peer:identify', event => {
      const id = event.detail.peerId
      libp2p.peerStore.get(id).then(
        peer => {
          const bytes = peer.peerRecordEnvelope
          if (bytes === undefined || bytes.byteLength > MAX_RECORD_BYTES || !isConnected(id.toString())) return
          this.#records.set(id.toString(), bytes)
          const addresses = peer.addresses.filter(address => address.isCertified)
          onRecord({ id: id.toString(), addresses: addresses.map(address => address.multiaddr.toString()) })
        },
        () => undefined,
      )
    })
    libp2p.addEventListener('peer:disconnect', event => this.#records.delete(event.detail.toString()))
  }

  all(): PeerRecord[] {
    return [...this.#records].map(([id, bytes]) => ({ id, bytes }))
  }
}

/** Addresses of a signed record, or null when its size, signature or signer is wrong. */
export async function openRecord(bytes: Uint8Array): Promise<PeerAddress | null> {
  if (bytes.byteLength > MAX_RECORD_BYTES) return null
  try {
    const envelope = await RecordEnvelope.openAndCertify(bytes, LibP2PRecord.DOMAIN)
    const record = LibP2PRecord.createFromProtobuf(envelope.payload)
    if (!record.peerId.publicKey?.equals(envelope.publicKey)) return null
    const addresses = record.multiaddrs.slice(0, MAX_ADDRESSES_PER_PEER).map(address => address.toString())
    return addresses.length === 0 ? null : { id: record.peerId.toString(), addresses }
  } catch {
    return null
  }
}
