import { readFileSync } from 'node:fs'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { hexToBytes } from '@noble/hashes/utils.js'
import { describe, expect, test } from 'vitest'
import { parseResources } from '../../api/kinds.ts'
import { expand } from './expand.ts'
import { type NodeAddresses, nodeConfigs } from './node-config.ts'
import type { Expanded } from './spec.ts'

const folder = new URL('../../examples/', import.meta.url)
function testnet(file: string): Expanded {
  const [document] = parseResources(readFileSync(new URL(file, folder), 'utf8'), file)
  return document?.value.kind === 'Testnet' ? expand(document.value) : expect.fail(`${file} holds no Testnet`)
}

const ownHosts = ({ nodes }: Expanded) =>
  new Map(
    nodes.map(({ name }, index): [string, NodeAddresses] => [
      name,
      { host: `127.20.0.${index + 1}`, p2p: 1_000, websocket: 1_001, http: 1_002, admin: 1_003 },
    ]),
  )
const configs = (expanded: Expanded, addresses = ownHosts(expanded)) =>
  nodeConfigs(expanded, addresses, name => `/data/${name}`)

test('the quickstart is what its comment says', () => {
  const expanded = testnet('quickstart.yaml')
  expect(expanded.nodes.map(({ name, region }) => [name, region])).toEqual([
    ['boot-0', 'east'],
    ['miner-0', 'east'],
    ['miner-1', 'west'],
    ['miner-2', 'east'],
    ['miner-3', 'west'],
    ['miner-4', 'east'],
    ['miner-5', 'west'],
    ['load-0', 'west'],
  ])
  expect(expanded.genesis).toMatchObject({ blockIntervalMs: 1_000, quorum: { numerator: 2, denominator: 3 } })
  expect(expanded.latency).toEqual([
    { from: 'east', to: 'west', delayMs: 40, jitterMs: 2 },
    { from: 'west', to: 'east', delayMs: 40, jitterMs: 2 },
  ])
})

test('the peer id is the one libp2p derives from the same seed', async () => {
  for (const { keys, peerId } of testnet('quickstart.yaml').nodes) {
    const key = await generateKeyPairFromSeed('Ed25519', hexToBytes(keys.network))
    expect(peerIdFromPrivateKey(key).toString()).toBe(peerId)
  }
})

describe('roster', () => {
  test('everybody has the same: all nodes with their regions, and the latency between those', () => {
    const expanded = testnet('three-regions.yaml')
    const [first, ...others] = configs(expanded)
    expect(first?.roster.map(({ name, region }) => [name, region])).toEqual(
      expanded.nodes.map(({ name, region }) => [name, region]),
    )
    expect(first?.latency).toContainEqual({ from: 'frankfurt', to: 'virginia', delayMs: 44, jitterMs: 1 })
    expect(first?.latency).toContainEqual({ from: 'virginia', to: 'frankfurt', delayMs: 47, jitterMs: 1 })
    for (const { genesis, roster, latency } of others) {
      expect(genesis).toBe(first?.genesis)
      expect(roster).toBe(first?.roster)
      expect(latency).toBe(first?.latency)
    }
  })

  test('a host is told where it is what a connection shows', () => {
    const expanded = testnet('quickstart.yaml')
    expect(configs(expanded)[0]?.roster[1]).toEqual({
      name: 'miner-0',
      peerId: expanded.nodes[1]?.peerId,
      region: 'east',
      host: '127.20.0.2',
    })
    const named = new Map([...ownHosts(expanded)].map(([name, at]) => [name, { ...at, host: `${name}.lab.svc` }]))
    expect(configs(expanded, named)[0]?.roster[1]).not.toHaveProperty('host')
  })

  test('nobody needs one where there is no latency', () => {
    expect(configs(testnet('static-ring.yaml'))[0]).toMatchObject({ roster: [], latency: [] })
  })
})

test('WebSocket is listened for and announced only where the testnet says so', () => {
  const expanded = testnet('weights.yaml')
  const listening = configs(expanded).filter(({ listen }) => listen.websocket !== undefined)
  expect(listening.map(({ name }) => name)).toEqual(['miner-2'])
})

test('where nodes share a host the cap per host leaves room for all of them', () => {
  const expanded = testnet('quickstart.yaml')
  const shared = new Map([...ownHosts(expanded)].map(([name, address]) => [name, { ...address, host: '127.0.0.1' }]))
  expect(configs(expanded, shared)[0]?.network.limits.perHost).toBe(8 * 8)
  expect(configs(expanded)[0]?.network.limits.perHost).toBe(8)
})

test.each([
  ['10.0.0.7', '/ip4/10.0.0.7/tcp/1000/p2p/'],
  ['fd00::7', '/ip6/fd00::7/tcp/1000/p2p/'],
  ['boot-0.quickstart', '/dns/boot-0.quickstart/tcp/1000/p2p/'],
])('a bootstrap node at %s is dialled at %s', (host, expected) => {
  const expanded = testnet('quickstart.yaml')
  const addresses = ownHosts(expanded).set('boot-0', { host, p2p: 1_000, http: 1_002, admin: 1_003 })
  const [address = ''] = configs(expanded, addresses)[1]?.network.bootstrap[0]?.addresses ?? []
  expect(address).toContain(expected)
  expect(multiaddr(address).toString()).toBe(address)
})

test('nodes of all groups that dial the same nodes first share the list of them', () => {
  const [boot, miner, ...others] = configs(testnet('quickstart.yaml'))
  expect(boot?.network.bootstrap).toEqual([])
  for (const { network } of others) expect(network.bootstrap).toBe(miner?.network.bootstrap)
})

test("a node without an address is the driver's mistake, told by name", () => {
  const expanded = testnet('quickstart.yaml')
  const addresses = ownHosts(expanded)
  addresses.delete('miner-3')
  expect(() => configs(expanded, addresses)).toThrow(/no address for node miner-3/)
})
