// The informers that the Testnet controller reads: one set for all namespaces, or one for each that is served.

import { TESTNET_LABEL } from '../build/names.ts'
import type { Api } from '../runtime/api.ts'
import { type Change, Informer, type InformerNote, type InformerOptions } from '../runtime/informer.ts'
import { type Event, type KubeObject, type Node, type Pod, type Resource, resources } from '../runtime/resource.ts'
import type { ReadStore } from '../runtime/store.ts'
import { Machines } from './machines.ts'
import { testnets, withReadableStatus } from './stored-testnet.ts'
import type { StoredTestnet } from './world.ts'

/** Where kubelets keep the leases that say they live. */
const NODE_LEASES = 'kube-node-lease'

type AnyInformer = Informer<KubeObject>

export interface Stores {
  /** By the name of the plural: everything that carries the label of a testnet, and the Testnets themselves. */
  of<T extends KubeObject>(resource: Resource<T>, namespace: string): ReadStore<T> | undefined
  testnets(): readonly StoredTestnet[]
  /** What a testnet is judged by, for each namespace that is served, or for all of them together. */
  readonly places: readonly (readonly AnyInformer[])[]
  /** Nothing is decided about that namespace before each of its informers has listed. */
  hasListed(namespace: string): boolean
  /** Without these less is known of causes. */
  readonly optional: readonly AnyInformer[]
  /** Undefined where this operator may not see the cluster's machines. */
  readonly nodes: Informer<Node> | undefined
  readonly machines: Machines
}

export type WatchTimes = Required<Pick<InformerOptions<KubeObject>, 'watchSeconds' | 'watchGraceMs'>>

export interface StoresOptions {
  /** All when empty. */
  readonly namespaces: readonly string[]
  /** Something of that testnet changed; `namespace/name`. */
  readonly onTestnet: (key: string) => void
  readonly onNote: (informer: string, resource: Resource, note: InformerNote) => void
  readonly onDeleted: (resource: Resource, object: KubeObject) => void
  readonly watchTimes?: WatchTimes | undefined
  readonly now: () => number
}

/** What carries the label of its testnet. */
export const labelled = [
  resources.statefulSets,
  resources.pods,
  resources.services,
  resources.configMaps,
  resources.secrets,
  resources.persistentVolumeClaims,
  resources.podDisruptionBudgets,
  resources.networkPolicies,
] as const

/** Index of what carries the label: by `namespace/testnet`. */
export const BY_TESTNET = 'testnet'
/** Index of events: by the namespace of what they are about. */
export const BY_NAMESPACE = 'namespace'

export function testnetKey({ metadata }: KubeObject): string | undefined {
  const name = metadata.labels?.[TESTNET_LABEL]
  return name && metadata.namespace ? `${metadata.namespace}/${name}` : undefined
}

export function openStores(api: Api, options: StoresOptions): Stores {
  const { namespaces, onTestnet, onNote, onDeleted, watchTimes, now } = options
  const everywhere = namespaces.length === 0
  const places = new Map<string | undefined, AnyInformer[]>()
  const optional: AnyInformer[] = []
  const byPlace = new Map<string, AnyInformer>()
  const open = <T extends KubeObject>(
    resource: Resource<T>,
    into: AnyInformer[],
    more: InformerOptions<T>,
    onListening?: () => void,
  ): Informer<T> => {
    let broken = false
    const informer: Informer<T> = new Informer<T>(api, resource, {
      now,
      ...watchTimes,
      ...more,
      onNote: note => {
        onNote(informer.name, resource, note)
        if (note.kind === 'broke') broken = true
        else if (broken || note.kind === 'listed') {
          broken = false
          onListening?.()
        }
      },
    })
    into.push(informer as unknown as AnyInformer)
    return informer
  }

  for (const namespace of everywhere ? [undefined] : new Set(namespaces)) {
    const required: AnyInformer[] = []
    places.set(namespace, required)
    const keep = (resource: Resource, informer: unknown) =>
      byPlace.set(place(resource, namespace), informer as AnyInformer)
    keep(
      testnets,
      open(testnets, required, {
        selection: { namespace },
        trim: withReadableStatus,
        onChange: change => {
          if (change.kind === 'deleted') onDeleted(testnets, change.object)
          const { namespace: of, name } = change.object.metadata
          onTestnet(`${of}/${name}`)
        },
      }),
    )
    for (const resource of labelled)
      keep(
        resource,
        open(resource as Resource<KubeObject>, required, {
          selection: { namespace, labelSelector: TESTNET_LABEL },
          indexes: { [BY_TESTNET]: object => [testnetKey(object) ?? ''] },
          ...(resource === resources.pods && { trim: trimPod as (object: KubeObject) => KubeObject }),
          onChange: (change: Change<KubeObject>) => {
            if (change.kind === 'deleted') onDeleted(resource, change.object)
            const key = testnetKey(change.object)
            if (key !== undefined) onTestnet(key)
          },
        }),
      )
    keep(
      resources.events,
      open(resources.events, optional, {
        selection: { namespace, fieldSelector: 'type=Warning' },
        indexes: { [BY_NAMESPACE]: ({ metadata }) => [metadata.namespace ?? ''] },
        trim: trimEvent,
        onChange: ({ kind, object }) => {
          const key = kind === 'deleted' ? undefined : testnetOf(object)
          if (key !== undefined) onTestnet(key)
        },
      }),
    )
  }

  const of = <T extends KubeObject>(resource: Resource<T>, namespace: string) =>
    byPlace.get(place(resource, everywhere ? undefined : namespace))?.store as unknown as ReadStore<T> | undefined
  /** The testnet of what a warning is about, when that is something of a testnet. */
  const testnetOf = ({ regarding }: Event): string | undefined => {
    const found = regarding?.namespace && regardable.find(({ kind }) => kind === regarding.kind)
    if (!found) return undefined
    const about = of(found as Resource<KubeObject>, regarding.namespace!)?.get(
      `${regarding.namespace}/${regarding.name}`,
    )
    return about && testnetKey(about)
  }

  const machines = new Machines()
  let nodes: Informer<Node> | undefined
  if (everywhere) {
    nodes = open(resources.nodes, optional, { trim: trimNode })
    open(
      resources.leases,
      optional,
      {
        selection: { namespace: NODE_LEASES },
        onChange: ({ kind, object }) =>
          kind === 'deleted' ? machines.removed(object) : machines.renewed(object, now()),
      },
      () => machines.listening(now()),
    )
  }
  return {
    of,
    testnets: () =>
      [...byPlace].flatMap(([key, informer]) =>
        key.startsWith(`${testnets.plural} `) ? (informer.store.list() as StoredTestnet[]) : [],
      ),
    places: [...places.values()],
    hasListed: namespace =>
      places.get(everywhere ? undefined : namespace)?.every(({ hasSynced }) => hasSynced) ?? false,
    optional,
    nodes,
    machines,
  }
}

/** What a warning may be about so that it concerns a testnet. */
export const regardable = [resources.statefulSets, resources.pods, resources.persistentVolumeClaims] as const

const place = ({ plural }: Resource, namespace: string | undefined) => `${plural} ${namespace ?? ''}`

/** Of thousands of pods only what causes and views are told from is kept. */
function trimPod({ apiVersion, kind, metadata, spec, status }: Pod): Pod {
  const { annotations: _, ...kept } = metadata
  const containers = (spec?.containers ?? []).map(({ name, image, resources: amounts }) => ({
    name,
    ...(image !== undefined && { image }),
    ...(amounts && { resources: amounts }),
  }))
  const volumes = (spec?.volumes ?? []).filter(({ persistentVolumeClaim }) => persistentVolumeClaim)
  return {
    ...(apiVersion && { apiVersion }),
    ...(kind && { kind }),
    metadata: kept,
    spec: { containers, volumes, ...(spec?.nodeName !== undefined && { nodeName: spec.nodeName }) },
    ...(status && { status }),
  }
}

const MAX_NOTE_CHARS = 1_024

function trimEvent({ note, ...event }: Event): Event {
  return { ...event, ...(note !== undefined && { note: note.slice(0, MAX_NOTE_CHARS) }) }
}

function trimNode({ apiVersion, kind, metadata: { name, uid, resourceVersion, labels }, status }: Node): Node {
  return {
    ...(apiVersion && { apiVersion }),
    ...(kind && { kind }),
    metadata: { name, ...(uid && { uid }), ...(resourceVersion && { resourceVersion }), ...(labels && { labels }) },
    status: { conditions: status?.conditions ?? [] },
  }
}
