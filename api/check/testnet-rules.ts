// The rules of a Testnet for the API server. Left to the operator, which says them in a condition: whether the region of
// an override exists, mesh degrees of overrides, and how far regions without coordinates are from each other.
import { builtInSettings } from '../settings.ts'
import {
  builtInLoad,
  CANARY_ACCOUNTS,
  MAX_GENESIS_ACCOUNTS,
  MAX_NODES,
  MAX_STATIC_PEERS,
  MAX_VALIDATORS,
} from '../testnet.ts'
import { MAX_BOOTSTRAP_NODES } from './network.ts'
import { isGiven, type KindRules, type Rule } from './rules.ts'
import { unchangeableRules } from './unchangeable.ts'

const sum = (role?: string): string =>
  role === undefined
    ? 'self.groups.map(g, g.count).sum()'
    : `self.groups.filter(g, g.role == '${role}').map(g, g.count).sum()`
const nodes = sum()
const shape = 'self.network.topology.shape'
const ownAccounts = `(${sum('load')} * self.?load.?accounts.orValue(${builtInLoad.accounts}) + ${CANARY_ACCOUNTS})`

const groups: readonly Rule[] = [
  {
    path: 'spec.groups[]',
    rule: "self.role == 'miner' || !has(self.weight)",
    message: 'applies to role miner only',
    fieldPath: '.weight',
  },
  {
    path: 'spec.groups[]',
    rule: "self.role == 'miner' || self.overrides.all(o, !has(o.weight))",
    message: 'weight applies to role miner only',
    fieldPath: '.overrides',
  },
  {
    path: 'spec.groups[]',
    rule: 'self.overrides.all(o, o.index < self.count)',
    message: 'an index is out of range: write 0 to count - 1, or raise the count',
    fieldPath: '.overrides',
  },
  {
    path: 'spec',
    rule: 'self.groups.all(g, !has(g.region) || self.network.regions.exists(r, r.name == g.region))',
    message: 'spec.network.regions lacks the region of a group',
    fieldPath: '.groups',
  },
  {
    path: 'spec',
    rule: '!has(self.defaults.region) || self.network.regions.exists(r, r.name == self.defaults.region)',
    message: 'spec.network.regions has no such region',
    fieldPath: '.defaults.region',
  },
  { path: 'spec', rule: `${nodes} <= ${MAX_NODES}`, message: `more than ${MAX_NODES} nodes`, fieldPath: '.groups' },
  {
    path: 'spec',
    rule: "self.groups.exists(g, g.role == 'miner')",
    message: 'no group makes blocks: add a group of role miner',
    fieldPath: '.groups',
  },
  {
    path: 'spec',
    rule: `${sum('miner')} <= ${MAX_VALIDATORS}`,
    message: `more than ${MAX_VALIDATORS} miners`,
    fieldPath: '.groups',
  },
]

/** Does a request of these layers keep to their limit? The first layer that says anything counts. */
const withinLimit = (field: 'cpu' | 'memory', ...layers: readonly string[]): string => {
  const first = (name: string, nothing: string): string =>
    layers.reduceRight(
      (below, layer) => `(${isGiven(layer, name)} ? quantity(string(${layer}.${name})) : ${below})`,
      `quantity('${nothing}')`,
    )
  const [request, limit] = [first(`resources.requests.${field}`, '0'), first(`resources.limits.${field}`, '1E')]
  return `${request}.compareTo(${limit}) <= 0`
}

const resources: readonly Rule[] = (['cpu', 'memory'] as const).flatMap(field => [
  {
    path: 'spec.defaults',
    rule: withinLimit(field, 'self'),
    message: `requests more ${field} than its limit: lower requests.${field}, or raise limits.${field}`,
    fieldPath: '.resources',
  },
  {
    path: 'spec',
    rule: `self.groups.all(g, ${withinLimit(field, 'g', 'self.defaults')})`,
    message: `a group requests more ${field} than its limit: lower requests.${field}, or raise limits.${field}`,
    fieldPath: '.groups',
  },
])

/** The order of mesh degrees that `checkDegrees` asks for, in a layer and the layers below it. */
const degreesInOrder = (...layers: readonly string[]): string => {
  const degree = (name: 'd' | 'dLow' | 'dHigh' | 'dOut' | 'dScore') =>
    layers.reduceRight(
      (below, layer) => `${layer}.?gossipsub.?${name}.orValue(${below})`,
      String(builtInSettings.gossipsub[name]),
    )
  const [d, low, high, out, score] = [degree('d'), degree('dLow'), degree('dHigh'), degree('dOut'), degree('dScore')]
  return [
    `${low} <= ${d} && ${d} <= ${high}`,
    `(${out} == 0 || (${out} < ${low} && ${out} * 2 <= ${d}))`,
    `${score} <= ${d}`,
  ].join(' && ')
}
const degreesMessage = 'keep dLow <= d <= dHigh, dOut < dLow, dOut <= d/2, dScore <= d'

const network: readonly Rule[] = [
  { path: 'spec', rule: degreesInOrder('self.network'), message: degreesMessage, fieldPath: '.network.gossipsub' },
  {
    path: 'spec',
    rule: `self.groups.all(g, !has(g.network) || !has(g.network.gossipsub) || (${degreesInOrder('g.network', 'self.network')}))`,
    message: `mesh degrees of a group are out of order: ${degreesMessage}`,
    fieldPath: '.groups',
  },
  {
    path: 'spec.network.regions[]',
    rule: 'has(self.latitude) == has(self.longitude)',
    message: 'give both latitude and longitude, or a place',
  },
  {
    path: 'spec.network.regions[]',
    rule: '!has(self.place) || !has(self.latitude)',
    message: 'stands beside coordinates: keep one of the two',
    fieldPath: '.place',
  },
  ...(['from', 'to'] as const).map(end => ({
    path: 'spec.network',
    rule: `self.latency.all(l, self.regions.exists(r, r.name == l.${end}))`,
    message: `spec.network.regions lacks the region that \`${end}\` names`,
    fieldPath: '.latency',
  })),
  {
    path: 'spec.network.topology',
    rule: "!has(self.degree) || self.shape == 'random'",
    message: 'applies to shape random only',
    fieldPath: '.degree',
  },
  {
    path: 'spec.network.topology',
    rule: "has(self.degree) || self.shape != 'random'",
    message: 'shape random needs a degree, for example 4',
  },
  {
    path: 'spec',
    rule: `${shape} != 'random' || self.network.topology.?degree.orValue(0) < ${nodes}`,
    message: 'each node cannot have as many peerings as there are nodes',
    fieldPath: '.network.topology.degree',
  },
  {
    path: 'spec',
    rule: `${shape} != 'ring' || ${nodes} >= 3`,
    message: 'a ring needs 3 nodes: add nodes or write full',
    fieldPath: '.network.topology.shape',
  },
  {
    path: 'spec',
    rule: `!(${shape} in ['full', 'star']) || ${nodes} <= ${MAX_STATIC_PEERS + 1}`,
    message: `gives a node more than ${MAX_STATIC_PEERS} static peers: write random with a degree, or lower the counts`,
    fieldPath: '.network.topology.shape',
  },
  {
    path: 'spec',
    rule: `${sum('bootstrap')} <= ${MAX_BOOTSTRAP_NODES}`,
    message: `more than ${MAX_BOOTSTRAP_NODES} bootstrap nodes`,
    fieldPath: '.groups',
  },
  {
    path: 'spec',
    rule: `${shape} != 'discovered' || ${nodes} == 1 || self.groups.exists(g, g.role == 'bootstrap')`,
    message: 'nodes cannot find each other: add a group of role bootstrap, or a static topology',
    fieldPath: '.groups',
  },
  {
    path: 'spec.network',
    rule: "self.topology.shape != 'discovered' || self.?discovery.?bootstrap.orValue(true)",
    message: 'nodes cannot find each other: write true, or a static topology',
    fieldPath: '.discovery',
  },
]

const chain: readonly Rule[] = [
  {
    path: 'spec.chain.finality.quorum',
    rule: "int(self.split('/')[0]) * 2 > int(self.split('/')[1])",
    message: 'would let two sides finalize against each other: write a fraction above 1/2',
  },
  ...(['load', 'groups'] as const).map(blamed => ({
    path: 'spec',
    rule: `${blamed === 'load' ? '!' : ''}has(self.load) || ${ownAccounts} + size(self.chain.genesis.accounts) <= ${MAX_GENESIS_ACCOUNTS}`,
    message: `more than ${MAX_GENESIS_ACCOUNTS} accounts in genesis: lower load.accounts or the count of load nodes`,
    fieldPath: `.${blamed}`,
  })),
  {
    path: 'spec',
    rule: `${ownAccounts} * self.chain.genesis.balance + self.chain.genesis.accounts.map(a, a.balance).sum() <= ${Number.MAX_SAFE_INTEGER}`,
    message: `all accounts together own more than ${Number.MAX_SAFE_INTEGER}: lower the balances`,
    fieldPath: '.chain.genesis',
  },
  {
    path: 'spec',
    rule: "!has(self.load) || self.groups.exists(g, g.role == 'load')",
    message: 'no group sends the load: add a group of role load',
    fieldPath: '.load',
  },
]

export const testnetRules: KindRules = {
  rules: [...groups, ...resources, ...network, ...chain, ...unchangeableRules],
  listKeys: {
    'spec.groups': ['name'],
    'spec.groups[].overrides': ['index'],
    'spec.network.regions': ['name'],
    'spec.network.latency': ['from', 'to'],
    'spec.chain.genesis.accounts': ['address'],
    'status.conditions': ['type'],
  },
}
