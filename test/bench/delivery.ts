// Blocks through 20 processes with 50 ms on every link: when they arrive, how often, and against the fewest hops that
// the mesh of that moment allows.
import { setTimeout as delay } from 'node:timers/promises'
import { scrape } from '../support/metrics.ts'
import { describeStatuses, Network, until } from '../support/network.ts'
import { type HeardEvent, NodeEvents } from './node-events.ts'
import { against, type Bench, percentile, type Row } from './row.ts'

const nodes = 20
const linkMs = 50
const cases = [
  // A block without transactions weighs 0.3 KiB.
  { size: '1 KiB', rate: 1, payload: '600B', peer: { p50: 105, p99: 161, duplicates: 7.18 } },
  { size: '100 KiB', rate: 2, payload: '50KiB', peer: { p50: 377, p99: 636, duplicates: 5.47 } },
]
const watchMs = { short: 40_000, long: 120_000 }
const others = 'go-libp2p-pubsub'

const testnet = (rate: number, payload: string): string => `
apiVersion: trellis.dev/v1alpha1
kind: Testnet
metadata: { name: delivery }
spec:
  network:
    regions: [{ name: everywhere, latitude: 0, longitude: 0 }]
    latency: [{ from: everywhere, to: everywhere, delay: ${linkMs}ms }]
  load: { rate: ${rate}, payload: ${payload} }
  groups:
    - { name: boot, role: bootstrap }
    - { name: miner, role: miner, count: 4 }
    - { name: full, role: full, count: ${nodes - 6} }
    - { name: load, role: load }
`

export const delivery: Bench = async ({ long, say }) => {
  const rows: Row[] = []
  for (const { size, rate, payload, peer } of cases) {
    const network = await Network.create(testnet(rate, payload))
    const events = new NodeEvents()
    try {
      await network.start()
      await until(
        'a mesh everywhere',
        90_000,
        async () => {
          const statuses = await network.statuses()
          return (
            statuses.length === nodes && statuses.every(({ mesh, head }) => (mesh.block ?? 0) >= 4 && head.height > 5)
          )
        },
        500,
        async () => describeStatuses(await network.statuses()),
      )
      // Grafting settles within some heartbeats.
      await delay(10_000)
      await events.follow(network, 'mesh,block', true)
      const before = await totals(network)
      const from = Date.now()
      await delay(long ? watchMs.long : watchMs.short)
      const after = await totals(network)
      const measured = deliveries(events.heard, from, new Map(network.nodes.map(node => [node.config.name, node.name])))
      const spread = after.firsts - before.firsts
      const duplicates = (after.duplicates - before.duplicates) / spread
      const [delays, floors] = [measured.map(({ delayMs }) => delayMs), measured.map(({ floorMs }) => floorMs)]
      say(`${size}: ${delays.length} deliveries, ${duplicates.toFixed(2)} duplicates each`)
      for (const p of [50, 99] as const)
        rows.push(
          against(percentile(floors, p), {
            name: `delivery of ${size}, p${p}`,
            value: percentile(delays, p),
            unit: 'ms',
            ...(p === 99 && { aim: '<= 1.25 x floor' }),
            note: `${delays.length} deliveries; floor: hops x ${linkMs} ms`,
            peer: { name: others, value: p === 50 ? peer.p50 : peer.p99 },
          }),
        )
      rows.push(
        {
          name: `duplicates per delivery, ${size}`,
          value: duplicates,
          unit: 'messages',
          peer: { name: others, value: peer.duplicates },
        },
        {
          name: `sent per node and block, ${size}`,
          value: (after.sentBytes - before.sentBytes) / nodes / Math.max(1, spread / (nodes - 1)) / 1_024,
          unit: 'KiB',
          note: 'everything on the wire: blocks, transactions, votes, control, encryption',
        },
      )
    } finally {
      events.stop()
      await network.stop()
    }
  }
  return rows
}

interface Delivery {
  readonly delayMs: number
  readonly floorMs: number
}

/** Gossiped blocks since `from`, each against the distance from its producer over the meshes of that moment. */
function deliveries(heard: readonly HeardEvent[], from: number, names: ReadonlyMap<string, string>): Delivery[] {
  const mesh = new Map<string, readonly string[]>()
  const producers = new Map<string, string>()
  const found: Delivery[] = []
  for (const { node, event } of heard)
    if (event.kind === 'block' && event.from === 'self') producers.set(event.hash, node)
  for (const { node, event } of [...heard].sort((a, b) => a.event.at - b.event.at)) {
    if (event.kind === 'mesh' && event.topic === 'block')
      mesh.set(
        node,
        event.peers.map(peer => names.get(peer) ?? peer),
      )
    if (event.kind !== 'block' || event.at < from || event.from === 'self' || event.from.startsWith('sync:')) continue
    const producer = producers.get(event.hash)
    if (producer === undefined) continue
    const hops = distance(mesh, producer, node)
    if (hops !== undefined) found.push({ delayMs: event.delayMs, floorMs: hops * linkMs })
  }
  return found
}

/** Hops by breadth-first search; a mesh link carries both ways. */
function distance(mesh: ReadonlyMap<string, readonly string[]>, from: string, to: string): number | undefined {
  const links = new Map<string, Set<string>>()
  const link = (a: string, b: string) => links.set(a, (links.get(a) ?? new Set()).add(b))
  for (const [node, peers] of mesh)
    for (const peer of peers) {
      link(node, peer)
      link(peer, node)
    }
  const hops = new Map([[from, 0]])
  for (const [node, at] of hops) {
    if (node === to) return at
    for (const next of links.get(node) ?? []) if (!hops.has(next)) hops.set(next, at + 1)
  }
  return undefined
}

async function totals(network: Network): Promise<{ firsts: number; duplicates: number; sentBytes: number }> {
  const reads = await Promise.all(network.nodes.map(node => scrape(node.client.endpoint.statusUrl)))
  const sum = (name: string, labels: Record<string, string>) =>
    reads.reduce((total, read) => total + read(name, labels), 0)
  return {
    firsts: sum('trellis_node_gossip_messages_total', { topic: 'block' }),
    duplicates: sum('trellis_node_gossip_duplicates_total', { topic: 'block' }),
    sentBytes: sum('trellis_node_link_delayed_bytes_total', { direction: 'out' }),
  }
}
