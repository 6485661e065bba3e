// A state as bytes, for the store: its accounts in path order, 48 bytes each. Whoever reads it compares the root.
import { ACCOUNT_BYTES, accountsOf, emptyState, encodeAccount, type State, setAccount } from './accounts.ts'
import { DecodeError } from './ssz.ts'

/** Accounts in a snapshot at most: 4 Mi accounts are 192 MiB, far beyond what a testnet's node holds in memory. */
export const MAX_SNAPSHOT_ACCOUNTS = 4_194_304

export function encodeState(state: State): Uint8Array {
  const accounts = [...accountsOf(state)]
  const bytes = new Uint8Array(accounts.length * ACCOUNT_BYTES)
  for (const [index, { address, account }] of accounts.entries()) {
    encodeAccount(address, account, bytes, index * ACCOUNT_BYTES)
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
