// Signatures: ed25519 on libuv's thread pool, so that the event loop stays free and all cores work.
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { toHex } from '../chain/hex.ts'
import type { SignatureJob } from '../chain/types.ts'

/** Parsed public keys kept; parsing one costs about a fifth of a verification. */
const maxCachedKeys = 8_192

const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex')
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')

/** Signatures handed to the thread pool at one time: enough to keep its threads busy over a long turn of the event loop. */
const maxInFlight = 128
/** Headers and votes go before the bodies of blocks: others wait for them. */
const urgentJobs = 4

interface Batch {
  readonly jobs: readonly SignatureJob[]
  readonly resolve: (good: boolean) => void
  next: number
  open: number
  good: boolean
}

/**
 * The pool is shared with the store, whose reads and writes must not wait behind the thousands of signatures of a
 * synchronisation; so few are in the pool at a time and the rest wait here, as long as the importer's bounds allow.
 */
export class Verifier {
  readonly #keys = new Map<string, KeyObject>()
  readonly #waiting: Batch[] = []
  #inFlight = 0

  /** True when every signature holds. An unparsable key counts as a bad signature. */
  verify(jobs: readonly SignatureJob[]): Promise<boolean> {
    if (jobs.length === 0) return Promise.resolve(true)
    return new Promise(resolve => {
      const batch = { jobs, resolve, next: 0, open: jobs.length, good: true }
      if (jobs.length <= urgentJobs) this.#waiting.unshift(batch)
      else this.#waiting.push(batch)
      this.#fill()
    })
  }

  #fill(): void {
    while (this.#inFlight < maxInFlight) {
      const batch = this.#waiting[0]
      if (batch === undefined) return
      const { publicKey, message, signature } = batch.jobs[batch.next++]!
      if (batch.next === batch.jobs.length) this.#waiting.shift()
      const key = this.#key(publicKey)
      if (key === undefined) {
        close(batch, false)
        continue
      }
      this.#inFlight++
      verify(null, message, key, signature, (error, ok) => {
        this.#inFlight--
        close(batch, error === null && ok)
        this.#fill()
      })
    }
  }

  /** Undefined when the bytes are no key. */
  #key(raw: Uint8Array): KeyObject | undefined {
    const id = toHex(raw)
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

function close(batch: Batch, good: boolean): void {
  if (!good) batch.good = false
  if (--batch.open === 0) batch.resolve(batch.good)
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
