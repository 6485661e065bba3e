// From what a Testnet is to look like to writes: what is not settled is applied, what is not wanted any more goes. Objects
// of somebody else are left alone, and what would read them waits.
import { GROUP_LABEL, groupObject } from '../build/names.ts'
import { type Wanted, withPartition } from '../build/testnet-objects.ts'
import { isSettled } from '../runtime/drift.ts'
import { isForeign } from '../runtime/owner.ts'
import { type KubeObject, type Resource, resources } from '../runtime/resource.ts'
import type { Blueprint } from './blueprint.ts'
import type { Rollout } from './rollout.ts'
import type { Plan, World } from './world.ts'

export interface Intended extends Pick<Plan, 'apply' | 'remove'> {
  /** What keeps objects from being applied. */
  readonly blocked: { readonly reason: string; readonly message: string } | undefined
}

export function intend(world: World, blueprint: Blueprint, { partitions, replace }: Rollout): Intended {
  const { objects, tooLarge, owner } = blueprint
  if (!objects) return { apply: [], remove: [], blocked: { reason: 'TooLarge', message: tooLarge ?? '' } }
  const testnet = world.testnet.metadata.name
  const foreign = objects.filter(wanted => {
    const stored = world.stored.get(keyOf(wanted.resource, wanted.object))
    return stored !== undefined && isForeign(stored, owner)
  })
  const leftovers = groupsWithLeftovers(world, blueprint)
  const partitionOf = new Map([...partitions].map(([group, partition]) => [groupObject(testnet, group), partition]))
  const apply = objects.flatMap(wanted => {
    if (foreign.includes(wanted)) return []
    const isSet = wanted.resource.plural === resources.statefulSets.plural
    if (isSet && (foreign.some(other => isReadBy(other, wanted)) || leftovers.has(groupOf(wanted.object)))) return []
    const { name } = wanted.object.metadata
    const final = isSet ? withPartition(wanted, partitionOf.get(name) ?? 0) : wanted
    const stored = world.stored.get(keyOf(final.resource, final.object))
    return stored && isSettled(stored, final.object) ? [] : [final]
  })
  const wantedKeys = new Set(objects.map(({ resource, object }) => keyOf(resource, object)))
  const remove = [...world.stored].flatMap(([key, object]) => {
    const resource = resourceOf(key)
    if (!resource || wantedKeys.has(key) || isForeign(object, owner) || object.metadata.deletionTimestamp) return []
    return [{ resource, name: object.metadata.name, uid: object.metadata.uid ?? '' }]
  })
  const replaced = replace.map(({ metadata: { name, uid = '' } }) => ({ resource: resources.pods, name, uid }))
  return { apply, remove: [...remove, ...replaced], blocked: nameTaken(foreign, world) }
}

const keyOf = ({ plural }: Pick<Resource, 'plural'>, { metadata }: KubeObject): string => `${plural}/${metadata.name}`

const resourceOf = (key: string): Resource | undefined =>
  Object.values(resources).find(({ plural }) => key.startsWith(`${plural}/`)) as Resource | undefined

const groupOf = ({ metadata }: KubeObject): string | undefined => metadata.labels?.[GROUP_LABEL]

/** Pods mount what belongs to their group or to the whole testnet. */
function isReadBy({ resource, object }: Wanted, set: Wanted): boolean {
  const mounted: readonly string[] = [resources.configMaps.plural, resources.secrets.plural]
  if (!mounted.includes(resource.plural)) return false
  return groupOf(object) === undefined || groupOf(object) === groupOf(set.object)
}

/**
 * Groups whose volumes are those of an earlier testnet of the same name, and about to go with its StatefulSet: pods of
 * ours would start on another chain's data, and lose it.
 */
function groupsWithLeftovers(
  { stored, claims, testnet }: World,
  { groups }: Blueprint,
): ReadonlySet<string | undefined> {
  const going = claims.filter(
    ({ metadata }) =>
      metadata.deletionTimestamp !== undefined ||
      metadata.ownerReferences?.some(({ kind }) => kind === resources.statefulSets.kind),
  )
  if (going.length === 0) return new Set()
  const fresh = groups.filter(
    ({ name }) => !stored.has(`${resources.statefulSets.plural}/${groupObject(testnet.metadata.name, name)}`),
  )
  return new Set(fresh.map(({ name }) => name).filter(name => going.some(claim => groupOf(claim) === name)))
}

function nameTaken(foreign: readonly Wanted[], { testnet, stored }: World): Intended['blocked'] {
  const [first] = foreign
  if (!first) return undefined
  const { kind, metadata } = first.object
  const owner = stored
    .get(keyOf(first.resource, first.object))
    ?.metadata.ownerReferences?.find(({ controller }) => controller)
  const more = foreign.length > 1 ? ` (and ${foreign.length - 1} more)` : ''
  const what = `${kind} ${metadata.name}${more}`
  if (owner?.kind === 'Testnet' && owner.name === testnet.metadata.name)
    return {
      reason: 'NameTaken',
      message: `${what} is of a deleted Testnet of the same name: waiting for it to go`,
    }
  const of = owner ? `belongs to ${owner.kind} ${owner.name}` : 'belongs to nobody'
  return {
    reason: 'NameTaken',
    message: `${what} ${of} and is left alone. Delete it, or give the testnet or its group another name`,
  }
}
