// What serving needs, read from the chain where it is in memory and from the store where it is older.
import { type Chain, decodeHeader, type Hash, type SignedHeader, type SignedTransaction, toHex } from './chain/index.ts'
import type { Store } from './store/store.ts'
import type { ServeReaders } from './sync/serve.ts'

export interface PoolReader {
  get(id: Hash): SignedTransaction | undefined
  ids(): Iterable<Hash>
}

export function chainReaders(chain: Chain, store: Store, pool: PoolReader): Omit<ServeReaders, 'status'> {
  return {
    headersAfter: (locator, max) => headersAfter(chain, store, locator, max),
    body: hash => store.body(hash),
    // Only what the chain still needs is kept: the latest links, from the finalized checkpoint on.
    certificates: (fromHeight, max) =>
      chain
        .certificates()
        .filter(certificate => certificate.vote.target.height > fromHeight)
        .slice(0, max),
    transaction: id => pool.get(id),
    *bestTransactions(max) {
      let count = 0
      for (const id of pool.ids()) {
        const transaction = pool.get(id)
        if (count++ >= max) return
        if (transaction) yield transaction
      }
    },
  }
}

/** The chain forgets records far below the finalized block; a late joiner asks for those too. */
async function headersAfter(
  chain: Chain,
  store: Store,
  locator: readonly Hash[],
  max: number,
): Promise<readonly SignedHeader[]> {
  for (const hash of locator) {
    if (chain.isMain(hash)) return chain.headersAfter([hash], max)
    const height = await storedMainHeight(chain, store, hash)
    if (height !== undefined) return storedHeaders(store, hash, height + 1, max)
  }
  return []
}

async function storedMainHeight(chain: Chain, store: Store, hash: Hash): Promise<number | undefined> {
  if (hash === chain.genesisHash) return 0
  if (chain.has(hash)) return undefined
  const bytes = await store.header(hash)
  if (!bytes) return undefined
  const { height } = decodeHeader(bytes).message
  return (await store.mainAt(height)) === hash ? height : undefined
}

/** Main-chain headers from a height on. A reorg may run at the same time: the list ends where it stops linking. */
async function storedHeaders(store: Store, start: Hash, from: number, max: number): Promise<SignedHeader[]> {
  const headers: SignedHeader[] = []
  let below = start
  for (const hash of await store.mainRange(from, max)) {
    const bytes = await store.header(hash)
    if (!bytes) break
    const header = decodeHeader(bytes)
    if (toHex(header.message.parents[0]!) !== below) break
    headers.push(header)
    below = hash
  }
  return headers
}
