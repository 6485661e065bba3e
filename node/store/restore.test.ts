import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Block, blockHash, Chain, encodeBody, encodeHeader, transactionId } from '../chain/index.ts'
import { Pool } from '../chain/pool.ts'
import { certify, hashNetwork, makeBlock, signTransaction } from '../chain/testing.ts'
import { serveReaders } from '../syncer/readers.ts'
import { restoreChain, Snapshots } from './restore.ts'
import { Store } from './store.ts'

const network = hashNetwork(2, 1)
const [first, second] = network.validators
let directory: string
let store: Store
let chain: Chain

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'trellis-restore-'))
  chain = new Chain(network.genesis)
  store = await Store.open(directory, chain.genesisHash)
})
afterEach(async () => {
  await store.close()
  await rm(directory, { recursive: true })
})

const hashOf = (block: Block) => blockHash(block.header.message)
async function put(block: Block): Promise<void> {
  const { header, transactions } = block
  const height = header.message.height
  await store.putBlock({ hash: hashOf(block), height, header: encodeHeader(header), body: encodeBody(transactions) })
}
async function extend(count: number): Promise<Block[]> {
  const blocks: Block[] = []
  for (let i = 0; i < count; i++) {
    const nonce = chain.account(network.accounts[0]!.publicKey).nonce
    const paid = signTransaction(network.accounts[0]!, chain.domain, { nonce })
    const block = makeBlock(chain, first!, { candidates: [paid] })
    expect(chain.insert(block).kind).toBe('inserted')
    await put(block)
    blocks.push(block)
  }
  return blocks
}
const index = (blocks: readonly Block[], oldHeight = 0) =>
  store.setMain(
    blocks[0]!.header.message.height,
    blocks.map(block => ({
      hash: hashOf(block),
      transactions: block.transactions.map(signed => transactionId(signed, chain.domain)),
    })),
    oldHeight,
  )

test('a crash between storing a block and indexing it leaves no hole', async () => {
  const blocks = await extend(6)
  await index(blocks.slice(0, 4))
  const restored = await restoreChain(network.genesis, store)
  expect(restored.head.hash).toBe(hashOf(blocks[5]!))
  expect(await store.mainRange(1, 10)).toEqual(blocks.map(hashOf))
  const paid = transactionId(blocks[4]!.transactions[0]!, chain.domain)
  expect(await store.blockOf(paid)).toBe(hashOf(blocks[4]!))
})

test('an index that is ahead of the chain, or of another branch, is put right', async () => {
  const blocks = await extend(3)
  const rival = makeBlock(chain, second!, { parent: hashOf(blocks[1]!) })
  await put(rival)
  await index([...blocks.slice(0, 2), rival])
  await store.setMain(4, [{ hash: 'ab'.repeat(32), transactions: [] }], 0)
  const restored = await restoreChain(network.genesis, store)
  expect(await store.mainRange(1, 10)).toEqual(
    restored
      .recent(3)
      .map(({ hash }) => hash)
      .reverse(),
  )
  expect(await store.mainHeight()).toBe(3)
})

test('what is served from the store links to what was asked for', async () => {
  const blocks = await extend(5)
  await index(blocks)
  const readers = serveReaders(new Chain(network.genesis), store, new Pool(chain.domain))
  const headers = await readers.headersAfter([hashOf(blocks[1]!)], 10)
  expect(headers).toEqual(blocks.slice(2).map(({ header }) => header))
  const rivals: Block[] = []
  for (let i = 0; i < 3; i++) {
    const parent = i === 0 ? hashOf(blocks[0]!) : hashOf(rivals[i - 1]!)
    rivals.push(makeBlock(chain, second!, { parent }))
    chain.insert(rivals[i]!)
    await put(rivals[i]!)
  }
  // A reorg comes between finding the shared block and reading what follows it.
  const reorging = new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name)
      if (name !== 'mainRange') return typeof value === 'function' ? value.bind(target) : value
      return async (from: number, limit: number) => {
        await index(rivals, 5)
        return target.mainRange(from, limit)
      }
    },
  })
  const later = serveReaders(new Chain(network.genesis), reorging, new Pool(chain.domain))
  expect(await later.headersAfter([hashOf(blocks[1]!)], 10)).toEqual([])
})

test('a snapshot holds the finalized state, even when it had left the memory', async () => {
  chain = new Chain(network.genesis, { recentStates: 1, stateSpacing: 1_000, maxStates: 4 })
  const blocks = await extend(80)
  const checkpoint = (height: number) =>
    height === 0 ? chain.finalized : { hash: hashOf(blocks[height - 1]!), height }
  const snapshots = new Snapshots(chain, store)
  for (const [source, target] of [
    [0, 4],
    [4, 8],
  ] as const) {
    const vote = { source: checkpoint(source), target: checkpoint(target) }
    expect(chain.addCertificate(certify(network.validators, chain.domain, vote)).kind).toBe('counted')
  }
  expect([chain.finalized.height, chain.stateAt(chain.finalized.hash)]).toEqual([4, undefined])
  await snapshots.save()
  expect(new Chain(network.genesis, {}, await store.slot('snapshot')).head.height).toBe(4)
})
