import { createPublicKey, verify } from 'node:crypto'
import { expect, test } from 'vitest'
import { Chain } from './chain.ts'
import { castVotes, ed25519Network, nextBlock, signTransaction } from './testing.ts'
import type { InsertResult, SignatureJob, Vote } from './types.ts'

const LATER = Number.MAX_SAFE_INTEGER

function verified({ publicKey, message, signature }: SignatureJob): boolean {
  const x = Buffer.from(publicKey).toString('base64url')
  return verify(null, message, createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }), signature)
}

function inserted(result: InsertResult) {
  if (result.kind !== 'inserted') throw new Error(JSON.stringify(result))
  return result
}

test('a chain of real signatures grows, pays and finalizes', async () => {
  const { genesis, validators, accounts } = await ed25519Network(4, 3)
  const chain = new Chain(genesis)
  const last = new Map<string, Vote>()
  for (let height = 1; height <= 12; height++) {
    const [from, to] = [accounts[0]!, accounts[1]!]
    const transfer = signTransaction(from, chain.domain, {
      recipient: to.publicKey,
      amount: 10,
      fee: 2,
      nonce: height - 1,
    })
    const block = nextBlock(chain, validators, { candidates: [transfer] })
    const header = chain.checkHeader(block.header, LATER)
    expect(header.kind).toBe('ok')
    const body = chain.bodySignatureJobs(block)
    expect(body.kind).toBe('ok')
    const jobs = [...(header.kind === 'ok' ? header.jobs : []), ...(body.kind === 'ok' ? body.jobs : [])]
    expect(jobs).toHaveLength(3)
    expect(jobs.every(verified)).toBe(true)
    expect(inserted(chain.insert(block)).head).toMatchObject({ reverted: [], applied: [chain.head.hash] })
    for (const vote of castVotes(chain, validators, last)) {
      const check = chain.checkVote(vote)
      expect(check.kind === 'ok' && check.jobs.every(verified)).toBe(true)
      expect(chain.addVote(vote).kind).toBe('counted')
    }
  }
  expect(chain.head.height).toBe(12)
  expect(chain.account(accounts[0]!.publicKey)).toEqual({ balance: 1_000_000_000 - 12 * 12, nonce: 12 })
  expect(chain.account(accounts[1]!.publicKey).balance).toBe(1_000_000_000 + 120)
  expect(chain.justified.height).toBe(12)
  expect(chain.finalized.height).toBe(8)
})
