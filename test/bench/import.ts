// Import in one process: encoded headers and bodies through the chain, the verifier and the store, as sync feeds them,
// against bare verification of the very same signatures.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { blockHash, Chain, decodeBody, decodeHeader } from '../../node/chain/index.ts'
import { type ImportEvents, Importer } from '../../node/intake/importer.ts'
import { Verifier } from '../../node/intake/verifier.ts'
import { Store } from '../../node/store/store.ts'
import { MAX_HEADERS_PER_ANSWER } from '../../node/sync/bounds.ts'
import { type PreparedChain, prepareChain } from '../support/prepared-chain.ts'
import { against, type Bench, median, type Row } from './row.ts'
import { bareVerification, type Cost, type EncodedBlock, inFlight, storedBlocks, timed } from './stored-blocks.ts'

const cases = [
  { transactions: 0, blocks: 4_000 },
  { transactions: 100, blocks: 400 },
  { transactions: 500, blocks: 120 },
]
const rounds = 3

export const importing: Bench = async ({ say }) => {
  const rows: Row[] = []
  for (const { transactions, blocks } of cases) {
    const chain = await prepareChain({ blocks, transactionsPerBlock: transactions, payloadBytes: 64 })
    const encoded = await storedBlocks(chain)
    const imports: Cost[] = []
    const floors: Cost[] = []
    for (let round = 0; round < rounds; round++) {
      // Side by side, so that a machine that slows down slows both.
      const floor = await bareVerification(chain, encoded)
      const cost = await importAll(chain, encoded)
      floors.push(floor)
      imports.push(cost)
      say(
        `${transactions} transactions: import ${cost.seconds.toFixed(2)} s, bare verification ${floor.seconds.toFixed(2)} s`,
      )
    }
    await chain.remove()
    const unit = transactions === 0 ? 'block' : 'transaction'
    const count = blocks * (transactions || 1)
    const name = transactions === 0 ? 'import, empty blocks' : `import, ${transactions} transactions a block`
    const middle = (costs: readonly Cost[], of: keyof Cost): number => median(costs.map(cost => cost[of]))
    rows.push(
      against(count / middle(floors, 'seconds'), {
        name,
        value: count / middle(imports, 'seconds'),
        unit: `${unit}s/s`,
      }),
      against((1e6 * middle(floors, 'cpuSeconds')) / count, {
        name: `${name}: processor time`,
        value: (1e6 * middle(imports, 'cpuSeconds')) / count,
        unit: `µs a ${unit}`,
      }),
    )
  }
  return rows
}

export async function importAll(
  { expanded }: PreparedChain,
  encoded: readonly EncodedBlock[],
  events: Partial<Pick<ImportEvents, 'onBlock' | 'onHead'>> = {},
): Promise<Cost> {
  const directory = await mkdtemp(join(tmpdir(), 'trellis-import-'))
  const chain = new Chain(expanded.genesis)
  const store = await Store.open(directory, chain.genesisHash)
  const verifier = new Verifier()
  const none = () => undefined
  const importer = new Importer({
    chain,
    store,
    verifier,
    now: Date.now,
    alreadyVerified: () => false,
    events: {
      onBlock: none,
      onHead: none,
      onEquivocation: none,
      onUnknownParent: none,
      onBadOrphan: none,
      onFailure: none,
      ...events,
    },
  })
  const cost = await timed(async () => {
    for (let at = 0; at < encoded.length; at += MAX_HEADERS_PER_ANSWER) {
      const batch = encoded.slice(at, at + MAX_HEADERS_PER_ANSWER)
      const blocks = batch.map(({ header, body }) => ({ header: decodeHeader(header), body }))
      const headers = blocks.map(({ header }) => header)
      const checked = chain.checkHeaders(headers, Date.now())
      if (checked.kind !== 'ok' || !(await verifier.verify(checked.jobs))) throw new Error(`headers: ${checked.kind}`)
      await inFlight(blocks, async ({ header, body }) => {
        const block = { header, transactions: decodeBody(body) }
        const outcome = await importer.import(block, blockHash(header.message), 'sync:bench', Date.now())
        if (outcome.kind !== 'imported') throw new Error(JSON.stringify(outcome))
      })
    }
  })
  if (chain.head.height !== encoded.length) throw new Error(`imported ${chain.head.height} of ${encoded.length}`)
  await store.close()
  await rm(directory, { recursive: true })
  return cost
}
