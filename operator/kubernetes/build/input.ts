// What the objects of a testnet are built from.
import type { Expanded } from '../../testnet/spec.ts'
import type { ObjectMeta } from '../runtime/resource.ts'

/** A choice of pods: those with the labels, in namespaces with the labels. */
export interface PodChoice {
  readonly namespace: Readonly<Record<string, string>>
  readonly pod: Readonly<Record<string, string>>
}

/** What the operator's own configuration says; the same for all testnets. */
export interface ClusterSettings {
  readonly image: string
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never'
  readonly resources: {
    readonly requests: { readonly cpu: string; readonly memory: string }
    readonly limits: { readonly memory: string }
  }
  /** Data goes with the pod when absent. */
  readonly storage?: { readonly size: string; readonly className?: string | undefined }
  /** Whether a group that shrinks keeps the data of the nodes it gives up. */
  readonly whenScaled: 'Retain' | 'Delete'
  /** Pods that may ask nodes for their status and administer them: the operator's. */
  readonly operator: PodChoice
  /** Pods that may scrape; nobody when absent. */
  readonly scraper?: PodChoice
}

export interface BuildInput {
  readonly expanded: Expanded
  readonly namespace: string
  /** Owns every object: nothing outlives the Testnet. */
  readonly owner: NonNullable<ObjectMeta['ownerReferences']>[number]
  readonly settings: ClusterSettings
  /** Bearer token of the nodes' administration ports. */
  readonly adminToken: string
  /** No pods, but everything else stays. */
  readonly suspend: boolean
  /** Of each group by name: pods from this index on are of the new revision. All are, when absent. */
  readonly partitions?: ReadonlyMap<string, number>
}

export interface Group {
  readonly name: string
  readonly role: Expanded['nodes'][number]['role']
  readonly nodes: Expanded['nodes']
}

export function groupsOf({ nodes }: Expanded): Group[] {
  const groups = new Map<string, Expanded['nodes'][number][]>()
  for (const node of nodes) {
    const members = groups.get(node.group)
    if (members) members.push(node)
    else groups.set(node.group, [node])
  }
  return [...groups].map(([name, members]) => ({ name, role: members[0]!.role, nodes: members }))
}
