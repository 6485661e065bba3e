// Carries a plan out: applies and removes, in the plan's order. What fails does not keep unrelated groups waiting.
import { GROUP_LABEL, testnetObject } from '../build/names.ts'
import type { Wanted } from '../build/testnet-objects.ts'
import { ApiError, isConflict, NotLeaderError } from '../runtime/api-error.ts'
import { isSettled } from '../runtime/drift.ts'
import { type KubeObject, type Resource, resources } from '../runtime/resource.ts'
import type { Writer } from '../runtime/writer.ts'
import type { Plan, World } from './world.ts'
import type { WriteMemory } from './write-memory.ts'

export interface Refused {
  readonly wanted: Wanted
  readonly error: ApiError
}

/** What became of an object the last time; `due` when it is to be applied (again). */
export type Standing = 'due' | 'refused' | 'altered'

export interface Outcome {
  /** The server's no to what we ask; asking again is in vain until something changes. */
  readonly refused: readonly Refused[]
  /** What the server took as it is. */
  readonly taken: readonly Wanted[]
  /** What it took and stored otherwise: something between changes it. */
  readonly altered: readonly Wanted[]
  /** The first thing that may go better at the next try. */
  readonly transient: unknown
}

/** Refusals of validation, admission, quota and RBAC. 404 (no such namespace any more) and 409 change by themselves. */
const refusals = new Set([400, 403, 405, 406, 413, 415, 422])
const messages = ['failed calling webhook', 'failed to create typed patch object']

export function isRefusal(error: unknown): error is ApiError {
  if (!(error instanceof ApiError)) return false
  // A namespace that is going takes everything along; nobody has to hear of it.
  if (error.causes.some(({ reason }) => reason === 'NamespaceTerminating')) return false
  return refusals.has(error.status) || messages.some(message => error.message.includes(message))
}

export interface Execution {
  readonly writer: Writer
  readonly memory: WriteMemory
  readonly world: World
  /** What became of that very object a moment ago. */
  readonly standing: (wanted: Wanted) => Standing
  readonly signal: AbortSignal
}

/** @throws NotLeaderError at once: another process does it. Everything else is told in the outcome. */
export async function execute(
  { apply, remove }: Pick<Plan, 'apply' | 'remove'>,
  execution: Execution,
): Promise<Outcome> {
  const { writer, memory, world, standing, signal } = execution
  const { name: testnet, namespace } = world.testnet.metadata
  const refused: Refused[] = []
  const taken: Wanted[] = []
  const altered: Wanted[] = []
  let transient: unknown
  const failed = (error: unknown) => {
    if (error instanceof NotLeaderError) throw error
    signal.throwIfAborted()
    transient ??= error
  }
  /** Groups that wait, and whether all do: their pods would start without what they read. */
  const held = new Set<string>()
  let allHeld = false
  for (const wanted of apply) {
    const { resource, object } = wanted
    const group = object.metadata.labels?.[GROUP_LABEL]
    if (group !== undefined && (held.has(group) || (allHeld && resource.plural === resources.statefulSets.plural)))
      continue
    const before = standing(wanted)
    if (before === 'altered') continue
    try {
      if (before === 'due') {
        const known = world.stored.has(`${resource.plural}/${object.metadata.name}`)
        const stored =
          !known && isMadeOnce(wanted, testnet)
            ? await writer.create(resource as Resource<KubeObject>, object, signal)
            : await writer.apply(resource as Resource<KubeObject>, object, signal)
        memory.wrote(resource, stored)
        if (isSettled(stored, object)) taken.push(wanted)
        else altered.push(wanted)
        continue
      }
    } catch (error) {
      if (isRefusal(error)) refused.push({ wanted, error })
      else failed(error)
    }
    if (group !== undefined) held.add(group)
    else if (isRead(resource)) allHeld = true
  }
  for (const { resource, name, uid } of remove) {
    try {
      await writer.delete(resource, { namespace, name }, { uid }, signal)
    } catch (error) {
      // The name is another object's by now.
      if (!isConflict(error)) failed(error)
    }
  }
  return { refused, taken, altered, transient }
}

/** The pinned genesis and the token: a process whose view is old must not write them anew, so they are created, not applied. */
const isMadeOnce = ({ resource, object }: Wanted, testnet: string): boolean =>
  isRead(resource) && object.metadata.name === testnetObject(testnet)

const isRead = ({ plural }: Resource): boolean =>
  plural === resources.configMaps.plural || plural === resources.secrets.plural
