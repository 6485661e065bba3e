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
  async verify(jobs: readonly SignatureJob[]): Promise<boolean> {
    if (jobs.length === 0) return true
    return (await Promise.all(jobs.map(job => this.#verifyOne(job)))).every(Boolean)
  }

  #verifyOne(job: SignatureJob): Promise<boolean> {
    let key: KeyObject
    try {
      key = this.#key(job.publicKey)
    } catch {
      return Promise.resolve(false)
    }
    return new Promise(resolve => {
      verify(null, job.message, key, job.signature, (error, ok) => resolve(error === null && ok))
    })
  }

  #key(raw: Uint8Array): KeyObject {
    const id = encodeHex(raw)
    const known = this.#keys.get(id)
    if (known) return known
    const key = createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: 'der', type: 'spki' })
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
