import { createPublicKey, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { ChainBounds } from './bounds.ts'
import { Chain } from './chain.ts'
import { blockHash, bodyRoot, headerSigningRoot } from './roots.ts'
import { DecodeError, decodeBlock, encodeBlock } from './ssz.ts'
import {
  type BlockOptions,
  castVotes,
  ed25519Network,
  hashNetwork,
  makeBlock,
  nextBlock,
  signTransaction,
} from './testing.ts'
import type { Block, Hash, Header, InsertResult, SignatureJob, Vote } from './types.ts'

const LATER = Number.MAX_SAFE_INTEGER
const { genesis, validators, accounts } = hashNetwork(4, 3)

function inserted(result: InsertResult) {
  if (result.kind !== 'inserted') throw new Error(JSON.stringify(result))
  return result
}

/** Extends a block (the head unless said) and answers the new blocks. */
function extend(chain: Chain, count: number, options: BlockOptions & { producer?: number } = {}): Block[] {
  const blocks: Block[] = []
  let parent = options.parent ?? chain.head.hash
  for (let i = 0; i < count; i++) {
    const block = makeBlock(chain, validators[options.producer ?? 0]!, { ...options, parent })
    parent = inserted(chain.insert(block)).record.hash
    blocks.push(block)
  }
  return blocks
}

/** Extends the head with votes until a height is finalized. */
function finalize(chain: Chain, height: number, last = new Map<string, Vote>()): Block[] {
  const blocks: Block[] = []
  while (chain.finalized.height < height) {
    const block = nextBlock(chain, validators)
    inserted(chain.insert(block))
    blocks.push(block)
    for (const vote of castVotes(chain, validators, last)) chain.addVote(vote)
    if (blocks.length > height + 20) throw new Error(`finalized ${chain.finalized.height} at head ${chain.head.height}`)
  }
  return blocks
}

function verified({ publicKey, message, signature }: SignatureJob): boolean {
  const x = Buffer.from(publicKey).toString('base64url')
  return verify(null, message, createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }), signature)
}

test('a chain of real signatures grows, pays and finalizes', async () => {
  const network = await ed25519Network(4, 3)
  const chain = new Chain(network.genesis)
  const [from, to] = [network.accounts[0]!, network.accounts[1]!]
  const last = new Map<string, Vote>()
  for (let height = 1; height <= 12; height++) {
    const transfer = signTransaction(from, chain.domain, {
      recipient: to.publicKey,
      amount: 10,
      fee: 2,
      nonce: height - 1,
    })
    const block = decodeBlock(encodeBlock(nextBlock(chain, network.validators, { candidates: [transfer] })))
    const header = chain.checkHeader(block.header, LATER)
    const body = chain.bodySignatureJobs(block)
    const jobs = [...(header.kind === 'ok' ? header.jobs : []), ...(body.kind === 'ok' ? body.jobs : [])]
    expect(jobs).toHaveLength(3)
    expect(jobs.every(verified)).toBe(true)
    expect(inserted(chain.insert(block)).head).toMatchObject({ reverted: [], applied: [chain.head.hash] })
    for (const vote of castVotes(chain, network.validators, last)) {
      const check = chain.checkVote(vote)
      expect(check.kind === 'ok' && check.jobs.every(verified)).toBe(true)
      expect(chain.addVote(vote).kind).toBe('counted')
    }
  }
  expect(chain.head.height).toBe(12)
  expect(chain.account(from.publicKey)).toEqual({ balance: 1_000_000_000 - 12 * 12, nonce: 12 })
  expect(chain.account(to.publicKey).balance).toBe(1_000_000_000 + 120)
  expect(chain.justified.height).toBe(12)
  expect(chain.finalized.height).toBe(8)
})

test('a signature for one testnet or one kind of object is worth nothing in another', () => {
  const here = new Chain(genesis)
  const there = new Chain({ ...genesis, chainId: 'other' })
  const block = makeBlock(here, validators[0]!)
  expect(headerSigningRoot(block.header.message, here.domain)).not.toEqual(
    headerSigningRoot(block.header.message, there.domain),
  )
  expect(there.insert(block)).toMatchObject({ kind: 'unknown-parent' })
})

test.each([
  ['chainId', { chainId: 'other' }],
  ['time', { time: 1 }],
  ['blockIntervalMs', { blockIntervalMs: 999 }],
  ['checkpointInterval', { checkpointInterval: 5 }],
  ['quorum', { quorum: { numerator: 3, denominator: 4 } }],
  ['maxBlockBytes', { maxBlockBytes: 2_048 }],
  ['validators', { validators: genesis.validators.map(v => ({ ...v, weight: 2 })) }],
  ['accounts', { accounts: genesis.accounts.slice(1) }],
])('%s is bound into the genesis hash', (_, change) => {
  expect(new Chain({ ...genesis, ...change }).genesisHash).not.toBe(new Chain(genesis).genesisHash)
})

test.each([
  ['a quorum above one', { quorum: { numerator: 4, denominator: 3 } }, 'quorum'],
  ['a quorum of half the weight', { quorum: { numerator: 1, denominator: 2 } }, 'quorum'],
  ['a validator twice', { validators: [genesis.validators[0]!, genesis.validators[0]!] }, 'listed twice'],
  ['an account twice', { accounts: [genesis.accounts[0]!, genesis.accounts[0]!] }, 'listed twice'],
  ['too much money', { accounts: genesis.accounts.map(a => ({ ...a, balance: Number.MAX_SAFE_INTEGER })) }, '2\\^53'],
])('a genesis with %s is refused', (_, change, message) => {
  expect(() => new Chain({ ...genesis, ...change })).toThrow(new RegExp(message))
})

describe('header rules', () => {
  const chain = new Chain(genesis)
  finalize(chain, 4)
  const good = makeBlock(chain, validators[0]!)
  const stranger = hashNetwork(9, 0).validators[8]!
  const below = chain.get(chain.mainAt(2)!.hash)!
  const cases: [string, Partial<Header>, object][] = [
    ['a good one', {}, { kind: 'ok' }],
    ['no parent', { parents: [] }, { code: 'wrong-parent-count' }],
    ['two parents', { parents: [good.header.message.parents[0]!, new Uint8Array(32)] }, { code: 'wrong-parent-count' }],
    ['an unknown parent', { parents: [new Uint8Array(32)] }, { kind: 'unknown-parent' }],
    ['a height too high', { height: good.header.message.height + 1 }, { code: 'wrong-height' }],
    ['a final height', { height: 4 }, { code: 'below-finalized' }],
    ['a parent below finality', { parents: below.header.message.parents, height: 9 }, { code: 'below-finalized' }],
    ["its parent's timestamp", { timestamp: chain.head.timestamp }, { code: 'timestamp-not-after-parent' }],
    ['a millisecond too early', { timestamp: good.header.message.timestamp - 1 }, { code: 'waited-too-little' }],
    ['a producer without weight', { producer: stranger.publicKey }, { code: 'not-a-validator' }],
    ['an easier difficulty', { difficulty: good.header.message.difficulty - 1 }, { code: 'wrong-difficulty' }],
    [
      'a timestamp far ahead',
      { timestamp: good.header.message.timestamp + 2_001 },
      { kind: 'early', at: good.header.message.timestamp + 1 },
    ],
    ['a timestamp a little ahead', { timestamp: good.header.message.timestamp + 2_000 }, { kind: 'ok' }],
  ]
  test.each(cases)('%s', (_, change, expected) => {
    const message = { ...good.header.message, ...change }
    const verdict = chain.checkHeader({ message, signature: good.header.signature }, good.header.message.timestamp)
    expect(verdict).toMatchObject(expected)
  })
  test('a held one', () => {
    expect(chain.checkHeader(chain.head.header, LATER)).toEqual({ kind: 'known', hash: chain.head.hash })
  })
})

describe('bodies', () => {
  const chain = new Chain(genesis)
  const pay = (change: object) =>
    signTransaction(accounts[0]!, chain.domain, { recipient: accounts[1]!.publicKey, ...change })
  const good = makeBlock(chain, validators[0]!, { candidates: [pay({}), pay({ nonce: 1 })] })
  const [first, second] = [good.transactions[0]!, good.transactions[1]!]
  test.each([
    ['left out', []],
    ['in another order', [second, first]],
    ['with another signature', [{ ...first, signature: new Uint8Array(64) }, second]],
    ['with one more', [first, second, pay({ nonce: 2 })]],
  ])("transactions %s are not the header's", (_, transactions) => {
    const block = { header: good.header, transactions }
    expect(chain.bodySignatureJobs(block)).toMatchObject({ kind: 'invalid', code: 'wrong-body-root' })
    expect(chain.insert(block)).toMatchObject({ kind: 'invalid', code: 'wrong-body-root' })
  })
  test('a body above the bytes of genesis is refused and not built', () => {
    const small = new Chain({ ...genesis, maxBlockBytes: 1_024 })
    const big = [0, 1, 2].map(nonce =>
      signTransaction(accounts[0]!, small.domain, { nonce, payload: new Uint8Array(300) }),
    )
    const built = makeBlock(small, validators[0]!, { candidates: big })
    expect(built.transactions).toHaveLength(2)
    expect(small.bodySignatureJobs({ ...built, transactions: big })).toMatchObject({ code: 'oversized' })
  })
  test('only signatures nobody verified are asked for, and a known id with another signature is one', () => {
    const check = chain.bodySignatureJobs(good)
    if (check.kind !== 'ok') throw new Error(check.message)
    expect(check.jobs).toHaveLength(2)
    const verifiedFirst = (id: Hash, signature: Uint8Array) => id === check.ids[0] && signature === first.signature
    expect(chain.bodySignatureJobs(good, verifiedFirst)).toMatchObject({ jobs: { length: 1 } })
  })
  test.each([
    ['a nonce out of turn', [pay({ nonce: 1 })], 'bad-nonce'],
    ['a nonce twice', [first, first], 'bad-nonce'],
    ['more than there is', [pay({ amount: 1_000_000_000 })], 'insufficient-balance'],
  ])('%s', (_, transactions, code) => {
    const parts = makeBlock(chain, validators[0]!, { candidates: [] })
    // The body root is that of the bad body: a lying producer, found only by execution.
    const message = { ...parts.header.message, bodyRoot: rootOf(chain, transactions) }
    expect(chain.insert({ header: { ...parts.header, message }, transactions })).toMatchObject({
      kind: 'invalid',
      code,
    })
    expect(chain.head.height).toBe(0)
  })
  test('a wrong state root', () => {
    const message = { ...good.header.message, stateRoot: new Uint8Array(32) }
    expect(chain.insert({ ...good, header: { ...good.header, message } })).toMatchObject({ code: 'wrong-state-root' })
  })
})

function rootOf(chain: Chain, transactions: Block['transactions']): Uint8Array {
  return bodyRoot(transactions, chain.domain)
}

test('the fork with more work wins, and the reorg names what was given up and taken', () => {
  const chain = new Chain(genesis)
  const left = extend(chain, 2, { producer: 0 })
  const head = chain.head.hash
  const block = makeBlock(chain, validators[1]!, { parent: chain.genesisHash })
  expect(inserted(chain.insert(block)).head).toBeUndefined()
  const side = inserted({ kind: 'inserted', record: chain.get(chain.children(chain.genesisHash)[1]!)! }).record.hash
  const right = extend(chain, 2, { parent: side, producer: 1 })
  expect(left).toHaveLength(2)
  expect(right).toHaveLength(2)
  expect(chain.head.height).toBe(3)
  expect(chain.isMain(head)).toBe(false)
  expect(chain.commonAncestor(head, chain.head.hash)?.hash).toBe(chain.genesisHash)
})

test('tips are the ends of branches above finality', () => {
  const chain = new Chain(genesis)
  expect(chain.tips).toBe(1)
  const [first] = extend(chain, 3)
  expect(chain.tips).toBe(1)
  const root = blockHash(first!.header.message)
  extend(chain, 2, { parent: root, producer: 1 })
  extend(chain, 1, { parent: root, producer: 2 })
  expect(chain.tips).toBe(3)
  finalize(chain, chain.head.height + 1)
  expect(chain.tips).toBe(1)
})

test('two blocks by one producer on one parent are noticed', () => {
  const chain = new Chain(genesis)
  const first = inserted(chain.insert(makeBlock(chain, validators[0]!)))
  const second = inserted(chain.insert(makeBlock(chain, validators[0]!, { parent: chain.genesisHash, lateMs: 1 })))
  expect(first.equivocation).toBeUndefined()
  expect(second.equivocation).toEqual({
    kind: 'block',
    producer: validators[0]!.address,
    height: 1,
    first: first.record.hash,
    second: second.record.hash,
  })
})

describe('headers first', () => {
  const source = new Chain(genesis)
  extend(source, 40)
  const headers = source.headersAfter([source.genesisHash], 2_048)

  test('a whole chain is checked without a body, in one list or in several', () => {
    const chain = new Chain(genesis)
    expect(chain.checkHeaders(headers, LATER)).toMatchObject({
      kind: 'ok',
      tail: { hash: source.head.hash, work: source.head.work },
    })
    const first = chain.checkHeaders(headers.slice(0, 15), LATER)
    if (first.kind !== 'ok') throw new Error(first.kind)
    expect(first.jobs).toHaveLength(30)
    expect(chain.checkHeaders(headers.slice(15), LATER)).toMatchObject({ kind: 'unknown-parent' })
    expect(chain.checkHeaders(headers.slice(15), LATER, first.tail)).toMatchObject({
      kind: 'ok',
      tail: { work: source.head.work },
    })
  })
  test('held ones are skipped', () => {
    expect(source.checkHeaders(headers, LATER)).toMatchObject({ kind: 'ok', headers: [], jobs: [] })
  })
  test.each([
    ['a gap', [...headers.slice(0, 5), ...headers.slice(6)], { kind: 'invalid', code: 'not-linked', index: 5 }],
    ['nothing', [], { kind: 'invalid', code: 'malformed' }],
    ['no link to us', headers.slice(3), { kind: 'unknown-parent' }],
    [
      'a bad one',
      headers.map((h, i) => (i === 7 ? { ...h, message: { ...h.message, difficulty: 1 } } : h)),
      { code: 'wrong-difficulty', index: 7 },
    ],
  ])('%s', (_, list, expected) => {
    expect(new Chain(genesis).checkHeaders(list, LATER)).toMatchObject(expected)
  })
  test('those from the future wait', () => {
    const now = headers[20]!.message.timestamp - 2_000
    expect(new Chain(genesis).checkHeaders(headers, now)).toMatchObject({ kind: 'early', index: 21 })
  })
  test('a locator is dense at the head, wide below, and finds the place where two chains part', () => {
    const chain = new Chain(genesis)
    for (const header of headers.slice(0, 20)) inserted(chain.insertStored(header))
    const locator = chain.locator()
    expect(locator.slice(0, 10)).toEqual(chain.recent(10).map(({ hash }) => hash))
    expect(locator.at(-1)).toBe(chain.genesisHash)
    expect(locator.length).toBeLessThan(20)
    expect(source.headersAfter(locator, 5)).toEqual(headers.slice(20, 25))
    expect(source.headersAfter(['00'.repeat(32)], 5)).toEqual([])
  })
})

describe('bounds', () => {
  const bounds: Partial<ChainBounds> = { recentStates: 8, stateSpacing: 4, maxStates: 120, maxFinalizedRecords: 10 }

  test('evicted states come back by replay, and a block on top then goes in', () => {
    const chain = new Chain(genesis, bounds)
    const blocks = extend(chain, 200)
    const known = new Map(blocks.map((block, i) => [chain.mainAt(i + 1)!.hash, block]))
    const old = chain.mainAt(103)!.hash
    expect(chain.stateAt(old)).toBeUndefined()
    const full = new Chain(genesis, { maxStates: 1_000, recentStates: 1_000 })
    for (const block of blocks) inserted(full.insert(block))
    const branch = makeBlock(full, validators[1]!, { parent: old })
    const result = chain.insert(branch)
    if (result.kind !== 'missing-state') throw new Error(result.kind)
    expect(result.replay.at(-1)).toBe(old)
    expect(result.replay.length).toBeLessThan(16)
    for (const hash of result.replay) expect(chain.replay(known.get(hash)!)).toEqual({ kind: 'replayed' })
    inserted(chain.insert(branch))
  })

  test('a heavier branch from far below can be imported block by block', () => {
    const full = new Chain(genesis, { maxStates: 1_000, recentStates: 1_000 })
    const trunk = extend(full, 20)
    const tip = full.head.hash
    const main = extend(full, 60, { producer: 0 })
    const side = extend(full, 70, { producer: 1, parent: tip })
    const chain = new Chain(genesis, bounds)
    const bodies = new Map<Hash, Block>()
    let replays = 0
    for (const block of [...trunk, ...main, ...side]) {
      for (let result = chain.insert(block); result.kind !== 'inserted'; result = chain.insert(block)) {
        if (result.kind !== 'missing-state') throw new Error(JSON.stringify(result))
        for (const hash of result.replay) expect(chain.replay(bodies.get(hash)!)).toEqual({ kind: 'replayed' })
        replays += result.replay.length
      }
      bodies.set(hashOf(block), block)
    }
    expect(chain.head.hash).toBe(full.head.hash)
    expect(replays).toBeLessThan(20)
  })

  test('below finality only the main chain stays, for so many heights', () => {
    const chain = new Chain(genesis, bounds)
    const side = inserted(chain.insert(makeBlock(chain, validators[2]!))).record
    finalize(chain, 40)
    expect(chain.get(side.hash)).toBe(chain.mainAt(1))
    expect(chain.get(chain.genesisHash)).toBeUndefined()
    const lowest = chain.finalized.height - 10
    expect(chain.mainAt(lowest)).toBeDefined()
    expect(chain.mainAt(lowest - 1)).toBeUndefined()
    expect(chain.locator().at(-1)).toBe(chain.genesisHash)
  })

  test('when there is no room the leaf with the least work goes, never the main chain', () => {
    const chain = new Chain(genesis, { maxRecords: 20 })
    for (let i = 1; i < 4; i++) inserted(chain.insert(makeBlock(chain, validators[i]!, { parent: chain.genesisHash })))
    extend(chain, 18, { parent: chain.head.hash })
    expect(chain.head.height).toBe(19)
    expect(chain.recent(100)).toHaveLength(20)
    expect(chain.children(chain.genesisHash)).toHaveLength(1)
  })
})

test('a restart from a snapshot ends where the chain stood', () => {
  const chain = new Chain(genesis)
  const last = new Map<string, Vote>()
  const transfers = [0, 1, 2].map(nonce =>
    signTransaction(accounts[0]!, chain.domain, { recipient: accounts[1]!.publicKey, nonce }),
  )
  inserted(chain.insert(makeBlock(chain, validators[0]!, { candidates: transfers })))
  const blocks = [...finalize(chain, 8, last), ...extend(chain, 3)]
  const again = new Chain(genesis, {}, chain.snapshot())
  expect(again.finalized).toEqual(chain.finalized)
  for (const { header } of blocks)
    if (header.message.height > again.finalized.height) inserted(again.insertStored(header))
  for (const certificate of chain.certificates()) again.addCertificate(certificate)
  const bodies = new Map(blocks.map(block => [hashOf(block), block]))
  for (const hash of again.missingStates(again.head.hash)) again.replay(bodies.get(hash)!)
  expect(again.head).toEqual(chain.head)
  expect(again.justified).toEqual(chain.justified)
  expect(again.account(accounts[0]!.publicKey)).toEqual(chain.account(accounts[0]!.publicKey))
  const next = nextBlock(chain, validators)
  inserted(again.insert(next))
})

test('a snapshot of another testnet, or a broken one, is refused', () => {
  const chain = new Chain(genesis)
  const snapshot = chain.snapshot()
  expect(() => new Chain({ ...genesis, chainId: 'other' }, {}, snapshot)).toThrow(/another testnet/)
  expect(() => new Chain(genesis, {}, snapshot.subarray(0, snapshot.length - 1))).toThrow(DecodeError)
  const changed = snapshot.slice()
  changed[changed.length - 10]! ^= 1
  expect(() => new Chain(genesis, {}, changed)).toThrow(/state/)
})

test('a stored state is taken only for the block it belongs to', () => {
  const chain = new Chain(genesis)
  const block = makeBlock(chain, validators[0]!, { candidates: [signTransaction(accounts[0]!, chain.domain, {})] })
  inserted(chain.insert(block))
  const bytes = chain.encodeState(chain.head.hash)!
  const again = new Chain(genesis)
  inserted(again.insertStored(block.header))
  expect(again.missingStates(again.head.hash)).toEqual([chain.head.hash])
  expect(again.attachState(again.head.hash, chain.encodeState(chain.genesisHash)!)).toBe(false)
  expect(again.attachState(again.head.hash, bytes)).toBe(true)
  expect(again.account(accounts[0]!.publicKey)).toEqual(chain.account(accounts[0]!.publicKey))
})

function hashOf(block: Block): Hash {
  return blockHash(block.header.message)
}
