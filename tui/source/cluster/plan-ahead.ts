// What the operator would do about a Testnet in a cluster, worked out with the operator's own planner and the API server's
// own rules, and without writing anything.
import { type OperatorConfig, operatorConfigSchema } from '../../../operator/kubernetes/config.ts'
import { type ConfigMap, type KubeObject, resources } from '../../../operator/kubernetes/runtime/resource.ts'
import { Planner } from '../../../operator/kubernetes/testnet/plan.ts'
import { checkStored, testnets } from '../../../operator/kubernetes/testnet/stored-testnet.ts'
import type { World } from '../../../operator/kubernetes/testnet/world.ts'
import type { TestnetFile } from '../../documents.ts'
import { UsageError } from '../../exit-codes.ts'
import { changesOf, type ObjectChange, shown } from '../../model/object-changes.ts'
import { applyTestnet } from './bring-up.ts'
import type { Cluster } from './connect.ts'
import { observedWorld } from './observed-world.ts'
import { OPERATOR_LABEL, operatorServices } from './operator-service.ts'
import { listAll } from './testnet-objects.ts'

/** Key of the operator's ConfigMap that holds its configuration. */
const CONFIG_FILE = 'config.json'
const unknownConfig = operatorConfigSchema.parse({
  namespace: 'unknown',
  nodes: { image: 'unknown' },
  operator: { pod: {} },
})

/** Of what the operator would say, that which follows from the file and not from the moment. */
const lasting: ReadonlySet<string> = new Set(['AfterGenesis', 'TooLarge', 'NameTaken'])

export interface PlanAhead {
  readonly objects: readonly ObjectChange[]
  readonly notes: readonly string[]
}

/** @throws UsageError, ApiError with what the API server would refuse, ConnectionError */
export async function planAhead(
  cluster: Cluster,
  written: TestnetFile['written'],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<PlanAhead> {
  const { testnet, before } = await applyTestnet(cluster, written, { force: true, dryRun: true }, signal)
  const { valid, problems } = checkStored(testnet)
  if (!valid) throw new UsageError(`the operator would not take it: ${problems.join('; ')}`, 'mend the file')
  const { config, place } = await operatorConfig(cluster, env, signal)
  const own = testnetChange(before, testnet)
  if (!config && before)
    // Every object would seem to change: their image and resources are the operator's to say.
    return { objects: [own], notes: [`${unreadable(place)}; what it would change is not known`] }
  const notes = config ? [] : [`${unreadable(place)}; image and resources of nodes may be others`]
  const { world, hidden } = await observedWorld(cluster, valid, before ? 'all' : 'pods', signal)
  const { apply, remove, notices } = new Planner(config ?? unknownConfig).plan(world, Date.now())
  const storedOf = (plural: string, name: string): KubeObject | undefined => world.stored.get(`${plural}/${name}`)
  const applied = apply.map(({ resource: { plural, kind }, object }): ObjectChange => {
    const { name } = object.metadata
    const stored = storedOf(plural, name)
    if (!stored) return { action: 'create', kind, name, changes: [], object: shown(object) }
    const changes = changesOf({ ...stored, kind }, object).filter(path => !path.includes('trellis.dev/intent'))
    return { action: 'change', kind, name, changes, object: shown(object) }
  })
  const removed = remove.map(
    ({ resource: { kind }, name }): ObjectChange => ({ action: 'remove', kind, name, changes: [] }),
  )
  return {
    objects: [
      own,
      ...applied,
      ...kept(world, new Set([...applied, ...removed].map(({ kind, name }) => `${kind}/${name}`))),
      ...removed,
    ],
    notes: [
      ...notes,
      ...notices.flatMap(({ reason, note }) => (lasting.has(reason) ? [note] : [])),
      ...(hidden.length === 0 ? [] : [`you may not read ${hidden.join(', ')}: they are told as new`]),
    ],
  }
}

function testnetChange(before: KubeObject | undefined, now: KubeObject): ObjectChange {
  const { kind } = testnets
  const { name } = now.metadata
  if (!before) return { action: 'create', kind, name, changes: [] }
  const spec = (object: KubeObject) => ({ spec: (object as { spec?: unknown }).spec })
  const changes = changesOf(spec(before), spec(now))
  return { action: changes.length > 0 ? 'change' : 'keep', kind, name, changes }
}

function kept({ stored }: World, told: ReadonlySet<string>): ObjectChange[] {
  return [...stored.values()].flatMap(({ kind = '', metadata: { name } }) =>
    told.has(`${kind}/${name}`) ? [] : [{ action: 'keep' as const, kind, name, changes: [] }],
  )
}

/** As the operator reads it, where the caller may too: the image of nodes and their resources are in it. */
async function operatorConfig(
  cluster: Cluster,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<{ readonly config: OperatorConfig | undefined; readonly place: string }> {
  const [operator] = await operatorServices(cluster, env, signal)
  const place = operator?.namespace ?? ''
  const maps = await listAll(
    cluster,
    resources.configMaps,
    { namespace: place, labelSelector: OPERATOR_LABEL },
    signal,
  ).catch((): ConfigMap[] => [])
  for (const { data } of maps) {
    const parsed = operatorConfigSchema.safeParse(jsonOf(data?.[CONFIG_FILE]))
    if (parsed.success) return { config: parsed.data, place }
  }
  return { config: undefined, place }
}

const unreadable = (place: string): string => `the operator's configuration in namespace ${place} cannot be read`

function jsonOf(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}
