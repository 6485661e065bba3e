// The blocks of a prepared chain as peers would send them, and the signatures they carry.

import { headerJobs } from '../../node/chain/header-rules.ts'
import {
  type Block,
  Chain,
  decodeBody,
  decodeHeader,
  type SignatureJob,
  transactionJob,
} from '../../node/chain/index.ts'
import { Verifier } from '../../node/intake/verifier.ts'
import { Store } from '../../node/store/store.ts'
import { MAX_IMPORTING } from '../../node/sync/bounds.ts'
import type { PreparedChain } from '../support/prepared-chain.ts'

export interface EncodedBlock {
  readonly header: Uint8Array
  readonly body: Uint8Array
}

/** All blocks above genesis, lowest first. */
export async function storedBlocks({ dataDir, expanded, head }: PreparedChain): Promise<EncodedBlock[]> {
  const store = await Store.open(dataDir, new Chain(expanded.genesis).genesisHash)
  const blocks: EncodedBlock[] = []
  for (const hash of await store.mainRange(1, head.height)) {
    const [header, body] = await Promise.all([store.header(hash), store.body(hash)])
    blocks.push({ header: header!, body: body! })
  }
  await store.close()
  return blocks
}

export const decoded = ({ header, body }: EncodedBlock): Block => ({
  header: decodeHeader(header),
  transactions: decodeBody(body),
})

/** What every signature of the blocks takes with nothing else done, as many blocks at once as sync hands to the importer. */
export async function bareVerification({ expanded }: PreparedChain, blocks: readonly EncodedBlock[]): Promise<Cost> {
  const { domain } = new Chain(expanded.genesis)
  const jobs: SignatureJob[][] = blocks
    .map(decoded)
    .map(({ header, transactions }) => [
      ...headerJobs(header, domain),
      ...transactions.map(signed => transactionJob(signed, domain)),
    ])
  const verifier = new Verifier()
  return timed(() =>
    inFlight(jobs, async block => {
      if (!(await verifier.verify(block))) throw new Error('a signature of the prepared chain does not hold')
    }),
  )
}

/** What some work took: by the clock, and of all cores by this process. Seconds. */
export interface Cost {
  readonly seconds: number
  readonly cpuSeconds: number
}

export async function timed(work: () => Promise<unknown>): Promise<Cost> {
  const [start, before] = [performance.now(), process.cpuUsage()]
  await work()
  const { user, system } = process.cpuUsage(before)
  return { seconds: (performance.now() - start) / 1_000, cpuSeconds: (user + system) / 1e6 }
}

export async function inFlight<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < items.length) await work(items[next++]!)
  }
  await Promise.all(Array.from({ length: MAX_IMPORTING }, lane))
}
