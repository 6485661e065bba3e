import type { Hash } from '../chain/types.ts'

export type { Hash }

/** Lowercase hex of bytes. */
export function encodeHex(bytes: Uint8Array): Hash {
  return bytes.toHex()
}

/** Bytes of a hex string that is known to be well-formed. */
export function decodeHex(hex: Hash): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}
