// Testnet -> its nodes. Pure: the same document gives the same result, byte for byte, on every machine.
import type { Genesis } from '../../api/node-config.ts'
import { seededRng } from '../../api/random.ts'
import { regionLink } from '../../api/regions.ts'
import { builtInSettings, mergeSettings, type Settings, staticTopologySettings } from '../../api/settings.ts'
import {
  builtInLoad,
  CANARY_ACCOUNTS,
  type Role,
  type Testnet,
  type TestnetGroup,
  type TestnetNetwork,
} from '../../api/testnet.ts'
import { byteCount } from '../../api/units.ts'
import { genesisOf } from './genesis.ts'
import { type Derive, derive as deriveIdentity } from './identity.ts'
import type { Account, Expanded, NodeSpec, RegionLatency } from './spec.ts'
import { peerings } from './topology.ts'

/** The region of every node in a testnet without regions. */
export const DEFAULT_REGION = 'default'

export interface ExpandOptions {
  /** The one that the testnet began with. Its own follows from the document when there is none yet. */
  readonly genesis?: Genesis | undefined
  readonly derive?: Derive
}

/** The nodes of a testnet that parsed (api/kinds.ts), in the order of its groups. */
export function expand(testnet: Testnet, { genesis: given, derive = deriveIdentity }: ExpandOptions = {}): Expanded {
  const { metadata, spec } = testnet
  const seed = String(spec.seed ?? metadata.name)
  const regions = regionsOf(testnet)
  const members = spec.groups.flatMap(group => membersOf(group, testnetSettings(testnet), regions))
  const names = members.map(({ name }) => name)
  const bootstrap = members.filter(({ group }) => group.role === 'bootstrap').map(({ name }) => name)
  const { shape, degree = 2 } = spec.network.topology
  const staticPeers = shape === 'discovered' ? undefined : peerings(shape, names, degree, seededRng(`${seed}/topology`))
  const load = spec.load ?? builtInLoad
  const isIn = membership(given)
  const senders = members.filter(
    ({ name, group }) => group.role === 'load' && isIn.account(() => derive(seed, `load/${name}/0`).publicKey),
  )
  const sending = new Set(senders.map(({ name }) => name))

  const nodes = members.map(({ name, group, index, region, settings }): NodeSpec => {
    const network = derive(seed, `network/${name}`)
    const validator = group.role === 'miner' ? derive(seed, `validator/${name}`) : undefined
    const weight = validator ? isIn.weight(() => validator.publicKey, settings.weight) : 0
    const { dht, exchange, ...first } = settings.discovery
    return {
      name,
      group: group.name,
      index,
      role: group.role,
      region,
      weight,
      logLevel: settings.logLevel,
      websocket: settings.websocket,
      keys: { network: network.seed, ...(validator && weight > 0 && { validator: validator.seed }) },
      peerId: network.peerId,
      ...(validator && weight > 0 && { validator: validator.publicKey }),
      network: {
        stack: spec.network.stack,
        discovery: { dht, exchange },
        limits: settings.limits,
        gossipsub: settings.gossipsub,
        bootstrap: first.bootstrap ? without(bootstrap, name, group.role) : [],
        static: staticPeers?.get(name) ?? [],
      },
      ...(sending.has(name) && { load: loadOf(load, senders.length, seed, name, derive) }),
    }
  })

  const canaries = Array.from({ length: CANARY_ACCOUNTS }, (_, index): Account => {
    const { seed: key, publicKey } = derive(seed, `canary/${index}`)
    return { seed: key, address: publicKey }
  })
  const ownGenesis = (): Genesis => {
    const validators = nodes.flatMap(({ validator, weight }) => (validator ? [{ publicKey: validator, weight }] : []))
    const sent = senders.flatMap(({ name }) =>
      Array.from({ length: load.accounts }, (_, index) => derive(seed, `load/${name}/${index}`).publicKey),
    )
    return genesisOf(testnet, validators, [...sent, ...canaries.map(({ address }) => address)])
  }
  return {
    name: metadata.name,
    seed,
    genesis: given ?? ownGenesis(),
    regions,
    latency: latencyOf(spec.network),
    nodes,
    latecomers: nodes
      .filter(({ role, weight, load }) => (role === 'miner' && weight === 0) || (role === 'load' && load === undefined))
      .map(({ name }) => name),
    canaries,
  }
}

/** What a given genesis knows of. Without one everybody is in it, with the weight that is asked for. */
function membership(genesis: Genesis | undefined) {
  const weights = genesis && new Map(genesis.validators.map(({ publicKey, weight }) => [publicKey, weight]))
  const accounts = genesis && new Set(genesis.accounts.map(({ address }) => address))
  return {
    weight: (validator: () => string, asked: number): number => (weights ? (weights.get(validator()) ?? 0) : asked),
    account: (address: () => string): boolean => accounts?.has(address()) ?? true,
  }
}

/** The list itself for those that are not in it: it is the same for all of them. */
const without = (bootstrap: readonly string[], name: string, role: Role): readonly string[] =>
  role === 'bootstrap' ? bootstrap.filter(other => other !== name) : bootstrap

/** Where the nodes are, in the order of their groups: what a chaos experiment selects by. */
export function placements(testnet: Testnet): { name: string; group: string; role: Role; region: string }[] {
  const settings = testnetSettings(testnet)
  return testnet.spec.groups.flatMap(group =>
    membersOf(group, settings, regionsOf(testnet)).map(({ name, region }) => ({
      name,
      group: group.name,
      role: group.role,
      region,
    })),
  )
}

const regionsOf = ({ spec }: Testnet): string[] =>
  spec.network.regions.length > 0 ? spec.network.regions.map(({ name }) => name) : [DEFAULT_REGION]

interface Member {
  readonly name: string
  readonly group: TestnetGroup
  readonly index: number
  readonly region: string
  readonly settings: Settings
}

/** The layer of the whole testnet, over the built-in one. */
function testnetSettings({ spec }: Testnet): Settings {
  const builtIn = spec.network.topology.shape === 'discovered' ? builtInSettings : staticTopologySettings
  return mergeSettings(builtIn, { ...spec.defaults, network: spec.network })
}

function membersOf(group: TestnetGroup, below: Settings, regions: readonly string[]): Member[] {
  const groupSettings = mergeSettings(below, group)
  return Array.from({ length: group.count }, (_, index) => {
    const override = group.overrides.find(candidate => candidate.index === index)
    const settings = override ? mergeSettings(groupSettings, override) : groupSettings
    const region = settings.region ?? regions[index % regions.length] ?? DEFAULT_REGION
    return { name: `${group.name}-${index}`, group, index, region, settings }
  })
}

function loadOf(
  load: NonNullable<Testnet['spec']['load']>,
  nodes: number,
  seed: string,
  name: string,
  derive: Derive,
): NonNullable<NodeSpec['load']> {
  return {
    rate: load.rate / nodes,
    payloadBytes: byteCount(load.payload),
    accounts: Array.from({ length: load.accounts }, (_, index) => derive(seed, `load/${name}/${index}`).seed),
  }
}

function latencyOf(network: TestnetNetwork): RegionLatency[] {
  const names = network.regions.map(({ name }) => name)
  return names.flatMap(from =>
    names.flatMap(to => {
      const { delayMs, jitterMs } = regionLink(network, from, to)
      return delayMs === 0 && jitterMs === 0 ? [] : [{ from, to, delayMs, jitterMs }]
    }),
  )
}
