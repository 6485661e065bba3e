// Regional latency as this node imposes it on what it sends. Pure.
import type { LinkClass, LinkPeer } from '../../api/link.ts'
import type { Roster } from '../../api/node-config.ts'

export interface Self {
  readonly name: string
  readonly region: string
}

/** One class for each different link from the node's region; nodes of regions without latency are in none. */
export function standingLinks(self: Self, { roster, latency }: Roster): LinkClass[] {
  const linkTo = new Map<string, { readonly key: string; readonly delayMs: number; readonly jitterMs: number }>()
  for (const { from, to, delayMs, jitterMs } of latency)
    if (from === self.region) linkTo.set(to, { key: `${delayMs} ${jitterMs}`, delayMs, jitterMs })
  const classes = new Map<string, LinkClass & { readonly peers: LinkPeer[] }>()
  for (const { name, peerId, region, host = '' } of roster) {
    const link = linkTo.get(region)
    if (link === undefined || name === self.name) continue
    const { key, delayMs, jitterMs } = link
    let known = classes.get(key)
    if (known === undefined) {
      const effect = { drop: false, ...(delayMs > 0 && { delayMs }), ...(jitterMs > 0 && { jitterMs }) }
      known = { direction: 'out', link: effect, peers: [] }
      classes.set(key, known)
    }
    known.peers.push({ name, host, peerId })
  }
  return [...classes.values()]
}
