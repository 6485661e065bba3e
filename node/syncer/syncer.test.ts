// Synchronisation with everything real: libp2p on loopback, LevelDB, signatures, execution.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { Genesis } from '../../api/node-config.ts'
import { type Block, blockHash, Chain } from '../chain/index.ts'
import { Pool } from '../chain/pool.ts'
import { ed25519Network, nextBlock, signTransaction, type TestNetwork } from '../chain/testing.ts'
import { steadyNow } from '../clock.ts'
import { Importer } from '../intake/importer.ts'
import { Verifier } from '../intake/verifier.ts'
import { createGossipsubStack } from '../stacks/gossipsub/index.ts'
import { collect, testConfig, until } from '../stacks/gossipsub/testing.ts'
import type { Stack, StackEvents } from '../stacks/port.ts'
import { Store } from '../store/store.ts'
import { encodeBodyFrame, encodeHeadersRequest, encodeStatus, type Status } from '../sync/messages.ts'
import { serveReaders } from './readers.ts'
import { Syncer } from './syncer.ts'

interface TestNode {
  readonly stack: Stack
  readonly chain: Chain
  readonly importer: Importer
  readonly syncer: Syncer
  readonly offences: string[]
  readonly wrong: string[]
  readonly imports: string[]
}

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

let network: TestNetwork
let index = 900

async function start(
  genesis: Genesis,
  serve?: (honest: StackEvents['onRequest']) => StackEvents['onRequest'],
): Promise<TestNode> {
  const dir = await mkdtemp(join(tmpdir(), 'trellis-sync-'))
  const chain = new Chain(genesis)
  const store = await Store.open(dir, chain.genesisHash)
  const verifier = new Verifier()
  const [offences, wrong, imports]: string[][] = [[], [], []]
  // One name on the wire for all chains here: the handshake, not the protocol's name, must keep them apart.
  const stack = await createGossipsubStack({ config: testConfig({ index: index++ }), genesisHash: '5a'.repeat(32) })
  const importer = new Importer({
    chain,
    store,
    verifier,
    now: Date.now,
    alreadyVerified: () => false,
    events: {
      onBlock: (record, _, from) => {
        imports!.push(from)
        syncer.blockImported(record.hash)
      },
      onHead: change => syncer.headMoved(change),
      onEquivocation: () => undefined,
      onUnknownParent: () => undefined,
      onBadOrphan: () => undefined,
      onFailure: error => {
        throw error
      },
    },
  })
  const syncer = new Syncer({
    stack,
    chain,
    readers: serveReaders(chain, store, new Pool(chain.domain)),
    importBlock: (block, hash, from) => importer.import(block, hash, from, Date.now()),
    verify: jobs => verifier.verify(jobs),
    addCertificate: async () => true,
    name: `node-${index}`,
    capabilities: [],
    now: steadyNow,
    clock: Date.now,
    events: {
      onStatus: () => undefined,
      onWrongPeer: (_, verdict) => wrong!.push(verdict.reason),
      onMisbehaviour: (peer, offence) => {
        offences!.push(offence)
        if (offence !== 'sync-no-answer') void stack.disconnect(peer, offence)
      },
      onProgress: () => undefined,
      onRequest: () => undefined,
      onError: error => offences!.push(String(error)),
    },
  })
  const answer: StackEvents['onRequest'] = (method, bytes, from) => syncer.onRequest(method as 'status', bytes, from)
  await stack.start({
    onMessage: async () => 'ignore',
    onRequest: serve ? serve(answer) : answer,
    onConnected: peer => syncer.onConnected(peer),
    onDisconnected: peer => syncer.onDisconnected(peer.id),
    onDiscovered: () => undefined,
    onMesh: () => undefined,
    onMisbehaviour: (_, offence) => offences!.push(offence),
  })
  syncer.start()
  closers.push(async () => {
    syncer.stop()
    await stack.stop()
    await importer.settled()
    await store.close()
    await rm(dir, { recursive: true, force: true })
  })
  return { stack, chain, importer, syncer, offences: offences!, wrong: wrong!, imports: imports! }
}

/** Blocks on the chain's head with one transaction each, oldest first; `from` parts the branches of a fork. */
function mine(chain: Chain, count: number, sender = 0): Block[] {
  const blocks: Block[] = []
  for (let i = 0; i < count; i++) {
    const key = network.accounts[sender]!
    const nonce = chain.account(key.publicKey).nonce
    const block = nextBlock(chain, network.validators, { candidates: [signTransaction(key, chain.domain, { nonce })] })
    chain.insert(block)
    blocks.push(block)
  }
  return blocks
}

async function give(node: TestNode, blocks: readonly Block[]): Promise<void> {
  await Promise.all(
    blocks.map(block => node.importer.import(block, blockHash(block.header.message), 'test', Date.now())),
  )
}

const connect = (a: TestNode, b: TestNode) =>
  a.stack.connect({ id: b.stack.id, addresses: b.stack.addresses() }, { timeoutMs: 5_000 })

const describe =
  (...nodes: TestNode[]) =>
  () =>
    nodes.map(n => ({
      height: n.chain.head.height,
      offences: n.offences,
      wrong: n.wrong,
      usage: n.syncer.usage,
      peers: n.stack.peers().length,
    }))

test('a late node fetches the chain from several peers, whoever dialled, and a fork heals to one head', async () => {
  network = await ed25519Network(3, 2)
  const reference = new Chain(network.genesis)
  const blocks = mine(reference, 130)
  const [a, b, late] = await Promise.all([start(network.genesis), start(network.genesis), start(network.genesis)])
  await Promise.all([give(a, blocks), give(b, blocks)])
  await connect(late, a)
  await connect(b, late)
  await until(() => late.chain.head.hash === reference.head.hash, describe(a, b, late), 30_000)
  expect(new Set(late.imports)).toEqual(new Set([a.stack.id, b.stack.id]))
  expect([...a.offences, ...b.offences, ...late.offences]).toEqual([])

  // Two branches of different length, made while nobody can tell the others.
  for (const node of [a, b]) await late.stack.disconnect(node.stack.id, 'cut')
  await until(() => late.stack.peers().length === 0, describe(a, b, late))
  const other = new Chain(network.genesis)
  for (const block of blocks) other.insert(block)
  await give(late, mine(reference, 5))
  const longer = mine(other, 12, 1)
  await Promise.all([give(a, longer), give(b, longer)])
  await connect(late, a)
  await until(() => late.chain.head.hash === other.head.hash, describe(a, b, late), 5_000)
  expect([...a.offences, ...b.offences, ...late.offences]).toEqual([])
})

test('a node of another chain is told why and cut off on both sides', async () => {
  network = await ed25519Network(2, 1)
  const ours = await start(network.genesis)
  const theirs = await start({ ...network.genesis, chainId: 'other' })
  await connect(ours, theirs)
  await until(() => ours.stack.peers().length === 0 && theirs.stack.peers().length === 0, describe(ours, theirs))
  expect(ours.wrong).toEqual(['chain other, ours is test'])
  expect(theirs.wrong).toEqual(['chain test, ours is other'])
})

test('a peer with garbage bodies is dropped and the chain comes from the honest one', async () => {
  network = await ed25519Network(2, 1)
  const reference = new Chain(network.genesis)
  const blocks = mine(reference, 60)
  const honest = await start(network.genesis)
  const garbage = await start(
    network.genesis,
    answer =>
      async function* (method, bytes, from) {
        if (method !== 'bodies') return yield* answer(method, bytes, from)
        yield encodeBodyFrame(Uint8Array.of(1, 2, 3))
      },
  )
  const swapper = await start(
    network.genesis,
    answer =>
      async function* (method, bytes, from) {
        // Well-formed bodies of other blocks: empty ones.
        for await (const frame of answer(method, bytes, from))
          yield method === 'bodies' ? encodeBodyFrame(new Uint8Array(0)) : frame
      },
  )
  for (const node of [honest, garbage, swapper]) await give(node, blocks)
  const late = await start(network.genesis)
  for (const node of [garbage, swapper, honest]) await connect(late, node)
  await until(() => late.chain.head.hash === reference.head.hash, describe(late), 20_000)
  expect(late.offences).toContain('sync-wrong-body')
})

test('a peer that claims a chain it does not have is found out', async () => {
  network = await ed25519Network(2, 1)
  const node = await start(network.genesis)
  const liar = await start(
    network.genesis,
    answer =>
      async function* (method, bytes, from) {
        if (method !== 'status') return yield* answer(method, bytes, from)
        const { genesis, genesisHash, justified, finalized } = node.chain
        const head = { hash: 'ff'.repeat(32), height: 1_000, work: 10n ** 30n }
        const lie: Status = {
          protocolVersion: 1,
          genesisHash,
          chainId: genesis.chainId,
          head,
          justified,
          finalized,
          name: 'liar',
          capabilities: [],
        }
        yield encodeStatus(lie)
      },
  )
  await connect(node, liar)
  await until(() => node.offences.includes('sync-empty-answer'), describe(node, liar), 15_000)
  expect(node.chain.head.height).toBe(0)
})

test('a peer that does not read its answers keeps nobody else from being served', async () => {
  network = await ed25519Network(2, 1)
  const node = await start(network.genesis)
  await give(node, mine(new Chain(network.genesis), 3))
  const request = encodeHeadersRequest({ locator: [node.chain.genesisHash], max: 3 })
  const answers = Array.from({ length: 9 }, () => node.syncer.onRequest('headers', request, 'slow'))
  const first = await Promise.allSettled(answers.map(answer => answer.next()))
  expect(first.map(({ status }) => status)).toEqual([...Array(8).fill('fulfilled'), 'rejected'])
  expect(await collect(node.syncer.onRequest('headers', request, 'other'))).toHaveLength(1)
  for (const answer of answers) await answer.return(undefined)
  expect(await collect(node.syncer.onRequest('headers', request, 'slow'))).toHaveLength(1)
})
