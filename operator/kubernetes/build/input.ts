// What the objects of a testnet are built from.
import type { Testnet, TestnetGroup } from '../../../api/testnet.ts'
import type { Expanded, NodeSpec } from '../../testnet/spec.ts'
import type { OperatorConfig } from '../config.ts'
import type { ObjectMeta } from '../runtime/resource.ts'

/** A choice of pods: those with the labels, in namespaces with the labels. */
export type PodChoice = OperatorConfig['operator']

export interface BuildInput {
  readonly spec: Testnet['spec']
  /** Of that spec, with the genesis that the testnet began with. */
  readonly expanded: Expanded
  readonly namespace: string
  /** Owns every object: nothing outlives the Testnet. */
  readonly owner: NonNullable<ObjectMeta['ownerReferences']>[number]
  readonly settings: OperatorConfig
  /** Bearer token of the nodes' administration ports. */
  readonly adminToken: string
}

export interface Group {
  readonly name: string
  readonly role: NodeSpec['role']
  readonly spec: TestnetGroup
  readonly nodes: readonly NodeSpec[]
}

export function groupsOf({ spec, expanded }: Pick<BuildInput, 'spec' | 'expanded'>): Group[] {
  const members = Map.groupBy(expanded.nodes, ({ group }) => group)
  return spec.groups.map(group => ({
    name: group.name,
    role: group.role,
    spec: group,
    nodes: members.get(group.name) ?? [],
  }))
}
