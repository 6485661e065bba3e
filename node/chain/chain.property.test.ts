import fc from 'fast-check'
import { expect, test } from 'vitest'
import { getAccount, stateRoot } from './accounts.ts'
import { Chain } from './chain.ts'
import { toHex } from './hex.ts'
import { hashNetwork, makeBlock, signTransaction, signVote } from './testing.ts'
import type { Block, Hash, SignedVote } from './types.ts'

const { genesis, validators, accounts } = hashNetwork(4, 4, { checkpointInterval: 2 })

/** What decides a random block: its parent among those before it, who makes it, and who pays in it. */
const choice = fc.record({
  parent: fc.nat(),
  producer: fc.nat({ max: 3 }),
  payer: fc.nat({ max: 3 }),
  near: fc.boolean(),
})
type Choice = typeof choice extends fc.Arbitrary<infer T> ? T : never
const choices = fc.array(choice, { minLength: 1, maxLength: 30 })
/** Bit i: validator i votes. A quorum half of the time. */
const voters = fc.oneof(fc.constantFrom(15, 7, 11), fc.nat({ max: 15 }))
const shuffles = fc.infiniteStream(fc.nat())

function shuffled<T>(list: readonly T[], order: fc.Stream<number>): T[] {
  const keyed = list.map(item => ({ item, key: order.next().value ?? 0 }))
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item)
}

/** A random tree of blocks, made on a chain that sees all of them. */
function grow(list: readonly Choice[]): { blocks: Block[]; chain: Chain } {
  const chain = new Chain(genesis)
  const hashes: Hash[] = [chain.genesisHash]
  const blocks: Block[] = []
  for (const { parent: pick, producer, payer, near } of list) {
    // Near the end more often than not, so that branches get long enough to carry checkpoints.
    const parent = near ? hashes[Math.max(0, hashes.length - 1 - (pick % 2))]! : hashes[pick % hashes.length]!
    const [from, to] = [accounts[payer]!, accounts[(payer + 1) % accounts.length]!]
    const { nonce } = getAccount(chain.stateAt(parent)!, from.publicKey)
    const transfer = signTransaction(from, chain.domain, { recipient: to.publicKey, amount: 5, fee: 1, nonce })
    const block = makeBlock(chain, validators[producer]!, { parent, candidates: [transfer], lateMs: pick % 7 })
    const result = chain.insert(block)
    if (result.kind === 'known') continue
    if (result.kind !== 'inserted') throw new Error(JSON.stringify(result))
    hashes.push(result.record.hash)
    blocks.push(block)
  }
  return { blocks, chain }
}

/** Inserts in the given order, coming back to orphans until nothing moves. */
function insertAll(chain: Chain, blocks: readonly Block[]): void {
  for (let waiting = [...blocks]; waiting.length > 0; ) {
    const left = waiting.filter(block => {
      const result = chain.insert(block)
      if (result.kind === 'inserted' || result.kind === 'known') return false
      if (result.kind === 'unknown-parent') return true
      throw new Error(JSON.stringify(result))
    })
    if (left.length === waiting.length) throw new Error(`${left.length} blocks never connect`)
    waiting = left
  }
}

const summary = (chain: Chain) => ({
  head: chain.head.hash,
  root: toHex(stateRoot(chain.stateAt(chain.head.hash)!)),
  justified: chain.justified.hash,
  finalized: chain.finalized.hash,
})

test('any arrival order of the same blocks ends in the same head and state', () => {
  fc.assert(
    fc.property(choices, shuffles, (list, order) => {
      const { blocks, chain } = grow(list)
      const other = new Chain(genesis)
      insertAll(other, shuffled(blocks, order))
      expect(summary(other)).toEqual(summary(chain))
    }),
    { numRuns: 60 },
  )
})

test('any arrival order of the same blocks and votes ends in the same head, state and finality', () => {
  fc.assert(
    fc.property(choices, fc.array(fc.tuple(fc.nat(), voters), { maxLength: 16 }), shuffles, (list, picks, order) => {
      // Votes are cast while the chain is built, so that sources are justified as they are in life.
      const { blocks, chain: all } = grow(list)
      const checkpoints = blocks
        .map(block => all.get(toHex(block.header.message.parents[0]!)))
        .filter(record => record !== undefined && record.height > 0 && record.height % genesis.checkpointInterval === 0)
      const votes: SignedVote[] = []
      for (const [pick, voters] of picks) {
        const target = checkpoints[pick % (checkpoints.length || 1)]
        if (!target) continue
        let at = target
        while (at.height > Math.max(0, target.height - genesis.checkpointInterval)) at = all.get(at.parent)!
        const link = {
          source: { hash: at.hash, height: at.height },
          target: { hash: target.hash, height: target.height },
        }
        // Less than a third equivocates: only validator 3 may vote for two branches.
        for (const [i, validator] of validators.entries()) {
          if (!((voters >> i) & 1)) continue
          if (
            i < 3 &&
            votes.some(v => v.message.target.height === target.height && v.validator === validator.publicKey)
          )
            continue
          votes.push(signVote(validator, all.domain, link))
        }
      }
      const results = [0, 1].map(() => {
        const chain = new Chain(genesis)
        let waiting: (Block | SignedVote)[] = shuffled([...blocks, ...votes], order)
        for (let rounds = 0; waiting.length > 0 && rounds < 100; rounds++) {
          waiting = waiting.filter(item => {
            if ('header' in item) return chain.insert(item).kind === 'unknown-parent'
            return chain.addVote(item).kind === 'early'
          })
        }
        return summary(chain)
      })
      expect(results[0]).toEqual(results[1])
    }),
    { numRuns: 80 },
  )
})

test('a reorg and the reorg back restore head, state and what the pool would need', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 6 }),
      fc.nat({ max: 3 }),
      (left, right, payer) => {
        const chain = new Chain(genesis)
        const from = accounts[payer]!
        const extend = (parent: Hash, producer: number): Hash => {
          const { nonce } = getAccount(chain.stateAt(parent)!, from.publicKey)
          const to = accounts[(payer + 1 + producer) % 4]!
          const transfer = signTransaction(from, chain.domain, { recipient: to.publicKey, amount: 3, fee: 1, nonce })
          const result = chain.insert(makeBlock(chain, validators[producer]!, { parent, candidates: [transfer] }))
          if (result.kind !== 'inserted') throw new Error(JSON.stringify(result))
          for (const reorg of result.head ? [result.head] : []) moves.push(reorg)
          return result.record.hash
        }
        const moves: { reverted: readonly Hash[]; applied: readonly Hash[] }[] = []
        let [a, b] = [chain.genesisHash, chain.genesisHash]
        for (let i = 0; i < left; i++) a = extend(a, 0)
        const before = { ...summary(chain), state: chain.stateAt(a)! }
        const mark = moves.length
        for (let i = 0; i < left + right; i++) b = extend(b, 1)
        expect(chain.head.hash).toBe(b)
        let c = a
        while (chain.head.hash !== c) c = extend(c, 0)
        // Undoing the moves since then gives the blocks of the first branch again, in order.
        const taken: Hash[] = chain
          .recent(1_000)
          .reverse()
          .map(({ hash }) => hash)
        expect(taken.slice(0, left + 1).at(-1)).toBe(before.head)
        expect(toHex(stateRoot(chain.stateAt(a)!))).toBe(before.root)
        const net = new Set<Hash>()
        for (const { reverted, applied } of moves.slice(mark)) {
          for (const hash of reverted) if (!net.delete(hash)) net.add(`-${hash}`)
          for (const hash of applied) if (!net.delete(`-${hash}`)) net.add(hash)
        }
        expect([...net].sort()).toEqual(taken.slice(left + 1).sort())
      },
    ),
    { numRuns: 40 },
  )
})
