import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_VOTES_PER_VALIDATOR } from './bounds.ts'
import { Chain } from './chain.ts'
import { castVotes, certify, hashNetwork, makeBlock, nextBlock, signVote, type TestKey } from './testing.ts'
import { checkpointOf } from './tree.ts'
import type { Block, Checkpoint, Hash, SignedVote, Vote } from './types.ts'

const { genesis, validators } = hashNetwork(6, 0, { checkpointInterval: 2 })

function insert(chain: Chain, block: Block): Hash {
  const result = chain.insert(block)
  if (result.kind === 'inserted') return result.record.hash
  if (result.kind === 'known') return chain.head.hash
  throw new Error(JSON.stringify(result))
}

/** Makes blocks on a parent; answers their checkpoints by height. */
function branch(chain: Chain, producer: TestKey, count: number, from: Hash = chain.head.hash): Checkpoint[] {
  const made: Checkpoint[] = [{ hash: from, height: chain.get(from)!.height }]
  for (let i = 0; i < count; i++) {
    const parent = made.at(-1)!
    made.push({ hash: insert(chain, makeBlock(chain, producer, { parent: parent.hash })), height: parent.height + 1 })
  }
  return made
}

test('a quorum on a link justifies its target; the next checkpoint finalizes the source', () => {
  const chain = new Chain(genesis)
  const blocks = branch(chain, validators[0]!, 6)
  const vote = (by: number, source: number, target: number) =>
    chain.addVote(signVote(validators[by]!, chain.domain, { source: blocks[source]!, target: blocks[target]! }))
  for (const by of [0, 1, 2]) expect(vote(by, 0, 2)).toEqual({ kind: 'counted' })
  expect(vote(2, 0, 2)).toEqual({ kind: 'known' })
  expect(chain.justified.height).toBe(0)
  expect(vote(3, 0, 2)).toEqual({ kind: 'counted', justified: blocks[2] })
  expect(chain.finalized.height).toBe(0)
  for (const by of [0, 1, 2]) vote(by, 2, 4)
  expect(vote(3, 2, 4)).toEqual({ kind: 'counted', justified: blocks[4], finalized: blocks[2] })
  expect(vote(4, 0, 2)).toEqual({ kind: 'stale' })
})

describe('votes that cannot be counted', () => {
  const chain = new Chain(genesis)
  const left = branch(chain, validators[0]!, 6)
  const right = branch(chain, validators[1]!, 6, chain.genesisHash)
  const stranger = hashNetwork(9, 0).validators[8]!
  const unknown = { hash: 'ab'.repeat(32), height: 4 }
  const cases: [string, TestKey, Vote, object][] = [
    ['by nobody we know', stranger, { source: left[0]!, target: left[2]! }, { code: 'not-a-validator' }],
    ['off a checkpoint', validators[0]!, { source: left[0]!, target: left[3]! }, { code: 'bad-checkpoint' }],
    ['backwards', validators[0]!, { source: left[4]!, target: left[2]! }, { code: 'bad-checkpoint' }],
    ['on the spot', validators[0]!, { source: left[2]!, target: left[2]! }, { code: 'bad-checkpoint' }],
    ['across branches', validators[0]!, { source: left[2]!, target: right[4]! }, { code: 'bad-checkpoint' }],
    [
      'with a lie about the height',
      validators[0]!,
      { source: left[0]!, target: { ...left[4]!, height: 2 } },
      { code: 'bad-checkpoint' },
    ],
    ['for an unknown block', validators[0]!, { source: left[0]!, target: unknown }, { kind: 'early' }],
  ]
  test.each(cases)('%s', (_, by, vote, expected) => {
    const signed = signVote(by, chain.domain, vote)
    expect(chain.checkVote(signed)).toMatchObject(expected)
    expect(chain.addVote(signed)).toMatchObject(expected)
  })
})

test.each([
  ['double-vote', [0, 2], [0, 2]],
  ['double-vote', [0, 4], [2, 4]],
  ['surround-vote', [2, 4], [0, 6]],
  ['surround-vote', [0, 6], [2, 4]],
] as const)('a %s %s %s is noticed', (kind, first, second) => {
  const chain = new Chain(genesis)
  const left = branch(chain, validators[0]!, 6)
  const right = branch(chain, validators[1]!, 6, chain.genesisHash)
  const votes = [first, second].map(([source, target], i) => {
    // Equal heights on two branches for the plain double vote, one branch otherwise.
    const blocks = i === 1 && source === 0 && target === 2 ? right : left
    return signVote(validators[2]!, chain.domain, { source: blocks[source]!, target: blocks[target]! })
  })
  expect(chain.addVote(votes[0]!)).toEqual({ kind: 'counted' })
  expect(chain.addVote(votes[1]!)).toMatchObject({
    kind: 'counted',
    equivocation: { kind, first: votes[0], second: votes[1] },
  })
})

test('honest votes one after the other are never taken for an equivocation', () => {
  const chain = new Chain(genesis)
  const last = new Map<string, Vote>()
  for (let i = 0; i < 40; i++) {
    insert(chain, nextBlock(chain, validators))
    for (const vote of castVotes(chain, validators, last))
      expect(chain.addVote(vote)).not.toHaveProperty('equivocation')
  }
  expect(chain.finalized.height).toBeGreaterThanOrEqual(36)
})

describe('certificates', () => {
  const chain = new Chain(genesis)
  const last = new Map<string, Vote>()
  const blocks: Block[] = []
  for (let i = 0; i < 30; i++) {
    const block = nextBlock(chain, validators)
    insert(chain, block)
    blocks.push(block)
    for (const vote of castVotes(chain, validators, last)) chain.addVote(vote)
  }
  const joiner = () => {
    const late = new Chain(genesis)
    for (const block of blocks) insert(late, block)
    return late
  }

  test('a late joiner learns justified and finalized from a few, in any order', () => {
    const proofs = chain.certificates()
    expect(proofs.length).toBeLessThanOrEqual(3)
    for (const order of [proofs, [...proofs].reverse()]) {
      const late = joiner()
      for (const proof of order) {
        expect(late.checkCertificate(proof).kind === 'ok' || late.addCertificate(proof).kind === 'stale').toBe(true)
        late.addCertificate(proof)
      }
      expect([late.justified, late.finalized]).toEqual([chain.justified, chain.finalized])
    }
  })

  const target = (height: number): Checkpoint => ({ hash: chain.mainAt(height)!.hash, height })
  const link = { source: target(26), target: target(28) }
  test.each([
    ['too little weight', certify(validators.slice(0, 3), chain.domain, link), 'bad-checkpoint'],
    ['a voter twice', certify([...validators.slice(0, 3), validators[0]!], chain.domain, link), 'not-a-validator'],
    ['a stranger', certify(hashNetwork(9, 0).validators.slice(3), chain.domain, link), 'not-a-validator'],
    ['a broken link', certify(validators, chain.domain, { source: target(25), target: target(28) }), 'bad-checkpoint'],
  ])('with %s is refused', (_, certificate, code) => {
    const late = joiner()
    expect(late.addCertificate(certificate)).toMatchObject({ kind: 'invalid', code })
    expect(late.finalized.height).toBe(0)
  })
})

test('finality decides the fork against more work', () => {
  const chain = new Chain(genesis)
  const left = branch(chain, validators[0]!, 4)
  const right = branch(chain, validators[1]!, 8, chain.genesisHash)
  const heavy = chain.head.hash
  expect(heavy).toBe(right.at(-1)!.hash)
  chain.addCertificate(certify(validators, chain.domain, { source: left[0]!, target: left[2]! }))
  expect(chain.head.hash).toBe(left.at(-1)!.hash)
  const result = chain.addCertificate(certify(validators, chain.domain, { source: left[2]!, target: left[4]! }))
  expect(result).toMatchObject({ kind: 'counted', finalized: left[2] })
  expect(chain.has(heavy)).toBe(false)
  const again = makeBlock(new Chain(genesis), validators[1]!)
  expect(chain.insert(again)).toMatchObject({ kind: 'invalid', code: 'below-finalized' })
})

test('votes of one validator are bounded', () => {
  const chain = new Chain(genesis)
  const blocks = branch(chain, validators[0]!, 2 * (MAX_VOTES_PER_VALIDATOR + 5))
  for (let target = 2; target < blocks.length; target += 2) {
    const vote = { source: blocks[target - 2]!, target: blocks[target]! }
    expect(chain.addVote(signVote(validators[0]!, chain.domain, vote)).kind).toBe('counted')
  }
  const forgotten = signVote(validators[0]!, chain.domain, { source: blocks[0]!, target: blocks[2]! })
  expect(chain.addVote(forgotten)).toEqual({ kind: 'stale' })
})

const steps = fc.array(fc.record({ actor: fc.nat({ max: 5 }), deliver: fc.nat({ max: 40 }) }), {
  minLength: 60,
  maxLength: 160,
})

/** A network in miniature: each validator has its own chain; messages arrive late, out of order, or after a cut. */
class Net {
  readonly chains: Chain[] = validators.map(() => new Chain(genesis))
  readonly last: (Vote | undefined)[] = validators.map(() => undefined)
  readonly inbox: (Block | SignedVote)[][] = validators.map(() => [])
  readonly held: (Block | SignedVote)[][] = validators.map(() => [])
  readonly misdeeds = new Set<string>()
  sides: number[][]
  constructor(sides: number[][]) {
    this.sides = sides
  }
  send(from: number, item: Block | SignedVote): void {
    const side = this.sides.find(members => members.includes(from))!
    for (let to = 0; to < validators.length; to++) {
      if (to === from) continue
      ;(side.includes(to) ? this.inbox : this.held)[to]!.push(item)
    }
  }
  heal(): void {
    this.sides = [validators.map((_, i) => i)]
    for (const [to, items] of this.held.entries()) this.inbox[to]!.push(...items.splice(0))
  }
  receive(to: number, item: Block | SignedVote): boolean {
    const chain = this.chains[to]!
    return 'header' in item ? chain.insert(item).kind !== 'unknown-parent' : chain.addVote(item).kind !== 'early'
  }
  deliver(to: number, count: number): void {
    const inbox = this.inbox[to]!
    for (let i = 0; i < count && inbox.length > 0; i++) {
      const item = inbox.splice(i % inbox.length, 1)[0]!
      if (!this.receive(to, item)) inbox.push(item)
    }
  }
  drain(): void {
    for (const [to, inbox] of this.inbox.entries()) {
      for (let before = -1; inbox.length > 0 && inbox.length !== before; ) {
        before = inbox.length
        for (const item of inbox.splice(0)) if (!this.receive(to, item)) inbox.push(item)
      }
    }
  }
  act(by: number): void {
    const chain = this.chains[by]!
    const block = makeBlock(chain, validators[by]!)
    if (chain.insert(block).kind === 'inserted') this.send(by, block)
    this.vote(by)
  }
  vote(by: number): void {
    const vote = this.chains[by]!.voteDue(validators[by]!.address, this.last[by])
    if (!vote) return
    this.last[by] = vote
    const signed = signVote(validators[by]!, this.chains[by]!.domain, vote)
    this.chains[by]!.addVote(signed)
    this.send(by, signed)
  }
  /** Votes for the last links of every validator's chain, double and surrounding, across every cut. */
  misbehave(by: number): void {
    const isCheckpoint = ({ height }: Checkpoint) => height % genesis.checkpointInterval === 0
    for (const chain of this.chains) {
      const [target, ...sources] = chain.recent(9).filter(isCheckpoint).map(checkpointOf)
      for (const source of sources) {
        const key = `${by} ${source.hash} ${target!.hash}`
        if (this.misdeeds.has(key)) continue
        this.misdeeds.add(key)
        const signed = signVote(validators[by]!, chain.domain, { source, target: target! })
        for (const inbox of this.inbox) inbox.push(signed)
      }
    }
  }
}

/** Is the one finalized checkpoint an ancestor of the other, in a chain that may have pruned? */
function conflict(a: Chain, b: Chain): string | undefined {
  const [low, high] = a.finalized.height <= b.finalized.height ? [a, b] : [b, a]
  const at = high.mainAt(low.finalized.height)
  if (at && at.hash !== low.finalized.hash) return `${low.finalized.hash} and ${high.finalized.hash}`
  return undefined
}

const cuts: number[][][] = [
  [
    [0, 1, 2],
    [3, 4, 5],
  ],
  [
    [0, 1, 5],
    [2, 3, 4],
  ],
  [
    [0, 1],
    [2, 3],
    [4, 5],
  ],
  [
    [0, 1, 2, 5],
    [3, 4],
  ],
]

/** Plays a network with these faulty validators through a cut and a heal; counts what happened. */
function play(faulty: readonly number[], seen: { conflicts: number; final: number; diverged: number }) {
  return fc.property(steps, fc.constantFrom(...cuts), fc.nat({ max: 100 }), (list, sides, healAt) => {
    const net = new Net(sides)
    for (const [i, { actor, deliver }] of list.entries()) {
      if (i === healAt) net.heal()
      net.act(actor)
      for (const by of faulty) net.misbehave(by)
      for (let to = 0; to < validators.length; to++) {
        net.deliver(to, (deliver >> to) % 4 === 0 ? 0 : 20)
        if (!faulty.includes(to)) net.vote(to)
      }
    }
    const pairs = net.chains.flatMap(a => net.chains.map(b => [a, b] as const))
    if (pairs.some(([a, b]) => conflict(a, b))) seen.conflicts++
    if (pairs.some(([a, b]) => a.head.hash !== b.head.hash)) seen.diverged++
    if (net.chains.some(({ finalized }) => finalized.height > 0)) seen.final++
  })
}

test('with less than a third faulty two conflicting checkpoints are never both final, whatever is cut', () => {
  const seen = { conflicts: 0, final: 0, diverged: 0 }
  const property = play([5], seen)
  fc.assert(
    property.afterEach(() => expect(seen.conflicts).toBe(0)),
    { numRuns: 30 },
  )
  // A run that finalizes nothing or never disagrees shows nothing.
  expect(seen.final).toBeGreaterThan(5)
  expect(seen.diverged).toBeGreaterThan(5)
})

test('the same play with half of the weight faulty does find conflicts', () => {
  const seen = { conflicts: 0, final: 0, diverged: 0 }
  fc.assert(play([1, 4, 5], seen), { numRuns: 10, seed: 1 })
  expect(seen.conflicts).toBeGreaterThan(0)
})

test('a side without quorum never finalizes, and voting goes on after the heal', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 5 }), { minLength: 30, maxLength: 80 }), list => {
      const net = new Net([
        [0, 1, 2],
        [3, 4, 5],
      ])
      for (const actor of list) {
        net.act(actor)
        net.drain()
        net.vote(actor)
      }
      for (const { finalized, justified } of net.chains) expect([finalized.height, justified.height]).toEqual([0, 0])
      net.heal()
      for (let round = 0; round < 200 && net.chains.some(({ finalized }) => finalized.height === 0); round++) {
        net.drain()
        for (let i = 0; i < validators.length; i++) net.vote(i)
        net.drain()
        net.act(round % validators.length)
      }
      for (const { finalized } of net.chains) expect(finalized.height).toBeGreaterThan(0)
    }),
    { numRuns: 15 },
  )
})
