// Testnet -> its nodes. Pure: the same document gives the same result, byte for byte, on every machine.

import { seededRng } from '../../api/random.ts'
import { regionLink } from '../../api/regions.ts'
import { builtInSettings, mergeSettings, type Settings, staticTopologySettings } from '../../api/settings.ts'
import {
  builtInLoad,
  CANARY_ACCOUNTS,
  type Testnet,
  type TestnetGroup,
  type TestnetNetwork,
} from '../../api/testnet.ts'
import { byteCount } from '../../api/units.ts'
import { genesisOf } from './genesis.ts'
import { keySeed, peerId, publicKey } from './identity.ts'
import type { Account, Expanded, NodeSpec, RegionLatency } from './spec.ts'
import { peerings } from './topology.ts'

/** The region of every node in a testnet without regions. */
export const DEFAULT_REGION = 'default'

/** The nodes of a testnet that parsed (api/kinds.ts), in the order of its groups. */
export function expand(testnet: Testnet): Expanded {
  const { metadata, spec } = testnet
  const seed = String(spec.seed ?? metadata.name)
  const regions = spec.network.regions.length > 0 ? spec.network.regions.map(({ name }) => name) : [DEFAULT_REGION]
  const members = spec.groups.flatMap(group => membersOf(group, testnetSettings(testnet), regions))
  const names = members.map(({ name }) => name)
  const bootstrap = members.filter(({ group }) => group.role === 'bootstrap').map(({ name }) => name)
  const { shape, degree = 2 } = spec.network.topology
  const staticPeers = shape === 'discovered' ? undefined : peerings(shape, names, degree, seededRng(`${seed}/topology`))
  const loadNodes = members.filter(({ group }) => group.role === 'load').length

  const nodes = members.map(({ name, group, index, region, settings }): NodeSpec => {
    const miner = group.role === 'miner'
    const keys = {
      network: keySeed(seed, `network/${name}`),
      ...(miner && { validator: keySeed(seed, `validator/${name}`) }),
    }
    const { dht, exchange, ...first } = settings.discovery
    return {
      name,
      group: group.name,
      index,
      role: group.role,
      region,
      weight: miner ? settings.weight : 0,
      logLevel: settings.logLevel,
      websocket: settings.websocket,
      keys,
      peerId: peerId(keys.network),
      ...(keys.validator && { validator: publicKey(keys.validator) }),
      network: {
        stack: spec.network.stack,
        discovery: { dht, exchange },
        limits: settings.limits,
        gossipsub: settings.gossipsub,
        bootstrap: first.bootstrap ? bootstrap.filter(other => other !== name) : [],
        static: staticPeers?.get(name) ?? [],
      },
      ...(group.role === 'load' && { load: loadOf(spec.load ?? builtInLoad, loadNodes, seed, name) }),
    }
  })

  const canaries = Array.from({ length: CANARY_ACCOUNTS }, (_, index): Account => {
    const key = keySeed(seed, `canary/${index}`)
    return { seed: key, address: publicKey(key) }
  })
  const validators = nodes.flatMap(({ validator, weight }) => (validator ? [{ publicKey: validator, weight }] : []))
  const funded = [
    ...nodes.flatMap(({ load }) => load?.accounts.map(publicKey) ?? []),
    ...canaries.map(({ address }) => address),
  ]
  return {
    name: metadata.name,
    seed,
    genesis: genesisOf(testnet, validators, funded),
    regions,
    latency: latencyOf(spec.network),
    nodes,
    canaries,
  }
}

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
): NonNullable<NodeSpec['load']> {
  return {
    rate: load.rate / nodes,
    payloadBytes: byteCount(load.payload),
    accounts: Array.from({ length: load.accounts }, (_, index) => keySeed(seed, `load/${name}/${index}`)),
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
