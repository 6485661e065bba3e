import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Block, Chain } from '../chain/index.ts'
import { ed25519Network } from '../chain/testing.ts'
import { signingKey } from '../intake/verifier.ts'
import { Producer } from './producer.ts'

const network = await ed25519Network(1, 0)
const key = signingKey(Buffer.from(network.validators[0]!.seed).toString('hex'))

beforeEach(() => {
  vi.useFakeTimers({ now: network.genesis.time + 1_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

function setUp() {
  const chain = new Chain(network.genesis)
  const made: Block[] = []
  const deliver = async (block: Block) => {
    made.push(block)
  }
  const producer = new Producer({ chain, key, candidates: () => [], deliver, now: Date.now })
  return { chain, made, producer }
}

test('one block on one head, however often the head is said to have moved there', async () => {
  const { chain, made, producer } = setUp()
  producer.start()
  await vi.advanceTimersByTimeAsync(600_000)
  expect(made).toHaveLength(1)
  // The block is still being imported, and a vote moved the head away and back.
  producer.headMoved()
  await vi.advanceTimersByTimeAsync(600_000)
  expect(made).toHaveLength(1)
  expect(chain.insert(made[0]!).kind).toBe('inserted')
  producer.headMoved()
  await vi.advanceTimersByTimeAsync(600_000)
  expect(made).toHaveLength(2)
  producer.stop()
})

test('a clock that is set back delays a block, and never makes one too early', async () => {
  const { chain, made, producer } = setUp()
  producer.start()
  vi.setSystemTime(Date.now() - 30_000)
  await vi.advanceTimersByTimeAsync(25_000)
  expect(made).toHaveLength(0)
  await vi.advanceTimersByTimeAsync(600_000)
  expect(chain.insert(made[0]!).kind).toBe('inserted')
  producer.stop()
})
