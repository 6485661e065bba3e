// Signatures: ed25519 on libuv's thread pool, so that the event loop stays free and all cores work.
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import type { SignatureJob } from './chain/types.ts'
import { encodeHex } from './store/keys.ts'

/** Parsed public keys kept; parsing one costs about a fifth of a verification. */
const maxCachedKeys = 8_192

const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex')
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')

export class Verifier {
  readonly #keys = new Map<string, KeyObject>()

  /** True when every signature holds. An unparsable key counts as a bad signature. */
  verify(jobs: readonly SignatureJob[]): Promise<boolean> {
    return new Promise(resolve => {
      let open = jobs.length
      let good = true
      if (open === 0) resolve(true)
      const done = (error: Error | null, ok: boolean): void => {
        if (error !== null || !ok) good = false
        if (--open === 0) resolve(good)
      }
      for (const { publicKey, message, signature } of jobs) {
        const key = this.#key(publicKey)
        if (key === undefined) done(null, false)
        else verify(null, message, key, signature, done)
      }
    })
  }

  /** Undefined when the bytes are no key. */
  #key(raw: Uint8Array): KeyObject | undefined {
    const id = encodeHex(raw)
    const known = this.#keys.get(id)
    if (known) return known
    let key: KeyObject
    try {
      key = createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: 'der', type: 'spki' })
    } catch {
      return undefined
    }
    if (this.#keys.size >= maxCachedKeys) {
      const oldest = this.#keys.keys().next().value
      if (oldest !== undefined) this.#keys.delete(oldest)
    }
    this.#keys.set(id, key)
    return key
  }
}

export interface SigningKey {
  readonly publicKey: Uint8Array
  sign(message: Uint8Array): Uint8Array
}

/** The ed25519 key of a 32-byte seed (64 hex digits). Signatures are deterministic (RFC 8032). */
export function signingKey(seedHex: string): SigningKey {
  const key = createPrivateKey({
    key: Buffer.concat([pkcs8Prefix, Buffer.from(seedHex, 'hex')]),
    format: 'der',
    type: 'pkcs8',
  })
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return {
    publicKey: new Uint8Array(spki.subarray(spki.length - 32)),
    sign: message => new Uint8Array(sign(null, message, key)),
  }
}
