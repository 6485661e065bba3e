import { describe, expect, test } from 'vitest'
import { Chain, decodeBody, encodeBody, encodeTransaction, type SignedTransaction } from '../chain/index.ts'
import { Pool } from '../chain/pool.ts'
import { ed25519Key, ed25519Network, signTransaction } from '../chain/testing.ts'
import { MAX_TRANSACTION_MESSAGE_BYTES } from '../stacks/port.ts'
import { Mempool, messagesOf } from './mempool.ts'
import { Verifier } from './verifier.ts'

const network = await ed25519Network(1, 2)
const [rich] = network.accounts
const stranger = await ed25519Key('nobody')

function setUp() {
  const chain = new Chain(network.genesis)
  const pool = new Pool(chain.domain)
  const sent: Uint8Array[] = []
  const outcomes: string[] = []
  let verified = 0
  class Counting extends Verifier {
    override verify(jobs: Parameters<Verifier['verify']>[0]) {
      verified += jobs.length
      return super.verify(jobs)
    }
  }
  const mempool = new Mempool({
    pool,
    verifier: new Counting(),
    domain: chain.domain,
    account: address => chain.account(address),
    publish: async (_topic, bytes) => sent.push(bytes),
    offered: (source, outcome) => outcomes.push(`${source} ${outcome}`),
  })
  const pay = (nonce: number, payloadBytes = 0): SignedTransaction =>
    signTransaction(rich!, chain.domain, { nonce, payload: new Uint8Array(payloadBytes) })
  return { chain, pool, mempool, sent, pay, outcomes, verified: () => verified }
}

test('no message is larger than peers take, whatever the transactions weigh', () => {
  const { pay } = setUp()
  for (const bytes of [0, 200, 1_024, 20_000, 65_536]) {
    const all = Array.from({ length: 300 }, (_, nonce) => pay(nonce, bytes))
    const messages = [...messagesOf(all)]
    expect(messages.flat()).toEqual(all)
    for (const message of messages) {
      expect(encodeBody(message).length).toBeLessThanOrEqual(MAX_TRANSACTION_MESSAGE_BYTES)
      expect(message.length).toBeLessThanOrEqual(256)
    }
  }
})

test('what a reorg returned is sent in such messages', () => {
  const { chain, pool, mempool, sent, pay } = setUp()
  const all = Array.from({ length: 200 }, (_, nonce) => pay(nonce, 1_024))
  for (const transaction of all) pool.add(transaction, address => chain.account(address))
  mempool.respread([...pool.ids()])
  expect(sent.flatMap(bytes => decodeBody(bytes))).toHaveLength(200)
  for (const bytes of sent) expect(bytes.length).toBeLessThanOrEqual(MAX_TRANSACTION_MESSAGE_BYTES)
})

describe('gossip', () => {
  test('goes on only when the pool took something', async () => {
    const { mempool, pay } = setUp()
    const message = encodeBody([pay(0), pay(1)])
    expect(await mempool.onGossip(message)).toBe('accept')
    expect(await mempool.onGossip(message)).toBe('ignore')
    expect(await mempool.onGossip(encodeBody([pay(1), pay(2)]))).toBe('accept')
  })

  test('accounts without money cost no verification and go nowhere', async () => {
    const { chain, mempool, outcomes, verified } = setUp()
    const broke = Array.from({ length: 100 }, (_, nonce) => signTransaction(stranger, chain.domain, { nonce }))
    expect(await mempool.onGossip(encodeBody(broke))).toBe('ignore')
    expect(await mempool.submit(broke[0]!, 'http')).toMatchObject({ kind: 'refused', code: 'insufficient-balance' })
    expect(verified()).toBe(0)
    expect(new Set(outcomes)).toEqual(new Set(['gossip insufficient-balance', 'http insufficient-balance']))
  })

  test('a forged transaction is its sender’s fault and spares us the rest', async () => {
    const { mempool, pay, verified, pool } = setUp()
    const forged = Array.from({ length: 256 }, (_, nonce) => ({ ...pay(nonce), signature: new Uint8Array(64) }))
    expect(await mempool.onGossip(encodeBody(forged))).toBe('reject')
    expect(verified()).toBeLessThan(32)
    expect(pool.count).toBe(0)
  })

  test('bytes that are no list of transactions are the sender’s fault', async () => {
    const { mempool, pay } = setUp()
    expect(await mempool.onGossip(encodeTransaction(pay(0)))).toBe('reject')
    expect(await mempool.onGossip(encodeBody([]))).toBe('reject')
  })
})
