// What `up` would create. Pure; keys are left out.
import type { NodeAddress } from '../../operator/local/record.ts'
import type { Expanded, RegionLatency } from '../../operator/testnet/spec.ts'
import type { ObjectChange } from './object-changes.ts'

export interface PlannedNode {
  readonly name: string
  readonly group: string
  readonly role: string
  readonly region: string
  readonly weight: number
  readonly peerId: string
  readonly host: string
  readonly p2p: number
  readonly http: number
}

export interface Plan {
  readonly testnet: string
  readonly chain: {
    readonly blockIntervalMs: number
    readonly checkpointInterval: number
    readonly quorum: string
    readonly genesisTime: string
    readonly validators: number
    readonly accounts: number
  }
  readonly nodes: readonly PlannedNode[]
  /** One way; every ordered pair of regions that have nodes. */
  readonly latency: readonly RegionLatency[]
  /** Of the cluster, in the order in which they would be applied; absent on this machine. */
  readonly objects?: readonly ObjectChange[]
}

export function plan({ name, genesis, nodes, latency }: Expanded, addresses: ReadonlyMap<string, NodeAddress>): Plan {
  const used = [...new Set(nodes.map(node => node.region))]
  const between = (from: string, to: string): RegionLatency =>
    latency.find(link => link.from === from && link.to === to) ?? { from, to, delayMs: 0, jitterMs: 0 }
  return {
    testnet: name,
    chain: {
      blockIntervalMs: genesis.blockIntervalMs,
      checkpointInterval: genesis.checkpointInterval,
      quorum: `${genesis.quorum.numerator}/${genesis.quorum.denominator}`,
      genesisTime: new Date(genesis.time).toISOString(),
      validators: genesis.validators.length,
      accounts: genesis.accounts.length,
    },
    nodes: nodes.map(({ name, group, role, region, weight, peerId }) => {
      const address = addresses.get(name)
      return {
        name,
        group,
        role,
        region,
        weight,
        peerId,
        host: address?.host ?? '',
        p2p: address?.p2p ?? 0,
        http: address?.http ?? 0,
      }
    }),
    latency: used.flatMap(from => used.map(to => between(from, to))),
  }
}
