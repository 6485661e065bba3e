import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { type Block, blockHash, Chain, type Checkpoint, encodeVote, type SignedVote } from '../chain/index.ts'
import { ed25519Key, ed25519Network, makeBlock, signVote } from '../chain/testing.ts'
import { Store } from '../store/store.ts'
import { Ballots } from './ballots.ts'
import { MAX_EARLY_PER_VALIDATOR } from './early-votes.ts'
import { Importer } from './importer.ts'
import { Verifier } from './verifier.ts'

const network = await ed25519Network(3, 0, { checkpointInterval: 2 })
const { validators } = network
const closers: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function setUp() {
  const directory = await mkdtemp(join(tmpdir(), 'trellis-ballots-'))
  closers.push(() => rm(directory, { recursive: true }))
  const chain = new Chain(network.genesis)
  const store = await Store.open(directory, chain.genesisHash)
  closers.push(() => store.close())
  const verifier = new Verifier()
  const importer = new Importer({
    chain,
    store,
    verifier,
    now: () => network.genesis.time + 86_400_000,
    alreadyVerified: () => false,
    events: {
      onBlock: record => void ballots.onBlock(record.hash),
      onHead: () => undefined,
      onEquivocation: () => undefined,
      onUnknownParent: () => undefined,
      onBadOrphan: () => undefined,
      onFailure: error => {
        throw error
      },
    },
  })
  const silent = { onJustified: () => undefined, onFinalized: () => undefined, onEquivocation: () => undefined }
  const ballots: Ballots = new Ballots({ chain, store, importer, verifier, events: silent })
  const receive = async (block: Block) => {
    await importer.import(block, blockHash(block.header.message), 'peer', 0)
  }
  return { chain, importer, ballots, receive }
}

/** Two blocks and the votes of all for the second, made elsewhere. */
function checkpoint(): { blocks: Block[]; votes: SignedVote[]; target: Checkpoint } {
  const maker = new Chain(network.genesis)
  const blocks: Block[] = []
  for (let i = 0; i < 2; i++) {
    blocks.push(makeBlock(maker, validators[0]!))
    maker.insert(blocks[i]!)
  }
  const target = { hash: maker.head.hash, height: 2 }
  const votes = validators.map(key => signVote(key, maker.domain, { source: maker.finalized, target }))
  return { blocks, votes, target }
}

test('votes that overtake their block travel on, once, and count when it is here', async () => {
  const { chain, importer, ballots, receive } = await setUp()
  const { blocks, votes, target } = checkpoint()
  for (const vote of votes) expect(await ballots.onGossip(encodeVote(vote))).toBe('accept')
  expect(await ballots.onGossip(encodeVote(votes[0]!))).toBe('ignore')
  for (const block of blocks) await receive(block)
  await importer.settled()
  for (let i = 0; i < votes.length; i++) await importer.settled()
  expect(chain.justified).toEqual(target)
})

test('a flood of votes for blocks that do not exist pushes no other’s vote out', async () => {
  const { chain, importer, ballots, receive } = await setUp()
  const { blocks, votes, target } = checkpoint()
  expect(await ballots.onGossip(encodeVote(votes[1]!))).toBe('accept')
  expect(await ballots.onGossip(encodeVote(votes[2]!))).toBe('accept')
  const fantasy = (i: number) => ({
    source: chain.finalized,
    target: { hash: i.toString(16).padStart(64, '0'), height: 2 },
  })
  const stranger = await ed25519Key('stranger')
  expect(await ballots.add(signVote(stranger, chain.domain, fantasy(1)))).toBe('reject')
  const forged = { ...signVote(validators[0]!, chain.domain, fantasy(1)), signature: new Uint8Array(64) }
  expect(await ballots.add(forged)).toBe('reject')
  const verdicts: string[] = []
  for (let i = 0; i < 100; i++) verdicts.push(await ballots.add(signVote(validators[0]!, chain.domain, fantasy(i))))
  expect(verdicts.filter(verdict => verdict === 'accept')).toHaveLength(MAX_EARLY_PER_VALIDATOR)
  for (const block of blocks) await receive(block)
  for (let i = 0; i < 3; i++) await importer.settled()
  expect(chain.justified).toEqual(target)
})
