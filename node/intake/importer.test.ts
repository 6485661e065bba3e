import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { type Block, blockHash, Chain, type ChainBounds, type Equivocation, type Reorg } from '../chain/index.ts'
import { certify, ed25519Network, makeBlock, signTransaction, type TestKey } from '../chain/testing.ts'
import { Store } from '../store/store.ts'
import { Importer, type ImportOutcome } from './importer.ts'
import { Verifier } from './verifier.ts'

const network = await ed25519Network(2, 2)
const [miner, rival] = network.validators
const [account] = network.accounts
const clock = { now: network.genesis.time + 86_400_000 }
const closers: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function setUp(bounds: Partial<ChainBounds> = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'trellis-importer-'))
  closers.push(() => rm(directory, { recursive: true }))
  const chain = new Chain(network.genesis, bounds)
  const store = await Store.open(directory, chain.genesisHash)
  closers.push(() => store.close())
  const told = {
    blocks: [] as string[],
    heads: [] as Reorg[],
    equivocations: [] as Equivocation[],
    orphans: [] as string[],
  }
  const importer = new Importer({
    chain,
    store,
    verifier: new Verifier(),
    now: () => clock.now,
    alreadyVerified: () => false,
    events: {
      onBlock: record => told.blocks.push(record.hash),
      onHead: change => told.heads.push(change),
      onEquivocation: evidence => told.equivocations.push(evidence),
      onUnknownParent: () => undefined,
      onBadOrphan: ({ code }, from, visible) => told.orphans.push(`${code} ${from} ${visible}`),
      onFailure: error => {
        throw error
      },
    },
  })
  return { chain, store, importer, told }
}

const hashOf = (block: Block) => blockHash(block.header.message)
/** As gossip does it. */
async function receive(importer: Importer, block: Block): Promise<readonly [string, ImportOutcome | undefined]> {
  const checked = await importer.check(block, hashOf(block))
  return [checked.kind, checked.kind === 'ok' ? await importer.import(block, hashOf(block), 'peer', 0) : undefined]
}

test('a good header with another body is refused before it travels on, and does not shadow its own', async () => {
  const { chain, importer } = await setUp()
  const paid = signTransaction(account!, chain.domain, {})
  const block = makeBlock(chain, miner!, { candidates: [paid] })
  const forged: Block = { header: block.header, transactions: [] }
  expect(await importer.check(forged, hashOf(block))).toMatchObject({ kind: 'invalid', code: 'wrong-body-root' })

  // Sync imports without that check: the genuine block, arriving meanwhile, is none the worse for it.
  const wrong = importer.import(forged, hashOf(block), 'sync:liar', 0)
  const right = receive(importer, block)
  expect(await wrong).toMatchObject({ kind: 'invalid', code: 'wrong-body-root' })
  expect(await right).toEqual(['ok', { kind: 'imported' }])
  expect(chain.head.hash).toBe(hashOf(block))
})

test('a block whose transactions do not hold travels once, is stored nowhere, and comes back in vain', async () => {
  const { chain, store, importer } = await setUp()
  const paid = signTransaction(account!, chain.domain, {})
  const forged = { ...paid, signature: new Uint8Array(64) }
  const block = makeBlock(chain, miner!, { candidates: [forged] })
  expect(await receive(importer, block)).toMatchObject(['ok', { kind: 'invalid', code: 'bad-signature' }])
  expect(await store.has(hashOf(block))).toBe(false)
  expect(chain.has(hashOf(block))).toBe(false)
  expect(await importer.check(block, hashOf(block))).toEqual({ kind: 'known' })
})

test('a vote that leads to a branch whose states are gone brings them back before anyone is told', async () => {
  const { chain, importer, told } = await setUp({ recentStates: 1, stateSpacing: 1_000, maxStates: 4 })
  const maker = new Chain(network.genesis)
  const grow = async (producer: TestKey, count: number) => {
    let parent = chain.genesisHash
    for (let i = 0; i < count; i++) {
      const block = makeBlock(maker, producer, { parent })
      maker.insert(block)
      expect(await importer.import(block, hashOf(block), 'peer', 0)).toEqual({ kind: 'imported' })
      parent = hashOf(block)
    }
    return parent
  }
  const branch = await grow(rival!, 4)
  const main = await grow(miner!, 80)
  expect([chain.head.hash, chain.stateAt(branch)]).toEqual([main, undefined])

  const vote = { source: chain.finalized, target: { hash: branch, height: 4 } }
  const result = chain.addCertificate(certify(network.validators, chain.domain, vote))
  if (result.kind !== 'counted' || !result.head) throw new Error(JSON.stringify(result))
  expect(chain.account(account!.publicKey).balance).toBeGreaterThan(0)
  await importer.headMoved(result.head)
  expect(chain.head.hash).toBe(branch)
  expect(chain.stateAt(branch)).toBeDefined()
  expect(told.heads.at(-1)).toMatchObject({ ancestor: { height: 0 } })
})

test('what waited for its parent is judged when it is here: forged headers are their bringer’s fault', async () => {
  const { importer, told, chain } = await setUp()
  const maker = new Chain(network.genesis)
  const parent = makeBlock(maker, miner!)
  maker.insert(parent)
  const good = makeBlock(maker, rival!)
  const badHeader = makeBlock(maker, miner!)
  const forged = { ...badHeader, header: { ...badHeader.header, signature: new Uint8Array(64) } }
  const payment = { ...signTransaction(account!, chain.domain, {}), signature: new Uint8Array(64) }
  const badBody = makeBlock(maker, miner!, { candidates: [payment], lateMs: 1 })
  for (const [block, from] of [
    [good, 'honest'],
    [forged, 'forger'],
    [badBody, 'forwarder'],
  ] as const) {
    expect(await importer.check(block, hashOf(block))).toMatchObject({ kind: 'orphan' })
    importer.keepOrphan(block, hashOf(block), 1_000, from)
  }
  expect((await receive(importer, parent))[1]).toEqual({ kind: 'imported' })
  await vi.waitFor(() => {
    expect(chain.head.hash).toBe(hashOf(good))
    expect(told.orphans.sort()).toEqual(['bad-signature forger true', 'bad-signature forwarder false'])
  })
})

test('orphans whose parent never comes are forgotten', async () => {
  const { importer } = await setUp()
  const maker = new Chain(network.genesis)
  maker.insert(makeBlock(maker, miner!))
  const orphan = makeBlock(maker, miner!)
  importer.keepOrphan(orphan, hashOf(orphan), 1_000, 'peer')
  importer.expireOrphans()
  expect(importer.orphans).toBe(1)
  clock.now += 200_000
  importer.expireOrphans()
  expect(importer.orphans).toBe(0)
})

test('a producer that floods one parent with blocks is heard twice', async () => {
  const { chain, importer, told } = await setUp()
  const blocks = Array.from({ length: 10 }, (_, lateMs) => makeBlock(chain, miner!, { lateMs }))
  const outcomes = await Promise.all(blocks.slice(0, 9).map(block => receive(importer, block)))
  expect(outcomes.filter(([kind]) => kind === 'ok')).toHaveLength(2)
  expect(await receive(importer, blocks[9]!)).toEqual(['known', undefined])
  expect(told.equivocations.length).toBeGreaterThan(0)
  // What grows on any of them is imported all the same, by synchronisation.
  expect(await importer.import(blocks[9]!, hashOf(blocks[9]!), 'sync:peer', 0)).toEqual({ kind: 'imported' })
  expect(await receive(importer, makeBlock(chain, rival!, { parent: chain.genesisHash }))).toMatchObject(['ok', {}])
})
