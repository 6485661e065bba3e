// `trellis plan` for people.
import type { ObjectChange } from '../model/object-changes.ts'
import type { Plan, PlannedNode } from '../model/plan.ts'
import { table } from './table.ts'

export function planText(plan: Plan, options: { wide: boolean; columns: number }): string {
  const { chain } = plan
  const head = [
    `Testnet ${plan.testnet}: ${plan.nodes.length} nodes, ${chain.validators} validators, ${chain.accounts} accounts`,
    `a block every ${chain.blockIntervalMs / 1_000} s, a checkpoint every ${chain.checkpointInterval} blocks, quorum ${chain.quorum}, genesis ${chain.genesisTime}`,
  ]
  const nodes = table<PlannedNode>(
    plan.nodes,
    [
      { title: 'NAME', cell: node => node.name },
      { title: 'ROLE', cell: node => node.role },
      { title: 'REGION', cell: node => node.region || '-' },
      { title: 'WEIGHT', cell: node => (node.weight > 0 ? String(node.weight) : '-'), right: true },
      { title: 'HOST', cell: node => node.host },
      { title: 'P2P', cell: node => String(node.p2p), right: true },
      { title: 'HTTP', cell: node => String(node.http), right: true },
      { title: 'PEER ID', cell: node => node.peerId, wide: true },
    ],
    options,
  )
  const latency = latencyTable(plan, options.columns)
  return [
    ...head,
    '',
    nodes,
    ...(latency ? ['', 'One-way latency between regions, ms', latency] : []),
    ...(plan.objects ? ['', objectTable(plan.objects, options)] : []),
  ].join('\n')
}

function objectTable(objects: readonly ObjectChange[], options: { wide: boolean; columns: number }): string {
  return table<ObjectChange>(
    objects,
    [
      { title: 'OBJECT', cell: ({ kind, name }) => `${kind}/${name}` },
      { title: 'ACTION', cell: ({ action }) => action },
      { title: 'CHANGES', cell: ({ changes }) => changes.join(', ') },
    ],
    options,
  )
}

function latencyTable({ latency }: Plan, columns: number): string | undefined {
  const regions = [...new Set(latency.map(link => link.from))]
  if (regions.length < 2) return undefined
  const cell = (from: string, to: string): string => {
    const link = latency.find(candidate => candidate.from === from && candidate.to === to)
    if (link === undefined) return '-'
    const delay = Math.round(link.delayMs * 10) / 10
    return link.jitterMs > 0 ? `${delay}±${link.jitterMs}` : String(delay)
  }
  return table(
    regions,
    [
      { title: 'FROM \\ TO', cell: (from: string) => from },
      ...regions.map(to => ({ title: to, cell: (from: string) => cell(from, to), right: true })),
    ],
    { wide: true, columns },
  )
}
