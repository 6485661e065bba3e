// Fills a World from informer stores, the node poller and what this process remembers. Reads, and asks nobody.
import { randomBytes } from 'node:crypto'
import { nodeConfigSchema } from '../../../api/node-config.ts'
import { ADMIN_TOKEN } from '../build/configuration.ts'
import { testnetObject } from '../build/names.ts'
import { isForeign } from '../runtime/owner.ts'
import { type Event, type KubeObject, type Pod, type Resource, resources, type Secret } from '../runtime/resource.ts'
import { eventTime } from './event-time.ts'
import { testnets } from './stored-testnet.ts'
import { BY_NAMESPACE, BY_TESTNET, regardable, type Stores, testnetKey } from './stores.ts'
import type { Refusal, Rounds, ValidTestnet, World } from './world.ts'
import type { WriteMemory } from './write-memory.ts'

/** Older warnings say what was. */
export const WARNINGS_MS = 10 * 60_000
/** Warnings given to a plan; the newest are. */
export const MAX_WARNINGS = 256
const TOKEN_BYTES = 32

/** Objects of a testnet that may stand in a plan's `apply`. */
const applied = [
  resources.networkPolicies,
  resources.services,
  resources.podDisruptionBudgets,
  resources.configMaps,
  resources.secrets,
  resources.statefulSets,
] as const

export const worldKey = (resource: Resource, name: string): string => `${resource.plural}/${name}`

export interface Sources {
  readonly stores: Stores
  readonly memory: WriteMemory
  readonly rounds: Rounds
  readonly refusals: readonly Refusal[]
  readonly statusWrittenAt: number | undefined
  /** Taken when no token is stored, or none that nodes take; the same again and again until one is. */
  readonly token: string
  /** Objects that the API server told of and the stores do not have: of somebody else, or not seen yet. */
  readonly found: readonly { readonly resource: Resource; readonly object: KubeObject }[]
  /** Milliseconds since the epoch, and of a monotonic clock. */
  readonly now: number
  readonly monotonic: number
}

export const drawToken = (): string => randomBytes(TOKEN_BYTES).toString('base64url')

export function observe(testnet: ValidTestnet, sources: Sources): World {
  const { stores, memory, rounds, refusals, statusWrittenAt, token, found, now, monotonic } = sources
  const { namespace = '', name, uid = '' } = testnet.metadata
  const key = `${namespace}/${name}`
  const stored = new Map<string, KubeObject>()
  for (const { resource, object } of found) stored.set(worldKey(resource, object.metadata.name), object)
  const listed = <T extends KubeObject>(resource: Resource<T>): T[] =>
    stores.of(resource, namespace)?.by(BY_TESTNET, key) ?? []
  for (const resource of applied) {
    const known = resource as Resource<KubeObject>
    for (const object of memory.all(known, namespace))
      if (testnetKey(object) === key) stored.set(worldKey(resource, object.metadata.name), object)
    for (const object of listed(known))
      stored.set(worldKey(resource, object.metadata.name), memory.newest(known, object.metadata, object) ?? object)
  }
  const owner = { apiVersion: testnets.apiVersion, kind: testnets.kind, name, uid }
  const statefulSets = [...stored]
    .filter(([at, object]) => at.startsWith(`${resources.statefulSets.plural}/`) && !isForeign(object, owner))
    .map(([, object]) => object) as World['statefulSets']
  const sets = new Set(statefulSets.map(({ metadata }) => metadata.uid))
  const pods = listed(resources.pods).filter(({ metadata }) =>
    metadata.ownerReferences?.some(reference => reference.controller && sets.has(reference.uid)),
  )
  const claims = listed(resources.persistentVolumeClaims)
  const about = new Set([...statefulSets, ...pods, ...claims].map(({ metadata }) => metadata.name))
  return {
    testnet,
    stored,
    statefulSets,
    pods,
    claims,
    warnings: recentWarnings(stores.of(resources.events, namespace)?.by(BY_NAMESPACE, namespace) ?? [], about, now),
    lostMachines: lostMachines(stores, pods, monotonic),
    rounds,
    adminToken: storedToken(stored.get(worldKey(resources.secrets, testnetObject(name))), owner) ?? token,
    refusals,
    statusWrittenAt,
  }
}

function storedToken(secret: KubeObject | undefined, owner: Parameters<typeof isForeign>[1]): string | undefined {
  const data = secret && !isForeign(secret, owner) ? (secret as Secret).data?.[ADMIN_TOKEN] : undefined
  if (data === undefined) return undefined
  return nodeConfigSchema.shape.adminToken.safeParse(Buffer.from(data, 'base64').toString('utf8')).data
}

function recentWarnings(events: readonly Event[], about: ReadonlySet<string>, now: number): Event[] {
  return events
    .filter(
      event =>
        regardable.some(({ kind }) => kind === event.regarding?.kind) &&
        about.has(event.regarding?.name ?? '') &&
        eventTime(event) > now - WARNINGS_MS,
    )
    .sort((a, b) => eventTime(a) - eventTime(b))
    .slice(-MAX_WARNINGS)
}

function lostMachines({ nodes, machines }: Stores, pods: readonly Pod[], monotonic: number): Map<string, string> {
  if (!nodes?.hasSynced) return new Map()
  const lost = machines.lost(nodes.store.list(), monotonic)
  for (const { spec } of pods)
    if (spec?.nodeName && !nodes.store.get(spec.nodeName))
      lost.set(spec.nodeName, 'the cluster has no such node any more')
  return lost
}
