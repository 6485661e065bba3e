// Owner references: what belongs to an object goes with it, without any work of ours.
import type { KubeObject, ObjectMeta } from './resource.ts'

type OwnerReference = NonNullable<ObjectMeta['ownerReferences']>[number]

/** The reference that makes `owner` the one controller of an object in its own namespace. */
export function controlledBy({ apiVersion, kind, metadata }: KubeObject): OwnerReference {
  if (!apiVersion || !kind || !metadata.uid)
    throw new Error(`${kind ?? 'the object'} ${metadata.name} was never stored: it cannot own anything`)
  // Without blockOwnerDeletion: with it, foreground deletion of the owner needs rights on finalizers.
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true }
}

/** The controller of an object when it is of that kind; what an informer maps a dependent's change to. */
export function controllerOf({ metadata }: KubeObject, kind: string): OwnerReference | undefined {
  return metadata.ownerReferences?.find(reference => reference.controller === true && reference.kind === kind)
}

/**
 * True when the object is somebody else's, or nobody's: applying to it would take it over. Names can meet by accident
 * (group `b-c` of testnet `a`, group `c` of testnet `a-b`), and then the second one has to be told.
 */
export const isForeign = (stored: KubeObject, owner: OwnerReference): boolean =>
  stored.metadata.ownerReferences?.find(({ controller }) => controller)?.uid !== owner.uid
