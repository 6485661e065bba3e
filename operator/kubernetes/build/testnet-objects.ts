// All objects of a testnet, in the order in which they are applied: what pods need comes before the pods. Pure.
import { marked } from '../runtime/drift.ts'
import { type KubeObject, type Resource, resources, type StatefulSet } from '../runtime/resource.ts'
import { configuration } from './configuration.ts'
import { type BuildInput, groupsOf } from './input.ts'
import { bootstrapEntry, disruptionBudget, networkPolicy, nodesService } from './network.ts'
import { statefulSet } from './stateful-set.ts'

export interface Wanted {
  readonly resource: Resource
  /** Carries the digest of what it says, so that it is not applied again when nothing changed. */
  readonly object: KubeObject & { apiVersion: string; kind: string }
}

/** As many as 5 and 3 a group, or one more with bootstrap nodes. @throws TooLargeError */
export function testnetObjects(input: BuildInput): Wanted[] {
  const { testnet, groups } = configuration(input)
  const bootstrap = bootstrapEntry(input)
  return [
    want(resources.networkPolicies, networkPolicy(input)),
    want(resources.services, nodesService(input)),
    ...(bootstrap ? [want(resources.services, bootstrap)] : []),
    want(resources.podDisruptionBudgets, disruptionBudget(input)),
    want(resources.configMaps, testnet.config),
    want(resources.secrets, testnet.admin),
    ...groupsOf(input).flatMap(group => {
      const { config, keys } = groups.get(group.name)!
      return [
        want(resources.configMaps, config),
        want(resources.secrets, keys),
        want(resources.statefulSets, statefulSet(input, group)),
      ]
    }),
  ]
}

/** The StatefulSet with its pods below that index left at the revision they have. */
export function withPartition(wanted: Wanted, partition: number): Wanted {
  if (partition === 0) return wanted
  const { spec, ...set } = wanted.object as StatefulSet
  const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition } }
  return want<StatefulSet>(resources.statefulSets, { ...set, spec: { ...spec!, updateStrategy } })
}

function want<T extends KubeObject>({ type: _, ...resource }: Resource<T>, object: T): Wanted {
  const { apiVersion, kind } = resource
  return { resource, object: { ...marked(object), apiVersion, kind } }
}
