// What a Testnet is to look like: its nodes and its objects. They cost much and change seldom, so they are kept.

import { apiVersion } from '../../../api/metadata.ts'
import { type Genesis, genesisSchema } from '../../../api/node-config.ts'
import { identities } from '../../identities.ts'
import { type ExpandOptions, expand } from '../../testnet/expand.ts'
import type { Expanded } from '../../testnet/spec.ts'
import { TESTNET_FILE, TooLargeError } from '../build/configuration.ts'
import { type Group, groupsOf } from '../build/input.ts'
import { testnetObject } from '../build/names.ts'
import { TEMPLATE_ANNOTATION } from '../build/revision.ts'
import { testnetObjects, type Wanted } from '../build/testnet-objects.ts'
import { storageOf } from '../build/workload.ts'
import type { OperatorConfig } from '../config.ts'
import { controlledBy, isForeign } from '../runtime/owner.ts'
import { type ConfigMap, resources } from '../runtime/resource.ts'
import type { World } from './world.ts'

/** Testnets whose blueprints are kept, as many as are remembered as checked, and the nodes of them all: about 8 KB a node. */
const MAX_KEPT = 1_024
const MAX_KEPT_NODES = 20_000

export interface Blueprint {
  readonly owner: ReturnType<typeof controlledBy>
  readonly expanded: Expanded
  readonly groups: readonly BlueprintGroup[]
  /** With all partitions at 0; undefined when they would not fit, and then `tooLarge` says which and what would help. */
  readonly objects: readonly Wanted[] | undefined
  readonly tooLarge: string | undefined
}

export interface BlueprintGroup extends Group {
  /** Digest of its pod template. */
  readonly template: string
  /** Its data outlives its pods. */
  readonly keepsData: boolean
}

interface Kept {
  readonly spec: unknown
  readonly pinned: string | undefined
  /** As it was pinned when it was first seen: it is this testnet's for ever, whoever edits or deletes its ConfigMap. */
  readonly genesis: Genesis | undefined
  readonly adminToken: string
  readonly blueprint: Blueprint
}

export class Blueprints {
  readonly #settings: OperatorConfig
  readonly #kept = new Map<string, Kept>()
  readonly #derive = identities()

  constructor(settings: OperatorConfig) {
    this.#settings = settings
  }

  of(world: World): Blueprint {
    const { uid = '' } = world.testnet.metadata
    const { spec } = world.testnet
    const pinned = pinnedText(world)
    const known = this.#kept.get(uid)
    const same =
      known?.spec === spec &&
      known.adminToken === world.adminToken &&
      // What was drawn is stored a moment later, with the same genesis.
      (known.pinned === pinned || (pinned !== undefined && pinned === textOf(known.blueprint)))
    const genesis = known?.genesis ?? (pinned === undefined ? undefined : genesisIn(pinned))
    const blueprint = same ? known.blueprint : draw(world, { genesis, derive: this.#derive }, this.#settings)
    this.#kept.delete(uid)
    this.#kept.set(uid, { spec, pinned, genesis, adminToken: world.adminToken, blueprint })
    this.#forget()
    return blueprint
  }

  #forget(): void {
    let nodes = 0
    for (const { blueprint } of this.#kept.values()) nodes += blueprint.expanded.nodes.length
    for (const [uid, { blueprint }] of this.#kept) {
      if ((nodes <= MAX_KEPT_NODES && this.#kept.size <= MAX_KEPT) || this.#kept.size === 1) return
      this.#kept.delete(uid)
      nodes -= blueprint.expanded.nodes.length
    }
  }
}

function draw(world: World, options: ExpandOptions, settings: OperatorConfig): Blueprint {
  const { metadata, spec } = world.testnet
  const { name, namespace = '' } = metadata
  const kind = 'Testnet' as const
  const owner = controlledBy({ apiVersion, kind, metadata })
  const expanded = expand({ apiVersion, kind, metadata: { name }, spec }, options)
  const input = { spec, expanded, namespace, owner, settings, adminToken: world.adminToken }
  let objects: Wanted[] | undefined
  let tooLarge: string | undefined
  try {
    objects = testnetObjects(input)
  } catch (error) {
    if (!(error instanceof TooLargeError)) throw error
    tooLarge = error.message
  }
  const templates = new Map(
    objects?.map(({ object }) => [object.metadata.name, object.metadata.annotations?.[TEMPLATE_ANNOTATION]]),
  )
  const groups = groupsOf(input).map(group => ({
    ...group,
    template: templates.get(`${name}-${group.name}`) ?? '',
    keepsData: storageOf(spec, group.spec) !== undefined,
  }))
  return { owner, expanded, groups, objects, tooLarge }
}

/** The text that holds the genesis this testnet began with; undefined when it has not begun. */
function pinnedText({ testnet: { metadata }, stored }: World): string | undefined {
  const object = stored.get(`${resources.configMaps.plural}/${testnetObject(metadata.name)}`) as ConfigMap | undefined
  const foreign = !object || isForeign(object, controlledBy({ apiVersion, kind: 'Testnet', metadata }))
  return foreign ? undefined : object.data?.[TESTNET_FILE]
}

const textOf = ({ expanded, objects }: Blueprint): string | undefined =>
  (
    objects?.find(({ resource, object }) => isTestnetMap(expanded.name, resource.plural, object.metadata.name))
      ?.object as ConfigMap | undefined
  )?.data?.[TESTNET_FILE]

const isTestnetMap = (testnet: string, plural: string, name: string): boolean =>
  plural === resources.configMaps.plural && name === testnetObject(testnet)

/** Undefined when somebody made a mess of it. */
function genesisIn(text: string): Genesis | undefined {
  try {
    return genesisSchema.safeParse((JSON.parse(text) as { genesis?: unknown }).genesis).data
  } catch {
    return undefined
  }
}
