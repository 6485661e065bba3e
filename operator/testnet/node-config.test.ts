import { readFileSync } from 'node:fs'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { hexToBytes } from '@noble/hashes/utils.js'
import { describe, expect, test } from 'vitest'
import { parseResources } from '../../api/kinds.ts'
import { expand } from './expand.ts'
import { type NodeAddresses, nodeConfig } from './node-config.ts'
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
  expanded.nodes.map(node => nodeConfig(node, expanded, addresses, '/data'))

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

describe('standing links', () => {
  test('every pair in different regions is in one class of each end, with the latency of its direction', () => {
    const expanded = testnet('three-regions.yaml')
    const byName = new Map(configs(expanded).map(config => [config.name, config]))
    const delay = (from: string, to: string) => {
      const classes = byName.get(from)!.links.filter(({ peers }) => peers.some(({ name }) => name === to))
      expect(classes.length, `${from} to ${to}`).toBeLessThanOrEqual(1)
      expect(classes[0]?.direction ?? 'out').toBe('out')
      return classes[0]?.link.delayMs
    }
    expect(delay('frankfurt-0', 'virginia-0')).toBe(44)
    expect(delay('virginia-0', 'frankfurt-0')).toBe(47)
    expect(delay('frankfurt-0', 'frankfurt-1')).toBeUndefined()
    expect(delay('far-0', 'virginia-1')).toBe(delay('virginia-1', 'far-0'))
    for (const a of expanded.nodes) {
      expect(delay(a.name, a.name)).toBeUndefined()
      for (const b of expanded.nodes)
        expect(delay(a.name, b.name) !== undefined, `${a.name} to ${b.name}`).toBe(a.region !== b.region)
    }
  })

  test('peers stand with the host and the identity others know them by', () => {
    const expanded = testnet('quickstart.yaml')
    const [peer] = configs(expanded)[0]!.links[0]!.peers
    const node = expanded.nodes.find(({ name }) => name === peer?.name)
    expect(peer).toEqual({
      name: node?.name,
      host: ownHosts(expanded).get(node?.name ?? '')?.host,
      peerId: node?.peerId,
    })
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

test("a node without an address is the driver's mistake, told by name", () => {
  const expanded = testnet('quickstart.yaml')
  const addresses = ownHosts(expanded)
  addresses.delete('miner-3')
  expect(() => configs(expanded, addresses)).toThrow(/no address for node miner-3/)
})
