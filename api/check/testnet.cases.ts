// Testnet documents and what must be said of them. Whoever judges Testnets (the parser, later the API server) is
// tested with this table.

/** A document of the least that is a Testnet; `spec` replaces or adds whole fields of its spec. */
export function testnetText(spec: Record<string, unknown> = {}, top: Record<string, unknown> = {}): string {
  // JSON is YAML: one line a document, so cases are told apart by path and message.
  return JSON.stringify({
    apiVersion: 'trellis.dev/v1alpha1',
    kind: 'Testnet',
    metadata: { name: 'demo' },
    spec: { groups: [boot, miners], ...spec },
    ...top,
  })
}

const boot = { name: 'boot', role: 'bootstrap' }
const miners = { name: 'miner', role: 'miner', count: 3 }
const loaders = { name: 'load', role: 'load', count: 2 }
const account = (digit: string, balance = 1) => ({ address: digit.repeat(64), balance })
const twoRegions = [{ name: 'a' }, { name: 'b' }]
const network = (fields: Record<string, unknown>) => ({ network: fields })

export const good: readonly (readonly [name: string, text: string])[] = [
  ['the least', testnetText()],
  [
    'one miner alone, under a static topology',
    testnetText({ groups: [{ name: 'm', role: 'miner' }], ...network({ topology: { shape: 'full' } }) }),
  ],
  ['one miner alone', testnetText({ groups: [{ name: 'm', role: 'miner' }] })],
  ['a whole number as seed', testnetText({ seed: 7 })],
  [
    'labels and annotations',
    testnetText({}, { metadata: { name: 'demo', labels: { team: 'core' }, annotations: { note: 'x' } } }),
  ],
  ['known places by region name', testnetText(network({ regions: [{ name: 'tokyo' }, { name: 'eu-west-1' }] }))],
  [
    'regions nowhere with their latency',
    testnetText(network({ regions: twoRegions, latency: [{ from: 'b', to: 'a', delay: '5ms' }] })),
  ],
  [
    'latency within a region',
    testnetText(network({ regions: [{ name: 'a' }], latency: [{ from: 'a', to: 'a', delay: '1ms' }] })),
  ],
  [
    'asymmetric latency',
    testnetText(
      network({
        regions: twoRegions,
        latency: [
          { from: 'a', to: 'b', delay: '5ms' },
          { from: 'b', to: 'a', delay: '9ms', jitter: '1ms' },
        ],
      }),
    ),
  ],
  [
    'load with every field',
    testnetText({ load: { rate: 0.5, payload: '1KiB', accounts: 4 }, groups: [boot, miners, loaders] }),
  ],
  ['load nodes with the built-in load', testnetText({ groups: [boot, miners, loaders] })],
  ['a random graph', testnetText(network({ topology: { shape: 'random', degree: 3 } }))],
  ['further accounts', testnetText({ chain: { genesis: { accounts: [account('a'), account('b')] } } })],
  ['all of the quorum', testnetText({ chain: { finality: { quorum: '1/1' } } })],
  [
    'images, resources and storage',
    testnetText({
      image: 'registry.example.com:5000/team/trellis-node:0.1.0',
      defaults: { resources: { requests: { cpu: '250m', memory: '256Mi' } }, storage: {} },
      groups: [
        boot,
        {
          ...miners,
          image: `node@sha256:${'a'.repeat(64)}`,
          resources: { requests: { cpu: 1 }, limits: { cpu: 1, memory: '1Gi' } },
          storage: { size: '2Gi', className: 'fast.ssd', whenScaled: 'Retain' },
        },
      ],
    }),
  ],
  [
    'limits of a group above the requests of all',
    testnetText({
      defaults: { resources: { requests: { memory: '1Gi' } } },
      groups: [boot, { ...miners, resources: { limits: { memory: '1024Mi' } } }],
    }),
  ],
  ['a pause and an end', testnetText({ suspend: true, ttl: '36h' })],
  [
    'layers of settings',
    testnetText({
      defaults: { weight: 5, logLevel: 'warn' },
      groups: [
        boot,
        { ...miners, weight: 7, network: { limits: { outbound: 2 } }, overrides: [{ index: 2, weight: 9 }] },
      ],
    }),
  ],
]

export interface BadCase {
  readonly name: string
  readonly text: string
  /** `path: part of the message; part of the mend` of each problem, all of them, in order. */
  readonly problems: readonly (readonly [path: string, message: string, mend: string])[]
}

const one = (name: string, text: string, path: string, message: string, mend: string): BadCase => ({
  name,
  text,
  problems: [[path, message, mend]],
})

export const bad: readonly BadCase[] = [
  one('another version', testnetText({}, { apiVersion: 'trellis.dev/v2' }), 'apiVersion', 'is not one of', 'v1alpha1'),
  one('a kind misspelt', testnetText({}, { kind: 'Testnest' }), 'kind', 'is not a kind', 'did you mean `Testnet`?'),
  one('no kind', testnetText({}, { kind: undefined }), 'kind', 'is missing', 'add `kind: Testnet`'),
  one('no spec', testnetText({}, { spec: undefined }), 'spec', 'is missing', '`groups`'),
  one('no name', testnetText({}, { metadata: {} }), 'metadata.name', 'is missing', '`quickstart`'),
  one(
    'a name in capitals',
    testnetText({}, { metadata: { name: 'Demo' } }),
    'metadata.name',
    'lowercase',
    '`quickstart`',
  ),
  one(
    'a name that no Service can begin with',
    testnetText({}, { metadata: { name: '1net' } }),
    'metadata.name',
    'a letter first',
    '`quickstart`',
  ),
  one(
    'a name too long',
    testnetText({}, { metadata: { name: 'a'.repeat(31) } }),
    'metadata.name',
    '31 characters',
    'at most 30',
  ),
  one(
    'a number for a name',
    testnetText({}, { metadata: { name: 7 } }),
    'metadata.name',
    'expected a name, got 7',
    '`quickstart`',
  ),
  one(
    'a namespace',
    testnetText({}, { metadata: { name: 'demo', namespace: 'x' } }),
    'metadata.namespace',
    'does not apply',
    'remove it',
  ),
  one('a status', testnetText({}, { status: {} }), 'status', 'does not apply', 'remove it'),
  one(
    'an unknown field, far from any',
    testnetText({ zebra: 1 }),
    'spec.zebra',
    'has no field `zebra`',
    'valid here: `seed`',
  ),
  one('a field misspelt', testnetText({ netwrk: {} }), 'spec.netwrk', 'has no field', 'did you mean `network`?'),
  one(
    'a field in other case',
    testnetText({ chain: { blockinterval: '1s' } }),
    'spec.chain.blockinterval',
    'has no field',
    '`blockInterval`',
  ),
  one('a field named like a method', testnetText({ constructor: 1 }), 'spec.constructor', 'has no field', 'valid here'),
  one(
    'text for fields',
    testnetText({ chain: 'fast' }),
    'spec.chain',
    'expected fields, got "fast"',
    'its fields are `blockInterval`, `finality`, `genesis`, `maxBlockBytes`',
  ),
  one(
    'nothing for a list',
    testnetText({ groups: null }),
    'spec.groups',
    'expected a list, got nothing',
    'write a list',
  ),
  one('no group', testnetText({ groups: [] }), 'spec.groups', 'below the least', 'list at least 1'),
  one(
    'a duration without unit',
    testnetText({ chain: { blockInterval: 5 } }),
    'spec.chain.blockInterval',
    'expected a duration, got 5',
    '`200ms`',
  ),
  one(
    'a duration too short',
    testnetText({ chain: { blockInterval: '1ms' } }),
    'spec.chain.blockInterval',
    'at least 50ms',
    '`200ms`',
  ),
  one(
    'a size too large',
    testnetText({ chain: { maxBlockBytes: '5MiB' } }),
    'spec.chain.maxBlockBytes',
    'at most 4MiB',
    '`1MiB`',
  ),
  one(
    'a quorum two sides can have',
    testnetText({ chain: { finality: { quorum: '1/2' } } }),
    'spec.chain.finality.quorum',
    'two sides',
    'above 1/2',
  ),
  one(
    'a genesis time without zone',
    testnetText({ chain: { genesis: { time: 'yesterday' } } }),
    'spec.chain.genesis.time',
    'got "yesterday"',
    '2026-01-01T00:00:00Z',
  ),
  one(
    'an account twice',
    testnetText({ chain: { genesis: { accounts: [account('a'), account('a')] } } }),
    'spec.chain.genesis.accounts[1].address',
    'twice',
    'keep one',
  ),
  one(
    'more money than numbers',
    testnetText({ chain: { genesis: { accounts: [account('a', Number.MAX_SAFE_INTEGER)] } } }),
    'spec.chain.genesis.balance',
    'own more than',
    'lower',
  ),
  one(
    'another stack',
    testnetText(network({ stack: 'casper' })),
    'spec.network.stack',
    'is not one of `gossipsub`',
    'no other stack',
  ),
  one(
    'parameters of another stack',
    testnetText(network({ websocket: { port: 1 } })),
    'spec.network.websocket',
    'does not apply',
    'another stack',
  ),
  one(
    'mesh degrees out of order',
    testnetText(network({ gossipsub: { dLow: 9 } })),
    'spec.network.gossipsub',
    'out of order',
    'dLow <= d <= dHigh',
  ),
  one(
    'mesh degrees out of order in a group only',
    testnetText({ groups: [boot, { ...miners, network: { gossipsub: { dHigh: 5 } } }] }),
    'spec.groups[1].network.gossipsub',
    'out of order',
    'dHigh',
  ),
  one(
    'a degree without random',
    testnetText(network({ topology: { degree: 3 } })),
    'spec.network.topology.degree',
    'does not apply to shape `discovered`',
    'random',
  ),
  one(
    'random without a degree',
    testnetText(network({ topology: { shape: 'random' } })),
    'spec.network.topology.degree',
    'is missing',
    'degree: 4',
  ),
  one(
    'a degree above the nodes',
    testnetText(network({ topology: { shape: 'random', degree: 4 } })),
    'spec.network.topology.degree',
    'more than 4 nodes',
    'at most 3',
  ),
  one(
    'a ring of two',
    testnetText({ groups: [{ ...miners, count: 2 }], ...network({ topology: { shape: 'ring' } }) }),
    'spec.network.topology.shape',
    'needs 3 nodes',
    'add nodes',
  ),
  one(
    'everybody with everybody, too many',
    testnetText({ groups: [{ ...miners, count: 66 }], ...network({ topology: { shape: 'full' } }) }),
    'spec.network.topology.shape',
    '65 static peers',
    'random',
  ),
  one(
    'nobody to find others by',
    testnetText({ groups: [miners] }),
    'spec.groups',
    'cannot find each other',
    'role bootstrap',
  ),
  one(
    'bootstrap switched off',
    testnetText(network({ discovery: { bootstrap: false } })),
    'spec.network.discovery.bootstrap',
    'cannot find each other',
    '`true`',
  ),
  one(
    'half a pair of coordinates',
    testnetText(network({ regions: [{ name: 'x', latitude: 3 }] })),
    'spec.network.regions[0]',
    'has no longitude',
    'both',
  ),
  one(
    'a place and coordinates',
    testnetText(network({ regions: [{ name: 'x', place: 'paris', latitude: 3, longitude: 4 }] })),
    'spec.network.regions[0].place',
    'beside coordinates',
    'keep one',
  ),
  one(
    'an unknown place',
    testnetText(network({ regions: [{ name: 'x', place: 'pariss' }] })),
    'spec.network.regions[0].place',
    'is not one of',
    '`paris`',
  ),
  one(
    'off the globe',
    testnetText(network({ regions: [{ name: 'x', latitude: 91, longitude: 0 }] })),
    'spec.network.regions[0].latitude',
    'above the most allowed, 90',
    'at most 90',
  ),
  one(
    'a distance nobody told',
    testnetText(network({ regions: twoRegions })),
    'spec.network.regions[1]',
    'how far `b` is from `a`',
    'from: a, to: b',
  ),
  one(
    'a latency of an unknown region',
    testnetText(network({ regions: [{ name: 'paris' }], latency: [{ from: 'paris', to: 'pari', delay: '1ms' }] })),
    'spec.network.latency[0].to',
    'no region `pari`',
    '`paris`',
  ),
  one(
    'a latency twice',
    testnetText(
      network({
        regions: [{ name: 'a' }],
        latency: [
          { from: 'a', to: 'a', delay: '1ms' },
          { from: 'a', to: 'a', delay: '2ms' },
        ],
      }),
    ),
    'spec.network.latency[1]',
    'an entry already',
    'keep one',
  ),
  one(
    'a region twice',
    testnetText(network({ regions: [{ name: 'paris' }, { name: 'paris' }] })),
    'spec.network.regions[1].name',
    'regions[0] too',
    'own name',
  ),
  one(
    'a group in an unknown region',
    testnetText({ groups: [boot, { ...miners, region: 'mars' }] }),
    'spec.groups[1].region',
    'no region `mars`',
    '- name: mars',
  ),
  one(
    'defaults in an unknown region',
    testnetText({ defaults: { region: 'mars' } }),
    'spec.defaults.region',
    'no region `mars`',
    '- name: mars',
  ),
  one(
    'network parameters as defaults',
    testnetText({ defaults: { network: {} } }),
    'spec.defaults.network',
    'does not apply',
    '`spec.network`',
  ),
  one('no miner', testnetText({ groups: [boot] }), 'spec.groups', 'no group makes blocks', 'role miner'),
  one(
    'zero miners',
    testnetText({ groups: [boot, { ...miners, count: 0 }] }),
    'spec.groups[1].count',
    '0 is below the least allowed, 1',
    'at least 1',
  ),
  one(
    'half a miner',
    testnetText({ groups: [boot, { ...miners, count: 1.5 }] }),
    'spec.groups[1].count',
    'expected a whole number, got 1.5',
    'whole number',
  ),
  one(
    'too many nodes',
    testnetText({ groups: [boot, miners, { name: 'f', role: 'full', count: 5_000 }] }),
    'spec.groups',
    '5004 nodes are more than 5000',
    'lower',
  ),
  one(
    'too many miners',
    testnetText({ groups: [boot, { ...miners, count: 4_097 }] }),
    'spec.groups',
    '4097 miners are more than 4096',
    'lower',
  ),
  one(
    'two groups of one name',
    testnetText({ groups: [boot, miners, miners] }),
    'spec.groups[2].name',
    'spec.groups[1] too',
    'own name',
  ),
  one(
    'a role that does not work yet',
    testnetText({ groups: [boot, miners, { name: 'l', role: 'light' }] }),
    'spec.groups[2].role',
    'is not one of',
    'this version has',
  ),
  one(
    'a role misspelt',
    testnetText({ groups: [boot, miners, { name: 'l', role: 'miners' }] }),
    'spec.groups[2].role',
    'is not one of',
    'did you mean `miner`?',
  ),
  one(
    'weight 0',
    testnetText({ groups: [boot, { ...miners, weight: 0 }] }),
    'spec.groups[1].weight',
    '0 is below the least allowed, 1',
    'at least 1',
  ),
  one(
    'weight of a node that makes no blocks',
    testnetText({ groups: [{ ...boot, weight: 2 }, miners] }),
    'spec.groups[0].weight',
    'does not apply to role `bootstrap`',
    'role: miner',
  ),
  one(
    'load settings on a miner group',
    testnetText({ groups: [boot, { ...miners, load: { rate: 3 } }] }),
    'spec.groups[1].load',
    'does not apply',
    '`spec.load`',
  ),
  one(
    'load that nobody sends',
    testnetText({ load: { rate: 3 } }),
    'spec.load',
    'no group sends the load',
    'role load',
  ),
  one(
    'more accounts than genesis holds',
    testnetText({ load: { accounts: 4_096 }, groups: [boot, miners, { ...loaders, count: 16 }] }),
    'spec.load.accounts',
    '65600 accounts',
    'lower',
  ),
  one(
    'an override out of range',
    testnetText({ groups: [boot, { ...miners, overrides: [{ index: 3 }] }] }),
    'spec.groups[1].overrides[0].index',
    '3 is out of range',
    '0 to 2',
  ),
  one(
    'two overrides of one node',
    testnetText({ groups: [boot, { ...miners, overrides: [{ index: 1 }, { index: 1 }] }] }),
    'spec.groups[1].overrides[1].index',
    'an override already',
    'join',
  ),
  one(
    'what no version has yet',
    testnetText({ observability: {} }),
    'spec.observability',
    'does not apply',
    'not part of this version',
  ),
  one('no name of an image', testnetText({ image: 'Trellis Node' }), 'spec.image', 'the name of an image', '`registry'),
  one(
    'an image of the defaults',
    testnetText({ defaults: { image: 'node' } }),
    'spec.defaults.image',
    'does not apply',
    '`spec.image`',
  ),
  one(
    'resources of one node',
    testnetText({ groups: [boot, { ...miners, overrides: [{ index: 0, resources: {} }] }] }),
    'spec.groups[1].overrides[0].resources',
    'does not apply',
    'a group of its own',
  ),
  one('storage of the spec', testnetText({ storage: {} }), 'spec.storage', 'does not apply', '`spec.defaults`'),
  one(
    'half a core as a number',
    testnetText({ defaults: { resources: { limits: { cpu: 0.5 } } } }),
    'spec.defaults.resources.limits.cpu',
    'processor time, got 0.5',
    '`250m`',
  ),
  one(
    'memory in a unit of its own',
    testnetText({ defaults: { resources: { limits: { memory: '512MiB' } } } }),
    'spec.defaults.resources.limits.memory',
    'an amount of memory, got "512MiB"',
    '`512Mi`',
  ),
  one(
    'memory for nothing',
    testnetText({ groups: [boot, { ...miners, resources: { limits: { memory: 64 } } }] }),
    'spec.groups[1].resources.limits.memory',
    'at least 1Mi',
    '`512Mi`',
  ),
  one(
    'a request above the limit',
    testnetText({ defaults: { resources: { requests: { cpu: 2 }, limits: { cpu: '1500m' } } } }),
    'spec.defaults.resources',
    'requests 2 of cpu and limits it to 1500m',
    'raise limits.cpu',
  ),
  one(
    'a request of a group above the limit of all',
    testnetText({
      defaults: { resources: { limits: { memory: '1Gi' } } },
      groups: [boot, { ...miners, resources: { requests: { memory: '2Gi' } } }],
    }),
    'spec.groups[1].resources',
    'requests 2Gi of memory and limits it to 1Gi',
    'lower requests.memory',
  ),
  one(
    'a volume without room',
    testnetText({ defaults: { storage: { size: '1Mi' } } }),
    'spec.defaults.storage.size',
    'at least 16Mi',
    '`1Gi`',
  ),
  one(
    'data kept for ever and a day',
    testnetText({ groups: [boot, { ...miners, storage: { whenScaled: 'Recycle' } }] }),
    'spec.groups[1].storage.whenScaled',
    'is not one of `Retain`, `Delete`',
    'choose one',
  ),
  one('a pause in words', testnetText({ suspend: 'yes' }), 'spec.suspend', 'true or false', 'true or false'),
  one('no time at all', testnetText({ ttl: '500ms' }), 'spec.ttl', 'at least 1s', '`5s`'),
  {
    name: 'all at once',
    text: testnetText({
      chain: { blockInterval: 5 },
      groups: [
        { name: 'a', rol: 'miner' },
        { name: 'b', role: 'miner', count: -1 },
      ],
    }),
    problems: [
      ['spec.groups[0].role', 'is missing', ''],
      ['spec.groups[0].rol', 'no field `rol`', '`role`'],
      ['spec.groups[1].count', '-1 is below', ''],
      ['spec.chain.blockInterval', 'expected a duration', ''],
    ],
  },
]

export interface ChangeCase {
  readonly name: string
  /** Specs as `testnetText` takes them. */
  readonly before: Record<string, unknown>
  readonly after: Record<string, unknown>
  /** What is said of the change; allowed when absent. */
  readonly problem?: readonly [path: string, message: string, mend: string]
}

const change = (
  name: string,
  before: Record<string, unknown>,
  after: Record<string, unknown>,
  path?: string,
  message = '',
  mend = '',
): ChangeCase => ({ name, before, after, ...(path !== undefined && { problem: [path, message, mend] as const }) })
const groups = (fields: Record<string, unknown>) => ({ groups: [boot, { ...miners, ...fields }] })
const weighted = { overrides: [{ index: 2, weight: 9 }] }

export const changes: readonly ChangeCase[] = [
  change('scale up', {}, groups({ count: 5 })),
  change('scale down', groups({ count: 5, overrides: [{ index: 4, weight: 3 }] }), groups({ count: 3 })),
  change('scale up with a weight for the new', groups({}), groups({ count: 4, overrides: [{ index: 3, weight: 3 }] })),
  change('another group', {}, { groups: [boot, miners, { name: 'late', role: 'miner', storage: {}, weight: 4 }] }),
  change('a group less', { groups: [boot, miners, loaders] }, {}),
  change('groups in another order', {}, { groups: [miners, boot] }),
  change('another image', {}, { image: 'node:2' }),
  change('more memory', {}, groups({ resources: { limits: { memory: '1Gi' } } })),
  change('a pause', {}, { suspend: true }),
  change('a ttl', { ttl: '1h' }, { ttl: '2h' }),
  change('another rate', { groups: [boot, miners, loaders] }, { groups: [boot, miners, loaders], load: { rate: 1 } }),
  change('other parameters of the network', {}, network({ gossipsub: { heartbeat: '1s' } })),
  change('keep the data of nodes that go', groups({ storage: {} }), groups({ storage: { whenScaled: 'Retain' } })),

  change('the seed', { seed: 'a' }, { seed: 'b' }, 'spec.seed', 'root of all identities', 'new testnet'),
  change('a seed that was not written', {}, { seed: 'demo' }, 'spec.seed', 'root of all identities', 'new testnet'),
  change('the chain', {}, { chain: { blockInterval: '2s' } }, 'spec.chain', 'part of the genesis', 'new testnet'),
  change(
    'the load accounts',
    { groups: [boot, miners, loaders] },
    { groups: [boot, miners, loaders], load: { accounts: 3 } },
    'spec.load.accounts',
    'part of the genesis',
    'new testnet',
  ),
  change(
    'a role',
    {},
    { groups: [{ ...boot, role: 'full' }, miners, { name: 'b', role: 'bootstrap' }] },
    'spec.groups[0].role',
    'cannot change',
    'the other role',
  ),
  change('a weight', {}, groups({ weight: 7 }), 'spec.groups[1].weight', 'part of the genesis', 'new testnet'),
  change(
    'the weight of all',
    { defaults: { weight: 7 } },
    {},
    'spec.defaults.weight',
    'part of the genesis',
    'new testnet',
  ),
  change(
    'the weight of a node',
    groups(weighted),
    groups({ overrides: [{ index: 2, weight: 8 }] }),
    'spec.groups[1].overrides',
    'part of the genesis',
    'new testnet',
  ),
  change(
    'no more weight of a node',
    groups(weighted),
    groups({}),
    'spec.groups[1].overrides',
    'part of the genesis',
    'new testnet',
  ),
  change(
    'volumes for a group',
    {},
    groups({ storage: {} }),
    'spec.groups[1].storage',
    'volumes of a group',
    'new testnet',
  ),
  change(
    'no more volumes',
    { defaults: { storage: {} } },
    {},
    'spec.defaults.storage',
    'volumes of a group',
    'new testnet',
  ),
  change(
    'larger volumes',
    groups({ storage: { size: '1Gi' } }),
    groups({ storage: { size: '2Gi' } }),
    'spec.groups[1].storage.size',
    'volumes of a group',
    'new testnet',
  ),
  change(
    'volumes of another class',
    groups({ storage: {} }),
    groups({ storage: { className: 'fast' } }),
    'spec.groups[1].storage.className',
    'volumes of a group',
    'new testnet',
  ),
]
