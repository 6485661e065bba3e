// What is seen of testnets and their experiments from outside, as the series of api/metrics/testnet.ts. The same for pods
// and for processes of this machine. Pure.
import type { TestnetMetrics } from '../../api/metrics/testnet.ts'

export interface SeenNode {
  readonly name: string
  readonly group: string
}

export interface SeenTestnet {
  readonly namespace: string
  readonly testnet: string
  /** All that it asks for. */
  readonly nodes: readonly SeenNode[]
  readonly desired: number
  readonly ready: number
  readonly conditions: readonly { readonly type: string; readonly holds: boolean }[]
  /** Of one round of questions: the chains that nodes follow, each node that answered in one of them. Undefined before the first. */
  readonly heads: readonly { readonly members: readonly string[] }[] | undefined
  /** Of the nodes that answered in that round. */
  readonly heights: readonly { readonly head: number; readonly finalized: number }[]
}

export interface SeenExperiment {
  readonly namespace: string
  readonly testnet: string
  readonly experiment: string
  readonly phase: string
  /** Faults in force. */
  readonly faults: number
  /** When it is over at the latest, milliseconds since the epoch; undefined before that is decided. */
  readonly endsAt: number | undefined
}

/** Those that have a value at any moment; the others count what happened. */
export type Seen = {
  [N in keyof TestnetMetrics]: TestnetMetrics[N]['type'] extends 'gauge' ? N : never
}[keyof TestnetMetrics]

export interface Sample {
  readonly name: Seen
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Heights are left out while nobody answers, groups while nobody was asked. */
export function testnetSamples(seen: SeenTestnet): Sample[] {
  const { namespace, testnet, nodes, desired, ready, conditions, heads, heights } = seen
  const sample = (name: Seen, value: number, more: Readonly<Record<string, string>> = {}): Sample => ({
    name,
    labels: { namespace, testnet, ...more },
    value,
  })
  const divided = (chains: NonNullable<typeof heads>): Sample[] => {
    const groupOf = numbered(nodes, chains)
    return [
      sample('trellis_testnet_head_groups', chains.length),
      ...nodes.map(({ name, group }) =>
        sample('trellis_testnet_node_head_group', groupOf.get(name) ?? 0, { group, node: name }),
      ),
    ]
  }
  const extremes =
    heights.length === 0
      ? []
      : [
          sample('trellis_testnet_head_height', least(heights.map(({ head }) => head)), { bound: 'min' }),
          sample('trellis_testnet_head_height', -least(heights.map(({ head }) => -head)), { bound: 'max' }),
          sample('trellis_testnet_finalized_height', least(heights.map(({ finalized }) => finalized))),
        ]
  return [
    sample('trellis_testnet_nodes', desired, { state: 'desired' }),
    sample('trellis_testnet_nodes', ready, { state: 'ready' }),
    ...conditions.map(({ type, holds }) => sample('trellis_testnet_condition', Number(holds), { condition: type })),
    ...(heads ? divided(heads) : []),
    ...extremes,
  ]
}

export function experimentSamples({ namespace, testnet, experiment, phase, faults, endsAt }: SeenExperiment): Sample[] {
  const labels = { namespace, testnet, experiment }
  return [
    { name: 'trellis_experiment_active', labels: { ...labels, phase }, value: 1 },
    { name: 'trellis_experiment_faults_active', labels, value: faults },
    ...(endsAt === undefined
      ? []
      : [{ name: 'trellis_experiment_end_timestamp_seconds', labels, value: endsAt / 1_000 } as const]),
  ]
}

/** The largest group is 1. Of equal ones that with the node that stands first: sides must not change names with every block. */
function numbered(nodes: readonly SeenNode[], heads: NonNullable<SeenTestnet['heads']>): Map<string, number> {
  const place = new Map(nodes.map(({ name }, index) => [name, index]))
  const first = new Map(heads.map(head => [head, least(head.members.map(name => place.get(name) ?? nodes.length))]))
  const order = [...heads].sort((a, b) => b.members.length - a.members.length || first.get(a)! - first.get(b)!)
  return new Map(order.flatMap(({ members }, index) => members.map(name => [name, index + 1] as const)))
}

const least = (values: readonly number[]): number =>
  values.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY)
