import { expect, test } from 'vitest'
import { blockHash, Chain } from '../chain/index.ts'
import { hashNetwork, makeBlock } from '../chain/testing.ts'
import type { SyncEffect, SyncEvent } from './events.ts'
import { createState, step } from './scheduler.ts'

const network = hashNetwork(1, 0)
const chain = new Chain(network.genesis)
const view = {
  has: (hash: string) => chain.has(hash),
  work: (hash: string) => chain.get(hash)?.work,
  head: () => chain.head,
  justified: () => chain.justified,
  locator: () => chain.locator(),
}

test('of an invalid block, who served or claimed it pays, and who only forwarded it does not', () => {
  const state = createState(view, 1_048_576)
  const block = makeBlock(chain, network.validators[0]!)
  const hash = blockHash(block.header.message)
  const { difficulty, height } = block.header.message
  const work = chain.head.work + BigInt(difficulty)
  let effects: SyncEffect[] = []
  const feed = (event: SyncEvent, now: number) => {
    effects = step(state, event, now)
    return effects
  }
  const only = <K extends SyncEffect['kind']>(kind: K) =>
    effects.find((effect): effect is Extract<SyncEffect, { kind: K }> => effect.kind === kind)!
  const claim = { head: { hash, height, work }, justified: chain.justified }

  for (const peer of ['server', 'claimant', 'forwarder']) feed({ kind: 'connected', peer, latencyMs: 1 }, 0)
  feed({ kind: 'status', peer: 'server', claim }, 1)
  const { request } = only('request-headers')
  const link = { hash, parent: chain.genesisHash, height, difficulty, header: block.header }
  feed({ kind: 'headers', request, headers: [link] }, 2)
  feed({ kind: 'checked', request, valid: 1, problem: null }, 3)
  const bodies = only('request-bodies')
  feed({ kind: 'status', peer: 'claimant', claim }, 4)
  feed({ kind: 'saw', peer: 'forwarder', hash, height, orphan: false }, 5)
  feed({ kind: 'tick' }, 6)
  feed({ kind: 'body', request: bodies.request, hash, block, bytes: 100 }, 7)
  feed({ kind: 'import-failed', hash, from: 'server', reason: 'invalid' }, 8)
  const punished = effects.flatMap(effect => (effect.kind === 'punish' ? [effect.peer] : []))
  expect(punished.sort()).toEqual(['claimant', 'server'])
})
