import { expect, test } from 'vitest'
import { Chain, decodeHeaders, encodeBody } from '../chain/index.ts'
import { hashNetwork, nextBlock, signTransaction } from '../chain/testing.ts'
import { RequestRefused } from '../stacks/port.ts'
import { HEADERS_PER_FRAME, MAX_BODIES_ANSWER_BYTES } from './bounds.ts'
import { defaultQuotas, RequestLimits, type ServedMethod } from './limits.ts'
import {
  decodeBodyFrame,
  decodeStatus,
  encodeBodiesRequest,
  encodeHeadersRequest,
  encodePoolRequest,
  encodeStatus,
  type Status,
} from './messages.ts'
import { type ServeContext, serve } from './serve.ts'

const network = hashNetwork(2, 1)
const chain = new Chain(network.genesis)
const bodies = new Map<string, Uint8Array>()
for (let i = 0; i < 150; i++) {
  const block = nextBlock(chain, network.validators)
  chain.insert(block)
  bodies.set(chain.head.hash, encodeBody(block.transactions))
}
const transaction = signTransaction(network.accounts[0]!, chain.domain, { payload: new Uint8Array(60_000) })
const status: Status = {
  protocolVersion: 1,
  genesisHash: chain.genesisHash,
  chainId: 'test',
  head: chain.head,
  justified: chain.justified,
  finalized: chain.finalized,
  name: 'server',
  capabilities: [],
}

function server(quotas = defaultQuotas) {
  const [punished, heard]: [string[], Status[]] = [[], []]
  const context: ServeContext = {
    readers: {
      status: () => status,
      headersAfter: (locator, max) => chain.headersAfter(locator, max),
      body: hash => bodies.get(hash),
      certificates: () => [],
      transaction: () => transaction,
      bestTransactions: () => Array.from({ length: 1_000 }, () => transaction),
    },
    limits: new RequestLimits(quotas),
    now: () => 0,
    punish: (_, offence) => punished.push(offence),
    onStatus: (_, theirs) => heard.push(theirs) > 0,
  }
  const ask = async (method: ServedMethod, bytes: Uint8Array) => {
    const frames: Uint8Array[] = []
    for await (const frame of serve(context, method, bytes, 'peer')) frames.push(frame)
    return frames
  }
  return { ask, punished, heard }
}

test('headers come in frames, after the shared block, no more than asked for', async () => {
  const { ask } = server()
  const frames = await ask('headers', encodeHeadersRequest({ locator: ['ee'.repeat(32), chain.genesisHash], max: 100 }))
  const headers = frames.flatMap(frame => decodeHeaders(frame))
  expect(frames).toHaveLength(Math.ceil(100 / HEADERS_PER_FRAME))
  expect(headers.map(({ message }) => message.height)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
  expect(await ask('headers', encodeHeadersRequest({ locator: [chain.head.hash], max: 100 }))).toEqual([])
  expect(await ask('headers', encodeHeadersRequest({ locator: [], max: 100 }))).toEqual([])
})

test('bodies come in the order asked for, and absence is told', async () => {
  const hashes = [chain.head.hash, 'ee'.repeat(32), chain.mainAt(3)!.hash]
  const frames = (await server().ask('bodies', encodeBodiesRequest(hashes))).map(decodeBodyFrame)
  expect(frames).toEqual([bodies.get(hashes[0]!), undefined, bodies.get(hashes[2]!)])
})

test('a bodies answer ends when it has passed its bytes', async () => {
  const big = new Uint8Array(MAX_BODIES_ANSWER_BYTES / 4)
  const hashes = Array.from({ length: 20 }, (_, i) => i.toString(16).padStart(64, '0'))
  for (const hash of hashes) bodies.set(hash, big)
  expect(await server().ask('bodies', encodeBodiesRequest(hashes))).toHaveLength(4)
})

test('a pool answer is bounded in bytes', async () => {
  const frames = await server().ask('pool', encodePoolRequest([]))
  expect(frames.length).toBeLessThanOrEqual(18)
})

test('a status is learnt and answered', async () => {
  const { ask, heard } = server()
  const [frame] = await ask('status', encodeStatus({ ...status, name: 'asker' }))
  expect(decodeStatus(frame!)).toEqual({
    ...status,
    head: { hash: chain.head.hash, height: 150, work: chain.head.work },
  })
  expect(heard.map(({ name }) => name)).toEqual(['asker'])
})

test('what does not decode is refused and paid for', async () => {
  const { ask, punished } = server()
  await expect(ask('headers', new Uint8Array(3))).rejects.toMatchObject({ code: 'malformed' })
  expect(punished).toEqual(['sync-malformed-request'])
})

test('ten thousand requests cost the asker, not the server', async () => {
  const { ask, punished } = server({ ...defaultQuotas, bodies: { perSecond: 10, burst: 20 } })
  let served = 0
  for (let i = 0; i < 10_000; i++) {
    try {
      await ask('bodies', encodeBodiesRequest([chain.head.hash]))
      served++
    } catch (error) {
      expect(error).toBeInstanceOf(RequestRefused)
    }
  }
  expect(served).toBe(20)
  expect(punished.length).toBeGreaterThan(9_000)
  expect(new Set(punished)).toEqual(new Set(['sync-rate-limited']))
})
