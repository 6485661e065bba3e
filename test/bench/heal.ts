// Eight nodes cut into halves again and again: from the end of the fault to one head on all nodes, and where it goes.
import { setTimeout as delay } from 'node:timers/promises'
import { describeStatuses, Network, until, untilAgreed } from '../support/network.ts'
import { type HeardEvent, NodeEvents } from './node-events.ts'
import { type Bench, percentile, type Row } from './row.ts'

const plans = {
  short: [
    { seconds: 10, count: 10 },
    { seconds: 60, count: 2 },
  ],
  long: [
    { seconds: 10, count: 30 },
    { seconds: 60, count: 10 },
    { seconds: 600, count: 3 },
  ],
}
const peers: Readonly<Record<number, { readonly name: string; readonly value: number }>> = {
  10: { name: 'CometBFT, 4 nodes, p50', value: 6.7 },
  60: { name: 'CometBFT, 4 nodes, p50', value: 23 },
}
/** Between two cuts: long enough for every mesh and address book to be as before. */
const restMs = 12_000
const healWithinMs = 90_000

const testnet = `
apiVersion: trellis.dev/v1alpha1
kind: Testnet
metadata: { name: heal }
spec:
  groups: [{ name: boot, role: bootstrap }, { name: miner, role: miner, count: 7 }]
`

/** Milliseconds after the end of the fault. */
interface Heal {
  /** First new connection between the sides; 0 when one outlived the cut. */
  readonly connected: number
  /** First block of the other side imported anywhere. */
  readonly fetched: number
  /** Every node has the same head. */
  readonly healed: number
}

export const heal: Bench = async ({ long, say }) => {
  const network = await Network.create(testnet)
  const events = new NodeEvents()
  const rows: Row[] = []
  try {
    await network.start()
    await untilAgreed(network, 5, 60_000)
    await events.follow(network, 'head,block,peer')
    for (const { seconds, count } of long ? plans.long : plans.short) {
      const heals: Heal[] = []
      for (let round = 0; round < count; round++) {
        await delay(restMs)
        heals.push(await cutAndHeal(network, events, seconds * 1_000))
        const { connected, fetched, healed } = heals.at(-1)!
        say(`${seconds} s cut ${round + 1}/${count}: connected ${connected}, fetched ${fetched}, one head ${healed} ms`)
      }
      rows.push(...rowsOf(seconds, heals))
    }
  } finally {
    events.stop()
    await network.stop()
  }
  return rows
}

function rowsOf(seconds: number, heals: readonly Heal[]): Row[] {
  const name = `${seconds} s cut`
  const times = (of: (heal: Heal) => number): number[] => heals.map(heal => of(heal) / 1_000)
  const healed = times(({ healed }) => healed)
  return [
    {
      name: `${name}: to one head, p50`,
      value: percentile(healed, 50),
      unit: 's',
      aim: '<= 2 s',
      note: `n=${heals.length}`,
      ...(peers[seconds] && { peer: peers[seconds] }),
    },
    { name: `${name}: to one head, p99`, value: percentile(healed, 99), unit: 's', aim: '<= 5 s' },
    { name: `${name}: to one head, slowest`, value: percentile(healed, 100), unit: 's' },
    {
      name: `${name}: noticing and redial (first connection across), p50`,
      value: percentile(
        times(h => h.connected),
        50,
      ),
      unit: 's',
    },
    {
      name: `${name}: then status and fetch (first block from across), p50`,
      value: percentile(
        times(h => h.fetched - h.connected),
        50,
      ),
      unit: 's',
    },
    {
      name: `${name}: then import and spread (one head everywhere), p50`,
      value: percentile(
        times(h => h.healed - h.fetched),
        50,
      ),
      unit: 's',
    },
  ]
}

async function cutAndHeal(network: Network, events: NodeEvents, forMs: number): Promise<Heal> {
  const names = network.nodes.map(node => node.name)
  const [left, right] = [names.slice(0, 4), names.slice(4)]
  const statuses = await network.statuses()
  const from = Date.now()
  const seen = events.heard.length
  await network.cut(`cut-${from}`, left, right, forMs)
  const end = from + forMs
  await delay(forMs)
  let result: Heal | undefined
  await until(
    'one head on all nodes',
    healWithinMs,
    () => {
      result = healOf(
        events.heard.slice(seen),
        new Map(statuses.map(({ name, head }) => [name, head.hash])),
        new Set(left),
        end,
      )
      return result !== undefined
    },
    250,
    async () => describeStatuses(await network.statuses()),
  )
  return result!
}

function healOf(
  heard: readonly HeardEvent[],
  heads: Map<string, string>,
  left: ReadonlySet<string>,
  end: number,
): Heal | undefined {
  const madeBy = new Map<string, boolean>()
  let [connected, fetched, diverged]: [number | undefined, number | undefined, boolean] = [undefined, undefined, false]
  const across = (node: string, other: string) => left.has(node) !== left.has(other)
  for (const { node, event } of heard)
    if (event.kind === 'block' && event.from === 'self') madeBy.set(event.hash, left.has(node))
  for (const { node, event } of [...heard].sort((a, b) => a.event.at - b.event.at)) {
    const after = Math.max(0, event.at - end)
    if (event.kind === 'peer' && event.change === 'connected' && event.at >= end && across(node, event.name))
      connected ??= after
    if (
      event.kind === 'block' &&
      event.at >= end &&
      event.from !== 'self' &&
      madeBy.get(event.hash) === !left.has(node)
    )
      fetched ??= after
    if (event.kind === 'head') heads.set(node, event.hash)
    const one = new Set(heads.values()).size === 1
    if (!one && event.at > end - 1_000) diverged = true
    if (one && event.at >= end && (fetched !== undefined || !diverged))
      return { connected: Math.min(connected ?? 0, fetched ?? after), fetched: fetched ?? after, healed: after }
  }
  return undefined
}
