// What this node serves to peers that synchronise: memory first, the store for what is older.
import {
  type Chain,
  type Checkpoint,
  decodeHeader,
  type Hash,
  MAX_HEADERS,
  type SignedHeader,
  toHex,
} from '../chain/index.ts'
import type { Pool } from '../chain/pool.ts'
import type { Store } from '../store/store.ts'
import type { ServeReaders } from '../sync/serve.ts'

export function serveReaders(chain: Chain, store: Store, pool: Pool): Omit<ServeReaders, 'status'> {
  return {
    headersAfter: async (locator, max) => {
      const fromMemory = chain.headersAfter(locator, max)
      return fromMemory.length > 0 ? fromMemory : await storedHeadersAfter(chain, store, locator, max)
    },
    body: hash => store.body(hash),
    certificates: (fromHeight, max) =>
      chain
        .certificates()
        .filter(({ vote }) => vote.target.height > fromHeight)
        .slice(0, max),
    transaction: id => pool.get(id),
    bestTransactions: max => best(chain, pool, max),
  }
}

/** For a peer so far behind that the shared block has left the memory. */
async function storedHeadersAfter(
  chain: Chain,
  store: Store,
  locator: readonly Hash[],
  max: number,
): Promise<SignedHeader[]> {
  if (locator.includes(chain.head.hash)) return []
  const start = await sharedBlock(chain, store, locator)
  if (start === undefined) return []
  const hashes = await store.mainRange(start.height + 1, Math.min(max, MAX_HEADERS))
  const headers: SignedHeader[] = []
  let parent = start.hash
  for (const hash of hashes) {
    const bytes = await store.header(hash)
    const header = bytes && decodeHeader(bytes)
    // A reorg between two reads would make a list that does not link, which is an offence.
    if (header === undefined || toHex(header.message.parents[0]!) !== parent) break
    headers.push(header)
    parent = hash
  }
  return headers
}

async function sharedBlock(chain: Chain, store: Store, locator: readonly Hash[]): Promise<Checkpoint | undefined> {
  for (const hash of locator) {
    if (hash === chain.genesisHash) return { hash, height: 0 }
    const bytes = await store.header(hash)
    if (bytes === undefined) continue
    const { height } = decodeHeader(bytes).message
    if ((await store.mainAt(height)) === hash) return { hash, height }
  }
  return undefined
}

function* best(chain: Chain, pool: Pool, max: number) {
  let count = 0
  for (const transaction of pool.select(address => chain.account(address), chain.genesis.maxBlockBytes)) {
    if (count++ >= max) return
    yield transaction
  }
}
