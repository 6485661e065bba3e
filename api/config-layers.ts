// A node's configuration in layers: what the whole testnet shares, what its group shares, what is its own, and its keys.
// Written out for every node, the genesis alone would fill a cluster's database. Pure.
import type { NodeConfig } from './node-config.ts'

/** Some of the fields of a configuration. */
export type ConfigLayer = Readonly<Record<string, unknown>>

export interface NodeLayers {
  readonly testnet: ConfigLayer
  readonly group: ConfigLayer
  readonly node: ConfigLayer
  /** Secret: keys, accounts of load nodes, the administration token. */
  readonly keys: ConfigLayer
}

/** Later layers win; objects are merged field by field, everything else is replaced. */
export function mergeLayers(...layers: readonly ConfigLayer[]): ConfigLayer {
  const merged: Record<string, unknown> = {}
  for (const layer of layers)
    for (const [field, value] of Object.entries(layer)) {
      const below = merged[field]
      merged[field] = isObject(value) && isObject(below) ? mergeLayers(below, value) : value
    }
  return merged
}

/**
 * What the testnet's layer has. It is always these fields, not whatever happens to be equal in all nodes: pods get a
 * testnet's changes at another moment than their group's, and no field may be in neither meanwhile.
 */
const testnetFields: readonly (keyof NodeConfig)[] = ['testnet', 'genesis', 'roster', 'latency']

/** The layers of every node of a testnet, by its name. Merged they are the configuration again. */
export function splitLayers(configs: readonly NodeConfig[]): Map<string, NodeLayers> {
  const open = new Map<string, { config: NodeConfig; plain: ConfigLayer; keys: ConfigLayer }>()
  for (const config of configs) open.set(config.name, { config, ...withoutSecrets(config) })
  const testnet = shared([...open.values()].map(({ plain }) => only(plain, testnetFields)))
  const groups = new Map<string, ConfigLayer>()
  for (const { group } of configs) {
    if (groups.has(group)) continue
    const members = [...open.values()].filter(({ config }) => config.group === group)
    groups.set(group, shared(members.map(({ plain }) => rest(plain, testnet))))
  }
  return new Map(
    [...open].map(([name, { config, plain, keys }]) => {
      const group = groups.get(config.group) ?? {}
      return [name, { testnet, group, node: rest(rest(plain, testnet), group), keys }]
    }),
  )
}

function withoutSecrets({ keys, adminToken, load, ...open }: NodeConfig): { plain: ConfigLayer; keys: ConfigLayer } {
  const { accounts, ...openLoad } = load ?? {}
  return {
    plain: { ...open, ...(load && { load: openLoad }) },
    keys: { keys, ...(adminToken !== undefined && { adminToken }), ...(load && { load: { accounts } }) },
  }
}

const only = (value: ConfigLayer, fields: readonly string[]): ConfigLayer =>
  Object.fromEntries(fields.flatMap(field => (field in value ? [[field, value[field]]] : [])))

/** The fields that all have, with the same value. */
function shared(values: readonly ConfigLayer[]): ConfigLayer {
  const [first = {}, ...others] = values
  const common: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(first)) {
    const theirs = others.map(other => other[field])
    if (theirs.every(their => their === value)) common[field] = value
    else if (isObject(value) && theirs.every(isObject)) {
      const part = shared([value, ...theirs])
      if (Object.keys(part).length > 0 || Object.keys(value).length === 0) common[field] = part
    } else {
      const text = JSON.stringify(value)
      if (theirs.every(their => JSON.stringify(their) === text)) common[field] = value
    }
  }
  return common
}

/** What is left of a value after what a layer below says. */
function rest(value: ConfigLayer, below: ConfigLayer): ConfigLayer {
  const left: Record<string, unknown> = {}
  for (const [field, own] of Object.entries(value)) {
    if (!(field in below)) left[field] = own
    else if (isObject(own) && isObject(below[field])) {
      const part = rest(own, below[field])
      if (Object.keys(part).length > 0) left[field] = part
    }
  }
  return left
}

const isObject = (value: unknown): value is ConfigLayer =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
