// Times of one testnet in a namespace of its own: with the operator, and its objects again without it.
import { setTimeout as delay } from 'node:timers/promises'
import { testnetSelector } from '../../operator/kubernetes/build/names.ts'
import { type KubeObject, type Resource, resources } from '../../operator/kubernetes/runtime/resource.ts'
import { create, get, list, remove } from '../cluster/cluster-api.ts'
import { objectsOf } from '../cluster/leftovers.ts'
import { boot, miners, TestNamespace, testnetKind } from '../cluster/testnets.ts'
import { until } from '../cluster/until.ts'

const WITHIN_MS = 600_000
const EVERY_MS = 100
const name = 'timed'
/** Fifty nodes on two cores are to start, not to mine. */
const blockInterval = '5s'

export interface Made {
  readonly kind: Resource
  readonly object: KubeObject
}

export interface TestnetTimes {
  /** Seconds from the Testnet's creation. */
  readonly ready: number
  readonly converged: number
  /** What the operator made of it, ready to be made again. */
  readonly objects: readonly Made[]
  readonly namespace: TestNamespace
}

/** A bootstrap node, at most four miners, and full nodes. The testnet is gone when this resolves, its namespace is not. */
export async function ofTestnet(count: number): Promise<TestnetTimes> {
  const namespace = await TestNamespace.create(`timed-${count}-${Math.round(performance.now())}`)
  const mining = Math.min(4, Math.max(1, count - 1))
  const full = count - mining - 1
  const groups = [
    ...(count > 1 ? [boot] : []),
    miners(mining),
    ...(full > 0 ? [{ name: 'full', role: 'full', count: full }] : []),
  ]
  const started = performance.now()
  const testnet = await namespace.testnet(name, groups, { chain: { blockInterval } })
  let ready: number | undefined
  await until('it converges', { withinMs: WITHIN_MS, everyMs: EVERY_MS }, async () => {
    const { nodes, conditions = [] } = await testnet.status()
    if (nodes?.ready === count) ready ??= seconds(started)
    return conditions.some(({ type, status }) => type === 'Converged' && status === 'True')
  })
  const converged = seconds(started)
  const objects = await made(namespace.name)
  await remove(testnetKind, { namespace: namespace.name, name })
  await gone(namespace.name)
  return { ready: ready ?? converged, converged, objects, namespace }
}

/** Seconds from the creation of the same objects, by us, to all pods Ready. The namespace goes too unless it is kept. */
export async function ofBareSets(
  objects: readonly Made[],
  namespace: TestNamespace,
  count: number,
  { keep = false } = {},
): Promise<number> {
  const started = performance.now()
  for (const { kind, object } of objects) await create(kind, object)
  const sets = objects.filter(({ kind }) => kind.plural === 'statefulsets')
  await until('all pods are ready', { withinMs: WITHIN_MS, everyMs: EVERY_MS }, async () => {
    const found = await Promise.all(
      sets.map(({ object }) => get(resources.statefulSets, { namespace: namespace.name, name: object.metadata.name })),
    )
    return found.reduce((total, set) => total + (set?.status?.readyReplicas ?? 0), 0) === count
  })
  const took = seconds(started)
  for (const { kind, object } of objects) await remove(kind, { namespace: namespace.name, name: object.metadata.name })
  await gone(namespace.name)
  if (!keep) await namespace.remove()
  return took
}

async function made(namespace: string): Promise<Made[]> {
  const [[label, value]] = Object.entries(testnetSelector(name)) as [[string, string]]
  const kinds = [resources.services, resources.configMaps, resources.secrets, resources.statefulSets]
  const found = await Promise.all(
    kinds.map(async kind =>
      (await list<KubeObject>(kind, namespace, `${label}=${value}`)).map(stored => {
        const { name, labels, annotations } = stored.metadata
        const { status: _, ...object } = {
          ...stored,
          metadata: { name, namespace, labels, annotations },
        } as KubeObject & { status?: unknown }
        const { clusterIP, clusterIPs, ...spec } = ((object as { spec?: object }).spec ?? {}) as Record<string, unknown>
        // The server gives addresses; `None` is ours.
        return {
          kind: kind as Resource,
          object: ('spec' in object
            ? { ...object, spec: clusterIP === 'None' ? { ...spec, clusterIP } : spec }
            : object) as KubeObject,
        }
      }),
    ),
  )
  return found.flat()
}

/** And a moment more: what was deleted still gives its resources back. */
async function gone(namespace: string): Promise<void> {
  await until(
    'all of it is gone',
    { withinMs: WITHIN_MS, everyMs: 500 },
    async () => (await objectsOf(namespace)).length === 0,
  )
  await delay(2_000)
}

const seconds = (since: number): number => (performance.now() - since) / 1_000
