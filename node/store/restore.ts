// From the store back to a running chain, and the snapshots that make that quick.
import type { Genesis } from '../../api/node-config.ts'
import {
  type BlockRecord,
  Chain,
  DecodeError,
  decodeBody,
  decodeCertificate,
  decodeHeader,
  encodeBody,
  encodeCertificate,
  fromHex,
  type Hash,
  toHex,
  transactionId,
} from '../chain/index.ts'
import type { MainBlock, Store } from './store.ts'

/** Without finality a snapshot is still taken once the last one is this far behind the head. */
const maxReplayBlocks = 512
/** Distance of such a snapshot from the head: deep enough that a usual reorg keeps it. */
const unfinalizedDepth = 64

/**
 * The chain as the store knows it. Headers were validated before they were stored, so only states are computed again:
 * from the last snapshots, or from genesis. Throws GenesisError.
 */
export async function restoreChain(genesis: Genesis, store: Store): Promise<Chain> {
  for (;;) {
    const chain = await readChain(genesis, store)
    const bad = await replayTo(chain, store, chain.head.hash)
    if (bad === undefined) {
      await indexMain(chain, store)
      return chain
    }
    // A crash between storing and executing left a block that breaks a rule: the chain is what it is without it.
    await store.removeBlock(bad, chain.get(bad)!.height)
  }
}

async function readChain(genesis: Genesis, store: Store): Promise<Chain> {
  const chain = await openChain(genesis, store)
  for await (const { hash, height } of store.blocksAbove(chain.finalized.height)) {
    const bytes = await store.header(hash)
    const result = bytes === undefined ? undefined : chain.insertStored(decodeHeader(bytes))
    if (result?.kind === 'invalid' && result.code !== 'below-finalized') await store.removeBlock(hash, height)
  }
  const [state, block] = [await store.slot('state'), await store.slot('state-block')]
  if (state !== undefined && block !== undefined) chain.attachState(toHex(block), state)
  for (const certificate of decodeCertificates(await store.slot('certificates'))) chain.addCertificate(certificate)
  return chain
}

/**
 * Makes the store's main chain that of the chain. A crash comes between storing a block and indexing it, and the height
 * left out would stay a hole for ever: whoever synchronises from the store ends there.
 */
async function indexMain(chain: Chain, store: Store): Promise<void> {
  const missing: MainBlock[] = []
  let at: BlockRecord | undefined = chain.head
  for (; at && at.height > 0 && (await store.mainAt(at.height)) !== at.hash; at = chain.get(at.parent)) {
    const transactions = decodeBody((await store.body(at.hash)) ?? encodeBody([]))
    missing.push({ hash: at.hash, transactions: transactions.map(signed => transactionId(signed, chain.domain)) })
  }
  const oldHeight = await store.mainHeight()
  if (missing.length === 0 && oldHeight <= chain.head.height) return
  await store.setMain(chain.head.height - missing.length + 1, missing.reverse(), oldHeight)
}

async function openChain(genesis: Genesis, store: Store): Promise<Chain> {
  const snapshot = await store.slot('snapshot')
  try {
    return new Chain(genesis, {}, snapshot)
  } catch (error) {
    // A snapshot only saves time: without it the stored blocks are executed from genesis.
    if (snapshot === undefined || !(error instanceof DecodeError)) throw error
    return new Chain(genesis)
  }
}

/** Computes the states that lead to a block from stored bodies. Returns the block that breaks a rule, if one does. */
export async function replayTo(chain: Chain, store: Store, hash: Hash): Promise<Hash | undefined> {
  for (const missing of chain.missingStates(hash)) {
    const [header, body] = [await store.header(missing), await store.body(missing)]
    if (header === undefined || body === undefined) return missing
    const result = chain.replay({ header: decodeHeader(header), transactions: decodeBody(body) })
    if (result.kind !== 'replayed') return missing
  }
  return undefined
}

/** Keeps what makes the next start quick: the finalized block, or a deep state when finality lags far behind. */
export class Snapshots {
  readonly #chain: Chain
  readonly #store: Store
  #height: number

  constructor(chain: Chain, store: Store) {
    this.#chain = chain
    this.#store = store
    this.#height = chain.finalized.height
  }

  /** Called from time to time; writes only when the chain has moved on enough. */
  async save(): Promise<void> {
    const { finalized, head } = this.#chain
    if (finalized.height > this.#height) {
      // Votes may finalize a block whose state has left the memory.
      if ((await replayTo(this.#chain, this.#store, finalized.hash)) !== undefined) return
      this.#height = finalized.height
      await this.#store.setSlots({ snapshot: this.#chain.snapshot() })
    } else if (head.height - this.#height >= maxReplayBlocks) {
      const deep = this.#chain.mainAt(head.height - unfinalizedDepth)
      const state = deep && this.#chain.encodeState(deep.hash)
      if (deep === undefined || state === undefined) return
      this.#height = deep.height
      await this.#store.setSlots({ state, 'state-block': fromHex(deep.hash) })
    }
  }
}

/** Certificates survive a restart, or a node alone would forget what is final. */
export async function saveCertificates(chain: Chain, store: Store): Promise<void> {
  const parts = chain.certificates().map(encodeCertificate)
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0))
  const view = new DataView(bytes.buffer)
  let offset = 0
  for (const part of parts) {
    view.setUint32(offset, part.length)
    bytes.set(part, offset + 4)
    offset += 4 + part.length
  }
  await store.setSlot('certificates', bytes)
}

function* decodeCertificates(bytes: Uint8Array | undefined): Generator<ReturnType<typeof decodeCertificate>> {
  if (bytes === undefined) return
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let offset = 0; offset + 4 <= bytes.length; ) {
    const length = view.getUint32(offset)
    yield decodeCertificate(new Uint8Array(bytes.subarray(offset + 4, offset + 4 + length)))
    offset += 4 + length
  }
}
