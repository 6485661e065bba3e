import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { describe, expect, test } from 'vitest'
import { testnetText } from '../../api/check/testnet.cases.ts'
import { testnetKind } from '../../api/check/testnet.ts'
import { genesisSchema } from '../../api/node-config.ts'
import { parseDocuments } from '../../api/parse.ts'
import { CANARY_ACCOUNTS } from '../../api/testnet.ts'
import { DEFAULT_REGION, type ExpandOptions, expand } from './expand.ts'
import { publicKey } from './identity.ts'

const expanded = (spec: Record<string, unknown> = {}, name = 'demo', options: ExpandOptions = {}) =>
  expand(parseDocuments(testnetText(spec, { metadata: { name } }), 'demo.yaml', [testnetKind])[0]!.value, options)
const nodeOf = (result: ReturnType<typeof expand>, name: string) =>
  result.nodes.find(node => node.name === name) ??
  expect.fail(`no node ${name} among ${result.nodes.map(node => node.name)}`)

const boot = { name: 'boot', role: 'bootstrap', count: 2 }
const miners = { name: 'miner', role: 'miner', count: 3 }
const load = { name: 'load', role: 'load', count: 2 }
const everything = {
  seed: 42,
  network: {
    regions: [{ name: 'tokyo' }, { name: 'paris' }, { name: 'sydney' }],
    topology: { shape: 'random', degree: 3 },
  },
  load: { rate: 15, accounts: 3 },
  groups: [boot, miners, load],
}

test('the same seed gives the same bytes on every machine', () => {
  // Changes only when identities, genesis or topology of every existing testnet change: that is a new version.
  const { latecomers: _none, ...rest } = expanded(everything)
  const digest = bytesToHex(sha256(utf8ToBytes(JSON.stringify(rest))))
  expect(digest).toBe('381c67a60990bf2ff1fb150c6b7215e0998c596dc40bfbb7d704345274a94093')
})

test('identities follow from the seed and the node, not from the name of the testnet or its other nodes', () => {
  const one = expanded({ seed: 'x', groups: [boot, miners] }, 'one')
  const two = expanded({ seed: 'x', groups: [miners, load, boot] }, 'two')
  expect(nodeOf(two, 'miner-1').keys).toEqual(nodeOf(one, 'miner-1').keys)
  expect(nodeOf(expanded({ seed: 'y' }), 'miner-1').keys).not.toEqual(nodeOf(one, 'miner-1').keys)
  expect(expanded({ seed: 7 }).nodes).toEqual(expanded({ seed: '7' }).nodes)
  expect(expanded({}, 'seven').seed).toBe('seven')
})

test('no key serves twice', () => {
  const { nodes, canaries } = expanded(everything)
  const seeds = [
    ...nodes.flatMap(({ keys, load: own }) => [keys.network, keys.validator, ...(own?.accounts ?? [])]),
    ...canaries.map(({ seed }) => seed),
  ].filter(seed => seed !== undefined)
  expect(seeds).toHaveLength(7 + 3 + 6 + CANARY_ACCOUNTS)
  expect(new Set(seeds).size).toBe(seeds.length)
  expect(new Set(nodes.map(({ peerId }) => peerId)).size).toBe(nodes.length)
})

test('genesis has every miner as validator and every account that anybody sends from', () => {
  const { genesis, nodes, canaries } = expanded({
    ...everything,
    chain: {
      blockInterval: '1m30s',
      finality: { quorum: '3/4' },
      maxBlockBytes: '64KiB',
      genesis: { time: '2026-02-03T04:05:06Z', balance: 9, accounts: [{ address: 'ab'.repeat(32), balance: 5 }] },
    },
  })
  expect(genesisSchema.parse(genesis)).toEqual(genesis)
  expect(genesis).toMatchObject({
    chainId: 'demo',
    time: Date.UTC(2026, 1, 3, 4, 5, 6),
    blockIntervalMs: 90_000,
    quorum: { numerator: 3, denominator: 4 },
    maxBlockBytes: 65_536,
  })
  const miner = nodeOf({ nodes } as ReturnType<typeof expand>, 'miner-2')
  expect(genesis.validators).toHaveLength(3)
  expect(genesis.validators[2]).toEqual({ publicKey: publicKey(miner.keys.validator ?? ''), weight: 100 })
  const balances = new Map(genesis.accounts.map(({ address, balance }) => [address, balance]))
  expect(balances.get('ab'.repeat(32))).toBe(5)
  for (const { seed } of canaries) expect(balances.get(publicKey(seed))).toBe(9)
  for (const node of nodes) for (const seed of node.load?.accounts ?? []) expect(balances.get(publicKey(seed))).toBe(9)
  expect(balances.size).toBe(1 + 6 + CANARY_ACCOUNTS)
})

describe('settings', () => {
  test('built-in < testnet < group < override, field by field', () => {
    const result = expanded({
      defaults: { logLevel: 'warn', weight: 2 },
      network: { limits: { outbound: 3, inbound: 30 }, gossipsub: { heartbeat: '1s' } },
      groups: [
        boot,
        {
          ...miners,
          weight: 3,
          network: { limits: { outbound: 4 }, discovery: { dht: false } },
          overrides: [
            {
              index: 1,
              logLevel: 'debug',
              weight: 4,
              websocket: true,
              network: { limits: { outbound: 5 }, gossipsub: { dLazy: 1 } },
            },
          ],
        },
      ],
    })
    expect(nodeOf(result, 'boot-0')).toMatchObject({
      logLevel: 'warn',
      weight: 0,
      websocket: false,
      network: { limits: { outbound: 3, inbound: 30, perHost: 8 }, discovery: { dht: true } },
    })
    expect(nodeOf(result, 'miner-0')).toMatchObject({
      logLevel: 'warn',
      weight: 3,
      network: {
        limits: { outbound: 4, inbound: 30 },
        discovery: { dht: false, exchange: true },
        gossipsub: { heartbeatMs: 1_000, dLazy: 6 },
      },
    })
    expect(nodeOf(result, 'miner-1')).toMatchObject({
      logLevel: 'debug',
      weight: 4,
      websocket: true,
      network: { limits: { outbound: 5, inbound: 30 }, gossipsub: { heartbeatMs: 1_000, dLazy: 1 } },
    })
    expect(nodeOf(result, 'miner-2')).toEqual({
      ...nodeOf(result, 'miner-0'),
      name: 'miner-2',
      index: 2,
      keys: expect.anything(),
      peerId: expect.anything(),
      validator: expect.anything(),
    })
  })

  test('nodes without a region are spread over the regions in turn', () => {
    const regions = [{ name: 'tokyo' }, { name: 'paris' }]
    const result = expanded({
      network: { regions },
      groups: [boot, { ...miners, region: 'paris', overrides: [{ index: 2, region: 'tokyo' }] }],
    })
    expect(result.nodes.map(({ region }) => region)).toEqual(['tokyo', 'paris', 'paris', 'paris', 'tokyo'])
    expect(expanded().nodes.map(({ region }) => region)).toEqual(Array(4).fill(DEFAULT_REGION))
  })

  test('load nodes share the rate and no account', () => {
    const result = expanded(everything)
    expect(nodeOf(result, 'load-0').load).toMatchObject({ rate: 7.5, payloadBytes: 128 })
    expect(nodeOf(result, 'miner-0').load).toBeUndefined()
  })
})

test('discovered: all dial the bootstrap nodes, nobody itself; static: nobody looks for anybody', () => {
  const found = expanded({ groups: [boot, miners] })
  expect(nodeOf(found, 'boot-0').network).toMatchObject({
    bootstrap: ['boot-1'],
    static: [],
    discovery: { dht: true, exchange: true },
  })
  expect(nodeOf(found, 'miner-0').network.bootstrap).toEqual(['boot-0', 'boot-1'])
  const ring = expanded({ network: { topology: { shape: 'ring' } }, groups: [boot, miners] })
  expect(nodeOf(ring, 'miner-0').network).toMatchObject({
    bootstrap: [],
    static: ['boot-1', 'miner-1'],
    discovery: { dht: false, exchange: false },
    limits: { outbound: 0 },
  })
  const both = expanded({
    network: { topology: { shape: 'ring' }, discovery: { bootstrap: true }, limits: { outbound: 2 } },
    groups: [boot, miners],
  })
  expect(nodeOf(both, 'miner-0').network).toMatchObject({ bootstrap: ['boot-0', 'boot-1'], limits: { outbound: 2 } })
})

describe('a genesis that is given', () => {
  const first = expanded({ seed: 's', groups: [boot, miners, load] })
  const later = (groups: object[], spec: object = {}) =>
    expanded({ seed: 's', groups, ...spec }, 'demo', { genesis: first.genesis })

  test('is kept whatever the document says now, and changes nobody who is in it', () => {
    const scaled = later([boot, { ...miners, count: 5 }, { ...load, count: 3 }])
    expect(scaled.genesis).toBe(first.genesis)
    expect(later([boot, miners, load])).toEqual(first)
    for (const name of ['miner-0', 'miner-2', 'load-0', 'load-1'])
      expect(nodeOf(scaled, name), name).toEqual(nodeOf(first, name))
  })

  test('gives miners that came later no weight and load nodes no funds: neither makes anything', () => {
    const scaled = later([boot, { ...miners, count: 4 }, load, { name: 'extra', role: 'load' }])
    expect(scaled.latecomers).toEqual(['miner-3', 'extra-0'])
    expect(first.latecomers).toEqual([])
    const miner = nodeOf(scaled, 'miner-3')
    expect(miner).toMatchObject({ role: 'miner', weight: 0 })
    expect(miner).not.toHaveProperty('validator')
    expect(miner.keys).not.toHaveProperty('validator')
    expect(nodeOf(scaled, 'extra-0')).not.toHaveProperty('load')
  })

  test('says the weights', () => {
    const scaled = later([boot, { ...miners, weight: 7 }, load])
    expect(nodeOf(scaled, 'miner-1').weight).toBe(100)
  })

  test('knows a node again that was away', () => {
    const smaller = later([boot, { ...miners, count: 1 }, { ...load, count: 1 }])
    expect(smaller.latecomers).toEqual([])
    expect(nodeOf(smaller, 'load-0').load?.rate).toBe(10)
    expect(nodeOf(later([boot, miners, load]), 'miner-2').weight).toBe(100)
  })
})
