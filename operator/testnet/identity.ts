// Identities that follow from a testnet's seed: known before any node exists, and the same on every machine.
import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { ed25519 } from '@noble/curves/ed25519.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'

/** Changing it changes every identity of every testnet. */
export const IDENTITY_SALT = 'trellis.dev/v1alpha1'
const SALT = utf8ToBytes(IDENTITY_SALT)
export const KEY_BYTES = 32

/** What a key is for; each purpose of each owner has a key of its own. */
export type Purpose = `network/${string}` | `validator/${string}` | `load/${string}/${number}` | `canary/${number}`

/** Seed of an ed25519 key, 64 lowercase hex digits: HKDF with SHA-256 (RFC 5869), the purpose as info. */
export function keySeed(testnetSeed: string, purpose: Purpose): string {
  return bytesToHex(hkdf(sha256, utf8ToBytes(testnetSeed), SALT, utf8ToBytes(purpose), KEY_BYTES))
}

/** Public key of an ed25519 seed (RFC 8032), both as 64 lowercase hex digits. It is an account's address too. */
export function publicKey(seed: string): string {
  return bytesToHex(ed25519.getPublicKey(hexToBytes(seed)))
}

/** The libp2p peer id (`12D3KooW...`) of a network key's public part. */
export function peerIdOf(publicKey: string): string {
  return peerIdFromPublicKey(publicKeyFromRaw(hexToBytes(publicKey))).toString()
}

/** All that follows from one purpose. Public parts are derived when they are first read. */
export interface Identity {
  readonly seed: string
  readonly publicKey: string
  readonly peerId: string
}
/** Always gives the same as `derive`, perhaps faster. */
export type Derive = (testnetSeed: string, purpose: Purpose) => Identity

export const derive: Derive = (testnetSeed, purpose) => {
  const seed = keySeed(testnetSeed, purpose)
  let key: string | undefined
  const ofSeed = (): string => {
    key ??= publicKey(seed)
    return key
  }
  return {
    seed,
    get publicKey() {
      return ofSeed()
    },
    get peerId() {
      return peerIdOf(ofSeed())
    },
  }
}
