// Which inbound peer goes when there are too many. After Bitcoin's AttemptToEvictConnection: protect those an attacker cannot
// cheaply imitate (near, long connected, from rare networks), then thin out the largest network group.
import type { PeerInfo } from '../stacks/port.ts'
import { networkGroup } from './host.ts'

export const PROTECTED_BY_LATENCY = 4
export const PROTECTED_BY_AGE = 8
export const PROTECTED_BY_GROUP = 4

/** The inbound peer to let go, or null when there is none. When all are protected it is the youngest. */
export function chooseEviction(inbound: readonly PeerInfo[]): PeerInfo | null {
  if (inbound.length === 0) return null
  const guarded = new Set<string>()
  const protect = (peers: readonly PeerInfo[], count: number) => {
    for (const peer of peers.slice(0, count)) guarded.add(peer.id)
  }
  const open = () => inbound.filter(peer => !guarded.has(peer.id))
  protect(
    open()
      .filter(peer => peer.latencyMs !== null)
      .sort((a, b) => a.latencyMs! - b.latencyMs!),
    PROTECTED_BY_LATENCY,
  )
  protect(
    open().sort((a, b) => a.connectedAt - b.connectedAt),
    PROTECTED_BY_AGE,
  )
  const rarest = [...byGroup(open()).values()].sort((a, b) => a.length - b.length)
  // One group alone is no diversity.
  if (rarest.length > 1) {
    protect(
      rarest.map(group => oldest(group)),
      PROTECTED_BY_GROUP,
    )
  }
  const candidates = open()
  if (candidates.length === 0) return youngest(inbound)
  return youngest([...byGroup(candidates).values()].reduce((a, b) => (b.length > a.length ? b : a)))
}

export const youngest = (peers: readonly PeerInfo[]): PeerInfo =>
  peers.reduce((a, b) => (b.connectedAt > a.connectedAt ? b : a))
const oldest = (peers: readonly PeerInfo[]): PeerInfo => peers.reduce((a, b) => (b.connectedAt < a.connectedAt ? b : a))

function byGroup(peers: readonly PeerInfo[]): Map<string, PeerInfo[]> {
  return Map.groupBy(peers, peer => networkGroup(peer.host))
}
