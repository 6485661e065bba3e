// A state as bytes, for the store: its accounts in path order, 48 bytes each. Whoever reads it compares the root.
// A snapshot is the state of the finalized block with the headers that lead to it.
import { ByteListType, ByteVectorType, ContainerType, UintBigintType } from '@chainsafe/ssz'
import { ACCOUNT_BYTES, accountsOf, emptyState, encodeAccount, type State, setAccount, stateRoot } from './accounts.ts'
import { equalBytes, toHex } from './hex.ts'
import { DecodeError, headersType } from './ssz.ts'
import { recordOf } from './tree.ts'
import type { BlockRecord } from './types.ts'

/** Accounts in a snapshot at most: 4 Mi accounts are 192 MiB, far beyond what a testnet's node holds in memory. */
export const MAX_SNAPSHOT_ACCOUNTS = 4_194_304

export function encodeState(state: State): Uint8Array {
  const accounts = [...accountsOf(state)]
  const bytes = new Uint8Array(accounts.length * ACCOUNT_BYTES)
  const view = new DataView(bytes.buffer)
  for (const [index, { address, account }] of accounts.entries()) {
    encodeAccount(address, account, bytes, view, index * ACCOUNT_BYTES)
  }
  return bytes
}

/** Throws DecodeError. */
export function decodeState(bytes: Uint8Array): State {
  if (bytes.length > MAX_SNAPSHOT_ACCOUNTS * ACCOUNT_BYTES) {
    throw new DecodeError('oversized', `state: ${bytes.length} bytes`)
  }
  if (bytes.length % ACCOUNT_BYTES !== 0) throw new DecodeError('malformed', `state: ${bytes.length} bytes`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let state = emptyState
  for (let offset = 0; offset < bytes.length; offset += ACCOUNT_BYTES) {
    const balance = view.getUint32(offset + 32, true) + view.getUint32(offset + 36, true) * 0x1_0000_0000
    const nonce = view.getUint32(offset + 40, true) + view.getUint32(offset + 44, true) * 0x1_0000_0000
    state = setAccount(state, Uint8Array.prototype.slice.call(bytes, offset, offset + 32), { balance, nonce })
  }
  return state
}

/** Headers in a snapshot: enough for retargeting and for peers that are a little behind. */
export const SNAPSHOT_HEADERS = 256

const snapshotType = new ContainerType({
  genesis: new ByteVectorType(32),
  /** Cumulative work of the first header. */
  work: new UintBigintType(32),
  headers: headersType,
  state: new ByteListType(MAX_SNAPSHOT_ACCOUNTS * ACCOUNT_BYTES),
})

/** `records` oldest first, each the parent of the next; `state` is that after the last. */
export function encodeSnapshot(genesis: Uint8Array, records: readonly BlockRecord[], state: State): Uint8Array {
  // ssz's value types are mutable, ours are not.
  const headers = records.map(({ header }) => header) as ReturnType<typeof headersType.deserialize>
  return snapshotType.serialize({ genesis, work: records[0]!.work, headers, state: encodeState(state) })
}

/** The records and the state of a snapshot. Throws DecodeError when it is broken or of another testnet. */
export function decodeSnapshot(bytes: Uint8Array, genesis: Uint8Array): { records: BlockRecord[]; state: State } {
  const malformed = (message: string) => new DecodeError('malformed', `snapshot: ${message}`)
  let value: ReturnType<typeof snapshotType.deserialize>
  try {
    value = snapshotType.deserialize(bytes)
  } catch (error) {
    throw malformed((error as Error).message)
  }
  if (!equalBytes(value.genesis, genesis)) throw malformed(`of another testnet (genesis ${toHex(value.genesis)})`)
  const records: BlockRecord[] = []
  for (const header of value.headers) {
    const before = records.at(-1)
    const record = recordOf(header, before ? before.work + BigInt(header.message.difficulty) : value.work)
    if (before && record.parent !== before.hash) throw malformed(`header ${record.height} does not follow`)
    records.push(record)
  }
  const last = records.at(-1)
  if (!last) throw malformed('no headers')
  const state = decodeState(value.state)
  if (!equalBytes(stateRoot(state), last.header.message.stateRoot))
    throw malformed('the state is not that of its block')
  return { records, state }
}
