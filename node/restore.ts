// From the store back to a running chain, and the snapshots that make that quick.
import {
  type Chain,
  decodeBody,
  decodeCertificate,
  decodeHeader,
  encodeCertificate,
  fromHex,
  type Hash,
  toHex,
} from './chain/index.ts'
import type { Store } from './store/store.ts'

/** Without finality a snapshot is still taken once the last one is this far behind the head. */
const maxReplayBlocks = 512
/** Distance of such a snapshot from the head: deep enough that a usual reorg keeps it. */
const unfinalizedDepth = 64

/**
 * Gives a fresh Chain everything the store holds. Headers were validated before they were stored, so only states are
 * computed again: from the last snapshot, or from genesis.
 * @returns the number of blocks taken up
 */
export async function restoreChain(chain: Chain, store: Store): Promise<number> {
  let count = 0
  for await (const { hash, height } of store.blocksAbove(0)) {
    const bytes = await store.header(hash)
    const result = bytes === undefined ? undefined : chain.insertStored(decodeHeader(bytes))
    if (result?.kind === 'inserted') count++
    // A crash between storing and executing can leave a block that turns out invalid: it is not worth keeping.
    if (result?.kind === 'invalid' && result.code !== 'below-finalized') await store.removeBlock(hash, height)
  }
  const snapshot = await store.slot('snapshot')
  const block = await store.slot('snapshot-block')
  if (snapshot !== undefined && block !== undefined) chain.attachState(toHex(block), new Uint8Array(snapshot))
  for (const certificate of decodeCertificates(await store.slot('certificates'))) chain.addCertificate(certificate)
  await replayTo(chain, store, chain.head.hash)
  return count
}

/** Computes the states that lead to a block from stored bodies. */
export async function replayTo(chain: Chain, store: Store, hash: Hash): Promise<void> {
  for (const missing of chain.missingStates(hash)) {
    const [header, body] = [await store.header(missing), await store.body(missing)]
    if (header === undefined || body === undefined) throw new Error(`block ${missing} is in the chain but not stored`)
    const result = chain.replay({ header: decodeHeader(header), transactions: decodeBody(body) })
    if (result.kind !== 'replayed') throw new Error(`stored block ${missing} does not execute: ${JSON.stringify(result)}`)
  }
}

/** The block whose state should be kept next, given where the last snapshot is; undefined when there is no need. */
export function snapshotDue(chain: Chain, lastHeight: number): Hash | undefined {
  if (chain.finalized.height > lastHeight) return chain.finalized.hash
  if (chain.head.height - lastHeight < maxReplayBlocks) return undefined
  return chain.mainAt(chain.head.height - unfinalizedDepth)?.hash
}

export async function saveSnapshot(chain: Chain, store: Store, hash: Hash): Promise<boolean> {
  const state = chain.encodeState(hash)
  if (state === undefined) return false
  await store.setSlots({ snapshot: state, 'snapshot-block': fromHex(hash) })
  return true
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
