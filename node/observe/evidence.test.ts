import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { blockHash, Chain, decodeHeader, fromHex } from '../chain/index.ts'
import { ed25519Network, makeBlock } from '../chain/testing.ts'
import { Importer } from '../intake/importer.ts'
import { Verifier } from '../intake/verifier.ts'
import { Store } from '../store/store.ts'
import { keepEvidence, readEvidence } from './evidence.ts'

it('keeps both headers of a producer that built twice on one parent', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'trellis-evidence-'))
  const { genesis, validators } = await ed25519Network(2, 0)
  const chain = new Chain(genesis)
  const store = await Store.open(directory, chain.genesisHash)
  const kept: Promise<void>[] = []
  const importer = new Importer({
    chain,
    store,
    verifier: new Verifier(),
    now: () => Number.MAX_SAFE_INTEGER,
    alreadyVerified: () => false,
    events: {
      onBlock: () => {},
      onHead: () => {},
      onEquivocation: evidence => kept.push(keepEvidence(store, evidence)),
      onUnknownParent: () => {},
      onBadOrphan: () => {},
      onFailure: error => {
        throw error
      },
    },
  })
  const parent = chain.genesisHash
  for (const lateMs of [0, 7]) {
    const block = makeBlock(chain, validators[0]!, { parent, lateMs })
    const outcome = await importer.import(block, blockHash(block.header.message), 'test', 0)
    expect(outcome.kind).toBe('imported')
  }
  await Promise.all(kept)
  const [evidence, ...others] = await readEvidence(store)
  expect(others).toEqual([])
  expect(evidence).toMatchObject({ kind: 'block', producer: validators[0]!.address, height: 1 })
  const timestamps = [evidence!.first, evidence!.second].map(hex => decodeHeader(fromHex(hex)).message.timestamp)
  expect(timestamps[1]! - timestamps[0]!).toBe(7)
  await store.close()
  await rm(directory, { recursive: true })
})
