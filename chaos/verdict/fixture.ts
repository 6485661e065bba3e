// A hand-made run for the tests of the findings: four equal validators, cut into halves for 20 s, healed 1 s later.
// Every test changes one thing in it. Times are milliseconds from 0.
import type { NodeEvent } from '../../api/observation.ts'
import type { RunRecord, Sample } from '../../api/run.ts'

export const names = ['a', 'b', 'c', 'd']
export const times = {
  steady: 1_000,
  inject: 20_000,
  injected: 20_100,
  lifted: 40_100,
  gone: 40_150,
  merged: 41_000,
  done: 60_000,
}
/** halves deals in turn: a, c | b, d. */
const sideOf = (node: string): 'left' | 'right' => (node === 'a' || node === 'c' ? 'left' : 'right')

interface MadeBlock {
  readonly hash: string
  readonly parent: string
  readonly height: number
  readonly at: number
  readonly side: 'both' | 'left' | 'right'
}

/** One block a second; during the cut the left makes one every two, the right one every four seconds. */
function makeBlocks(): MadeBlock[] {
  const made: MadeBlock[] = [{ hash: 'm0', parent: 'none', height: 0, at: 0, side: 'both' }]
  const tips = { left: made[0]!, right: made[0]! }
  const add = (at: number, side: MadeBlock['side'], name: string): void => {
    const parent = tips[side === 'right' ? 'right' : 'left']
    const block = { hash: `${name}${parent.height + 1}`, parent: parent.hash, height: parent.height + 1, at, side }
    made.push(block)
    if (side !== 'right') tips.left = block
    if (side !== 'left') tips.right = block
  }
  for (let at = 1_000; at < times.done; at += 1_000) {
    const cut = at > times.injected && at < times.lifted
    if (!cut) add(at, 'both', 'm')
    else if (at % 2_000 === 0) add(at, 'left', 'l')
    if (cut && at % 4_000 === 0) add(at, 'right', 'r')
  }
  return made
}

const made = makeBlocks()
const byHash = new Map(made.map(block => [block.hash, block]))

/** The block a node follows: its side's during the cut and until the merge, then the left's. */
function headAt(node: string, at: number): MadeBlock {
  const side = at > times.injected && at < times.merged ? sideOf(node) : 'left'
  return made.findLast(
    block =>
      block.at + 50 <= at &&
      (block.side === 'both'
        ? at < times.lifted || at >= times.merged || block.at < times.lifted
        : block.side === side),
  )!
}

function recentOf(head: MadeBlock): string[] {
  const recent: string[] = []
  for (let block: MadeBlock | undefined = head; block && recent.length < 64; block = byHash.get(block.parent))
    recent.push(block.hash)
  return recent
}

function finalizedAt(at: number): { hash: string; height: number } {
  const height = at < times.inject ? Math.floor(at / 5_000) * 4 : at < 50_000 ? 12 : 20
  const head = headAt('a', Math.max(at, 100))
  const hash = recentOf(head)[head.height - height]
  return { hash: hash ?? 'm0', height: hash ? height : 0 }
}

export function healthySample(round: number, at: number, node: string): Sample {
  const head = headAt(node, at)
  const status = {
    pid: 100 + names.indexOf(node),
    startedAt: 1,
    head: { hash: head.hash, height: head.height },
    finalized: finalizedAt(at),
    recent: recentOf(head),
    peers: at > times.injected + 4_000 && at < times.merged ? 1 : 3,
    mesh: { '/trellis/x/block': at > times.injected + 4_000 && at < times.merged ? 1 : 3 },
    pool: 0,
    reorgs: { count: 0, deepest: at > times.merged && sideOf(node) === 'right' ? 5 : 0 },
  }
  return { round, at, node, status }
}

/** Block events: the maker's own at once, the others' 40 ms later, the lost side's blocks after the merge. */
function blockEvents(): RunRecord['events'] {
  return made.slice(1).flatMap((block, index) => {
    const maker = names.filter(node => block.side === 'both' || sideOf(node) === block.side)[
      index % (block.side === 'both' ? 4 : 2)
    ]!
    return names.map(node => {
      const local = block.side === 'both' || sideOf(node) === block.side
      const at = node === maker ? block.at : local ? block.at + 40 : times.merged
      const event: NodeEvent = {
        at,
        kind: 'block',
        hash: block.hash,
        parent: block.parent,
        height: block.height,
        producer: maker,
        delayMs: at - block.at,
        transactions: 0,
        from: node === maker ? 'self' : `id-${maker}`,
      }
      return { node, event }
    })
  })
}

export function healthyRun(): RunRecord {
  const samples: Sample[] = []
  for (let round = 0; round * 500 + 1_000 < times.done; round++) {
    for (const node of names) samples.push(healthySample(round, round * 500 + 1_000, node))
  }
  const event = (node: string, fields: NodeEvent): RunRecord['events'][number] => ({ node, event: fields })
  const events = [
    ...blockEvents(),
    ...names.flatMap(node =>
      ['m4', 'm8', 'm12'].map((hash, index) =>
        event(node, { at: 5_000 * (index + 1), kind: 'finalized', hash, height: 4 * index + 4 }),
      ),
    ),
    ...['b', 'd'].map(node =>
      event(node, {
        at: times.merged,
        kind: 'reorg',
        depth: 5,
        ancestor: { hash: 'm20', height: 20 },
        from: { hash: 'r25', height: 25 },
        to: { hash: 'l30', height: 30 },
        returned: 2,
        dropped: 0,
      }),
    ),
    event('a', {
      at: times.gone + 600,
      kind: 'peer',
      change: 'connected',
      peer: 'id-b',
      name: 'b',
      direction: 'outbound',
      reason: '',
    }),
    event('a', { at: 25_000, kind: 'mesh', topic: '/trellis/x/block', peers: ['id-c'] }),
    event('a', { at: times.gone + 700, kind: 'mesh', topic: '/trellis/x/block', peers: ['id-c', 'id-b'] }),
  ].sort((x, y) => x.event.at - y.event.at)
  const links = (node: string): RunRecord['windows'][number]['counters'][number] => ({
    node,
    links: [{ peer: 'x', direction: 'out', heldBytes: 1_000, delayedBytes: 0, leakedBytes: 0 }],
  })
  return {
    version: 1,
    experiment: {
      name: 'halves',
      testnet: 'quick',
      seed: 's',
      steadyState: { withinMs: 60_000, samples: 4, finalizing: true },
      faults: [
        {
          name: 'cut',
          atMs: 0,
          durationMs: 20_000,
          select: {},
          action: { kind: 'partition', shape: 'halves', direction: 'both' },
        },
      ],
      heal: { withinMs: 10_000, samples: 4, maxReorgDepth: 8, lostTransactions: 0, lostBlocks: 0 },
      injector: 'auto',
    },
    testnet: {
      name: 'quick',
      seed: 't',
      blockIntervalMs: 1_000,
      checkpointInterval: 4,
      quorum: { numerator: 2, denominator: 3 },
      nodes: names.map((name, index) => ({
        name,
        group: 'miner',
        role: 'miner',
        region: 'eu',
        weight: 1,
        peerId: `id-${name}`,
        host: `127.0.0.${index + 2}`,
      })),
    },
    injector: 'userspace',
    phases: [
      { phase: 'preflight', at: 500 },
      { phase: 'steady-state', at: times.steady },
      { phase: 'inject', at: times.inject },
      { phase: 'heal', at: times.gone },
      { phase: 'observe', at: 43_000 },
      { phase: 'done', at: times.done },
    ],
    steady: true,
    aborted: null,
    windows: [
      {
        fault: 'cut',
        plannedStart: times.inject,
        plannedEnd: times.lifted,
        injectedAt: times.injected,
        liftedAt: times.lifted,
        endedAt: times.gone,
        targets: names,
        sides: [
          ['a', 'c'],
          ['b', 'd'],
        ],
        failures: [],
        counters: names.map(links),
      },
    ],
    samples,
    events,
    gaps: [],
    canaryAccounts: 4,
    canaries: names.map((node, index) => ({
      index,
      id: `tx${index}`,
      node,
      side: index % 2,
      submittedAt: 25_000,
      duringFault: 'included',
      fate: 'included',
      blocks: [{ hash: 'm40', height: 40 }],
    })),
    notes: [],
  }
}
