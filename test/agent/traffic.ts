// Rows between two hosts of a wire, and what gets through.
import { setTimeout as delay } from 'node:timers/promises'
import type { Link, LinkRow } from '../../api/link.ts'
import type { Endpoint } from './endpoint.ts'
import type { Host } from './namespaces.ts'

/** The row's peer is reached by both of its addresses. */
export const rowTo = (
  id: string,
  to: Host,
  links: Partial<Record<'in' | 'out', Partial<Link>>>,
  endsInMs = 40_000,
): LinkRow => ({
  id,
  endsAt: Date.now() + endsInMs,
  classes: Object.entries(links).map(([direction, link]) => ({
    direction: direction as 'in' | 'out',
    link: { drop: false, ...link },
    peers: [to.v4, to.v6].map(host => ({ name: to.namespace, host, peerId: to.namespace })),
  })),
})
export const drop = { drop: true }
export const bothWays = { in: drop, out: drop }

export const families = ['v4', 'v6'] as const
/** How many of so many datagrams arrive. */
async function arriving(from: Endpoint, to: Endpoint, family: 'v4' | 'v6', count = 5): Promise<number> {
  const seen = () => to.received(from.host[family])
  await seen()
  await from.send(to.host[family], count, 1)
  let arrived = (await seen()).length
  // Over a device of this machine they need no time; those that are late make no difference to what is dropped.
  if (arrived < count) arrived += await delay(100).then(async () => (await seen()).length)
  return arrived
}
/** How much of what one end sends to the other's two addresses arrives: `all` or `none`. */
export const passes = async (from: Endpoint, to: Endpoint): Promise<string> => {
  const counts = await Promise.all(families.map(family => arriving(from, to, family)))
  return counts.every(count => count === 5) ? 'all' : counts.every(count => count === 0) ? 'none' : `${counts} of 5`
}

/** Sends to the other end every few milliseconds; when each datagram arrived there. */
export async function arrivals(from: Endpoint, to: Endpoint, forMs: number): Promise<number[]> {
  await to.received(from.host.v4)
  const everyMs = 10
  await from.send(to.host.v4, forMs / everyMs, everyMs)
  return await to.received(from.host.v4)
}
