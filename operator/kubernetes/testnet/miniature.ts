// A cluster in memory, for tests: objects as they are applied, a StatefulSet controller with the rules of the real one
// (kubernetes/pkg/controller/statefulset), machines that start whatever image is not broken, and a chain that grows.
import { apiVersion } from '../../../api/metadata.ts'
import type { NodeStatus } from '../../../api/observation.ts'
import { type Testnet, testnetSchema } from '../../../api/testnet.ts'
import { type OperatorConfig, operatorConfigSchema } from '../config.ts'
import { digest } from '../runtime/drift.ts'
import { type KubeObject, type Pod, resources, type StatefulSet } from '../runtime/resource.ts'
import { Planner } from './plan.ts'
import { isReady, ordinalOf, podsOf, revisionOf } from './pods.ts'
import type { NodeAnswer, Plan, ValidTestnet, World } from './world.ts'

export const settings: OperatorConfig = operatorConfigSchema.parse({
  namespace: 'trellis-system',
  nodes: { image: 'trellis/node:1' },
  operator: { namespace: {}, pod: { app: 'operator' } },
})
const BROKEN = 'broken'
const START = Date.parse('2026-06-01T00:00:00Z')
const TICK_MS = 2_000
/** More than any change here takes. */
const MAX_TICKS = 200

type SpecInput = Record<string, unknown>

export class Miniature {
  readonly planner = new Planner(settings)
  readonly stored = new Map<string, KubeObject>()
  readonly pods = new Map<string, Pod>()
  /** Writes by what they were: `apply StatefulSet t-m`, `remove Pod t-m-2`, `status`. */
  readonly writes: string[] = []
  testnet: ValidTestnet
  now = START
  height = 10
  /** Nodes that follow another chain, by name. */
  readonly split = new Set<string>()
  growing = true
  /** As from Kubernetes 1.35 on: a pod that does not work keeps those after it from being replaced. */
  strict = false
  #latest = new Map<string, NodeAnswer>()
  #earlier = new Map<string, NodeAnswer>()
  #statusWrittenAt: number | undefined
  #uid = 0
  readonly #templates = new Map<string, NonNullable<StatefulSet['spec']>['template']>()

  constructor(spec: SpecInput, name = 't') {
    this.testnet = {
      apiVersion,
      kind: 'Testnet',
      metadata: {
        name,
        namespace: 'lab',
        uid: 'testnet-1',
        generation: 1,
        creationTimestamp: new Date(START).toISOString(),
      },
      spec: parsed(name, spec),
    }
  }

  edit(spec: SpecInput): void {
    const { metadata } = this.testnet
    this.testnet = {
      ...this.testnet,
      metadata: { ...metadata, generation: (metadata.generation ?? 0) + 1 },
      spec: parsed(metadata.name, spec),
    }
  }

  world(): World {
    return {
      testnet: this.testnet,
      stored: this.stored,
      statefulSets: this.sets(),
      pods: [...this.pods.values()],
      claims: [],
      warnings: [],
      lostMachines: new Map(),
      rounds: { latest: this.#latest, earlier: this.#earlier },
      adminToken: 'a-token-of-the-test',
      refusals: [],
      statusWrittenAt: this.#statusWrittenAt,
    }
  }

  sets = (): StatefulSet[] =>
    [...this.stored].flatMap(([key, object]) => (key.startsWith('statefulsets/') ? [object as StatefulSet] : []))

  plan = (): Plan => this.planner.plan(this.world(), this.now)

  /** Carries the plan out, or only its first writes. */
  execute(plan: Plan, limit = Number.POSITIVE_INFINITY): void {
    const writes = [
      ...plan.apply.map(({ resource, object }) => () => {
        this.writes.push(`apply ${object.kind} ${object.metadata.name}`)
        this.#apply(`${resource.plural}/${object.metadata.name}`, object)
      }),
      ...plan.remove.map(({ resource, name }) => () => {
        this.writes.push(`remove ${resource.kind} ${name}`)
        if (resource.plural === resources.pods.plural) this.pods.delete(name)
        else this.stored.delete(`${resource.plural}/${name}`)
      }),
      ...(plan.status
        ? [
            () => {
              this.writes.push('status')
              this.testnet = { ...this.testnet, status: structuredClone(plan.status!) }
              this.#statusWrittenAt = this.now
            },
          ]
        : []),
    ]
    for (const write of writes.slice(0, limit)) write()
  }

  /** Two seconds: the operator, then the cluster. */
  tick(limit?: number): void {
    this.execute(this.plan(), limit)
    this.now += TICK_MS
    for (const set of this.sets()) this.#sync(set)
    for (const [name, pod] of this.pods)
      if (!this.stored.has(`statefulsets/${name.slice(0, name.lastIndexOf('-'))}`)) this.pods.delete(name)
      else this.#run(pod)
    if (this.growing && [...this.pods.values()].some(isReady)) this.height++
    this.#poll()
  }

  /** Ticks until nothing is left to be done. @throws Error with the state when that does not come */
  settle(seen: (miniature: Miniature) => void = () => undefined): void {
    for (let ticks = 0; ticks < MAX_TICKS; ticks++) {
      this.tick()
      seen(this)
      if (ticks > 3 && this.isStill()) return
    }
    throw new Error(`not settled: ${JSON.stringify(this.testnet.status?.conditions, undefined, 1)}`)
  }

  isStill(): boolean {
    const { apply, remove } = this.plan()
    const ready = this.testnet.status?.conditions?.find(({ type }) => type === 'Ready')
    return apply.length + remove.length === 0 && (ready?.status === 'True' || ready?.reason === 'Suspended')
  }

  condition = (type: string) => this.testnet.status?.conditions?.find(each => each.type === type)
  unready = (): number => [...this.pods.values()].filter(pod => !isReady(pod)).length
  images = (): Record<string, string | undefined> =>
    Object.fromEntries([...this.pods].sort().map(([name, { spec }]) => [name, spec?.containers[0]?.image]))

  #apply(key: string, object: KubeObject): void {
    const before = this.stored.get(key) as (KubeObject & { spec?: unknown; status?: unknown }) | undefined
    const after = structuredClone(object) as KubeObject & { spec?: unknown }
    const changed = digest(before?.spec ?? null) !== digest(after.spec ?? null)
    const generation = (before?.metadata.generation ?? 0) + (changed ? 1 : 0)
    const uid = before?.metadata.uid ?? `u-${++this.#uid}`
    const whole = {
      ...after,
      metadata: { ...after.metadata, uid, generation },
      ...(before?.status ? { status: before.status } : {}),
    }
    this.stored.set(key, whole as KubeObject)
  }

  #sync(set: StatefulSet): void {
    const { name, uid = '', generation = 0 } = set.metadata
    const { replicas = 0, template, updateStrategy } = set.spec!
    const update = `${name}-${digest(template).slice(0, 8)}`
    this.#templates.set(update, template)
    const current = set.status?.currentRevision ?? update
    const partition = updateStrategy?.rollingUpdate?.partition ?? 0
    let pods = podsOf(set, [...this.pods.values()])
    for (const pod of pods) if (ordinalOf(pod) >= replicas) this.pods.delete(pod.metadata.name)
    for (let ordinal = 0; ordinal < replicas; ordinal++) {
      if (this.pods.has(`${name}-${ordinal}`)) continue
      const revision = ordinal < partition ? current : update
      this.#make(set, `${name}-${ordinal}`, revision)
    }
    pods = podsOf(set, [...this.pods.values()]).sort((a, b) => ordinalOf(b) - ordinalOf(a))
    const blocked = this.strict && pods.some(pod => ordinalOf(pod) >= partition && !isReady(pod))
    for (const pod of blocked ? [] : pods.filter(pod => ordinalOf(pod) >= partition)) {
      if (revisionOf(pod) !== update) {
        this.pods.delete(pod.metadata.name)
        break
      }
      if (!isReady(pod)) break
    }
    const done = pods.every(pod => revisionOf(pod) === update && isReady(pod)) && pods.length === replicas
    const status = {
      observedGeneration: generation,
      replicas: pods.length,
      currentRevision: done ? update : current,
      updateRevision: update,
    }
    this.stored.set(`statefulsets/${name}`, { ...set, metadata: { ...set.metadata, uid }, status } as KubeObject)
  }

  #make({ metadata }: StatefulSet, name: string, revision: string): void {
    const { metadata: of, spec } = this.#templates.get(revision)!
    this.pods.set(name, {
      metadata: {
        name,
        namespace: 'lab',
        uid: `p-${++this.#uid}`,
        creationTimestamp: this.#time(),
        labels: { ...of?.labels, 'controller-revision-hash': revision },
        ownerReferences: [
          {
            apiVersion: 'apps/v1',
            kind: 'StatefulSet',
            name: metadata.name,
            uid: metadata.uid ?? '',
            controller: true,
          },
        ],
      },
      spec: { ...spec!, nodeName: 'machine-1' },
      status: { phase: 'Pending' },
    })
  }

  #run(pod: Pod): void {
    const image = pod.spec?.containers[0]?.image ?? ''
    if (isReady(pod)) return
    const waiting = { reason: 'ImagePullBackOff', message: `Back-off pulling image "${image}"` }
    const container = { name: 'node', image, imageID: '', restartCount: 0, ready: true }
    this.pods.set(pod.metadata.name, {
      ...pod,
      status: image.includes(BROKEN)
        ? { phase: 'Pending', containerStatuses: [{ ...container, ready: false, state: { waiting } }] }
        : {
            phase: 'Running',
            podIP: '10.0.0.1',
            conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: this.#time() }],
            containerStatuses: [{ ...container, started: true, state: { running: { startedAt: this.#time() } } }],
          },
    })
  }

  #poll(): void {
    this.#earlier = this.#latest
    this.#latest = new Map(
      [...this.pods.values()].filter(isReady).map(pod => {
        const name = pod.metadata.name.slice(this.testnet.metadata.name.length + 1)
        return [name, { at: this.now, status: this.#status(name) }]
      }),
    )
  }

  #status(name: string): NodeStatus {
    const side = this.split.has(name) ? 'b' : 'a'
    const recent = Array.from({ length: 8 }, (_, back) => ({
      hash: `${side}${this.height - back}`,
      height: this.height - back,
    }))
    const head = { ...recent[0]!, timestamp: this.now, producer: '', work: '0' }
    return {
      name,
      now: this.now,
      head,
      recent,
      finalized: { hash: 'f', height: this.height - 4 },
      peers: { inbound: 2, outbound: 2 },
      pool: { count: 0, bytes: 0 },
      reorgs: { count: 0, deepest: 0 },
    } as unknown as NodeStatus
  }

  #time = (): string => `${new Date(this.now).toISOString().slice(0, 19)}Z`
}

const parsed = (name: string, spec: SpecInput): Testnet['spec'] =>
  testnetSchema.parse({ apiVersion, kind: 'Testnet', metadata: { name }, spec }).spec
