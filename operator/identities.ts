// Identities for a driver that expands large testnets, and some of them again and again: derived by the platform's own
// cryptography, a quarter of the time of the pure derivation, and kept.
import { createPrivateKey, createPublicKey, hkdfSync } from 'node:crypto'
import { type Derive, IDENTITY_SALT, type Identity, KEY_BYTES, type Purpose, peerIdOf } from './testnet/identity.ts'

/** About 20 MB. A testnet of 5,000 nodes with 4,096 miners has 9,200 and the accounts of its load nodes. */
const MAX_IDENTITIES = 50_000
/** PKCS #8 of an ed25519 key up to its seed (RFC 8410). */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

class NativeIdentity implements Identity {
  readonly seed: string
  #publicKey: string | undefined
  #peerId: string | undefined

  constructor(testnetSeed: string, purpose: Purpose) {
    this.seed = Buffer.from(hkdfSync('sha256', testnetSeed, IDENTITY_SALT, purpose, KEY_BYTES)).toString('hex')
  }

  get publicKey(): string {
    this.#publicKey ??= nativePublicKey(this.seed)
    return this.#publicKey
  }

  get peerId(): string {
    this.#peerId ??= peerIdOf(this.publicKey)
    return this.#peerId
  }
}

function nativePublicKey(seed: string): string {
  const key = Buffer.concat([PRIVATE_PREFIX, Buffer.from(seed, 'hex')])
  const spki = createPublicKey(createPrivateKey({ key, format: 'der', type: 'pkcs8' })).export({
    format: 'der',
    type: 'spki',
  })
  return spki.subarray(-KEY_BYTES).toString('hex')
}

/** Keeps the MAX_IDENTITIES that were made last. They hold secrets: one of these lives in one process and is not shared. */
export function identities(): Derive {
  const known = new Map<string, Identity>()
  return (testnetSeed, purpose) => {
    const key = JSON.stringify([testnetSeed, purpose])
    const kept = known.get(key)
    if (kept) return kept
    if (known.size >= MAX_IDENTITIES) known.delete(known.keys().next().value!)
    const made = new NativeIdentity(testnetSeed, purpose)
    known.set(key, made)
    return made
  }
}
