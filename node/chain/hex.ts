// Bytes as lowercase hex: map keys and JSON.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'

export const toHex = (bytes: Uint8Array): string => bytesToHex(bytes)
/** Throws RangeError when the text is not hex. */
export const fromHex = (text: string): Uint8Array => hexToBytes(text)

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
