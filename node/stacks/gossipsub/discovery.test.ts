// Each way to find peers, alone: two nodes that do not know each other meet through a third.

import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { PeerRecord, RecordEnvelope } from '@libp2p/peer-record'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, expect, test } from 'vitest'
import { ExchangeServer } from '../../peers/exchange.ts'
import { MAX_RECORD_BYTES } from './limits.ts'
import { openRecord } from './records.ts'
import { type NodeOptions, startNode, type TestNode, until } from './testing.ts'

let nodes: TestNode[] = []
async function start(options: NodeOptions): Promise<TestNode> {
  const node = await startNode(options)
  nodes.push(node)
  // Stands for node/peers: dial whatever is found.
  node.onDiscovered = (peers, source) => {
    if (source === 'bootstrap') return
    for (const peer of peers) void node.stack.connect(peer, { timeoutMs: 3_000 }).catch(() => undefined)
  }
  const server = new ExchangeServer()
  node.onRequest = async function* (method, _, from) {
    if (method === 'peers') yield* server.answer(node.stack.records(), from, Date.now(), Math.random)
  }
  return node
}
afterEach(async () => {
  await Promise.all(nodes.map(node => node.stack.stop()))
  nodes = []
})

const isConnected = (a: TestNode, b: TestNode) => a.stack.peers().some(peer => peer.id === b.stack.id)

test('the bootstrap list is told at the start, without ourselves', async () => {
  const first = await start({ index: 101 })
  const second = await start({ index: 102, bootstrap: [first.address] })
  expect(second.discovered).toEqual([{ id: first.stack.id, source: 'bootstrap' }])
  await first.stack.stop()
  nodes = nodes.filter(node => node !== first)
  const restarted = await start({ index: 101, bootstrap: [first.address] })
  expect(restarted.discovered).toEqual([])
})

test.each(['dht', 'exchange'] as const)('%s alone is enough to join', async source => {
  const discovery = { dht: source === 'dht', exchange: source === 'exchange' }
  const base = source === 'dht' ? 110 : 120
  const hub = await start({ index: base, discovery })
  const left = await start({ index: base + 1, discovery })
  const right = await start({ index: base + 2, discovery })
  for (const node of [left, right]) await node.stack.connect(hub.address, { timeoutMs: 3_000 })
  await until(
    () => isConnected(left, right) && isConnected(right, left),
    () => [left.discovered, right.discovered, left.stack.peers(), right.stack.peers()],
    15_000,
  )
  const found = [...left.discovered, ...right.discovered].map(peer => [peer.id, peer.source])
  expect(found.some(([id, by]) => by === source && (id === left.stack.id || id === right.stack.id))).toBe(true)
})

test('an inbound peer tells where it can be dialled', async () => {
  const [a, b] = [await start({ index: 131 }), await start({ index: 132 })]
  await a.stack.connect(b.address, { timeoutMs: 3_000 })
  await until(
    () => b.discovered.some(peer => peer.id === a.stack.id),
    () => b.discovered,
  )
})

test('records with a wrong signer, a broken signature or too many bytes are not opened', async () => {
  const [key, other] = [await generateKeyPair('Ed25519'), await generateKeyPair('Ed25519')]
  const record = new PeerRecord({
    peerId: peerIdFromPrivateKey(key),
    multiaddrs: Array.from({ length: 20 }, (_, i) => multiaddr(`/ip4/10.0.0.${i}/tcp/1`)),
  })
  const good = (await RecordEnvelope.seal(record, key)).marshal()
  const opened = await openRecord(good)
  expect(opened).toMatchObject({ id: peerIdFromPrivateKey(key).toString() })
  expect(opened!.addresses).toHaveLength(8)
  expect(await openRecord((await RecordEnvelope.seal(record, other)).marshal())).toBeNull()
  const mutated = good.slice()
  mutated[mutated.length - 1]! ^= 1
  expect(await openRecord(mutated)).toBeNull()
  expect(await openRecord(new Uint8Array(MAX_RECORD_BYTES + 1))).toBeNull()
  expect(await openRecord(new Uint8Array(0))).toBeNull()
})

test('a peer that hands on a forged record is reported', async () => {
  const discovery = { dht: false, exchange: true }
  const [liar, victim] = [await start({ index: 141 }), await start({ index: 142, discovery })]
  liar.onRequest = async function* () {
    yield new TextEncoder().encode('no record at all')
  }
  await victim.stack.connect(liar.address, { timeoutMs: 3_000 })
  await until(
    () => victim.offences.length > 0,
    () => victim.offences,
  )
  expect(victim.offences[0]).toEqual({ peer: liar.stack.id, offence: 'invalid-record' })
})
