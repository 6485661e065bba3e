// Answers what peers ask: decodes within bounds, charges the peer, reads, and yields frames. Throws RequestRefused.
import { encodeCertificate, encodeHeaders, encodeTransaction } from '../chain/index.ts'
import { DecodeError } from '../chain/ssz.ts'
import type { Certificate, Hash, Millis, SignedHeader, SignedTransaction } from '../chain/types.ts'
import { type PeerId, RequestRefused } from '../stacks/port.ts'
import {
  HEADERS_PER_FRAME,
  MAX_BODIES_ANSWER_BYTES,
  MAX_CERTIFICATES_PER_ANSWER,
  MAX_POOL_ANSWER_BYTES,
  MAX_POOL_REQUEST,
} from './bounds.ts'
import type { RequestLimits, ServedMethod } from './limits.ts'
import {
  decodeBodiesRequest,
  decodeFinalityRequest,
  decodeHeadersRequest,
  decodePoolRequest,
  decodeStatus,
  encodeBodyFrame,
  encodeStatus,
  type Status,
} from './messages.ts'
import type { SyncOffence } from './offences.ts'

type Eventually<T> = T | Promise<T>

/** What serving reads of the node. */
export interface ServeReaders {
  status(): Status
  /** Main-chain headers after the first locator entry on our main chain, oldest first, at most `max`. */
  headersAfter(locator: readonly Hash[], max: number): Eventually<readonly SignedHeader[]>
  /** Encoded body of any block we hold. */
  body(hash: Hash): Eventually<Uint8Array | undefined>
  /** Certificates of checkpoints above the height, lowest first. */
  certificates(fromHeight: number, max: number): Eventually<readonly Certificate[]>
  /** A transaction of the pool. */
  transaction(id: Hash): SignedTransaction | undefined
  /** The pool's best, at most `max`. */
  bestTransactions(max: number): Iterable<SignedTransaction>
}

export interface ServeContext {
  readonly readers: ServeReaders
  readonly limits: RequestLimits
  readonly now: () => Millis
  punish(peer: PeerId, offence: SyncOffence): void
  /** The peer told its status; false ends the talk. */
  onStatus(peer: PeerId, status: Status): boolean
}

/** The answer's frames. Every method is bounded in items and bytes. Throws RequestRefused. */
export async function* serve(
  context: ServeContext,
  method: ServedMethod,
  bytes: Uint8Array,
  from: PeerId,
): AsyncGenerator<Uint8Array> {
  for await (const frame of answer(context, method, bytes, from)) {
    context.limits.chargeBytes(from, frame.length, context.now())
    yield frame
  }
}

function answer(
  context: ServeContext,
  method: ServedMethod,
  bytes: Uint8Array,
  from: PeerId,
): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  const { readers } = context
  const request = <T>(decode: (bytes: Uint8Array) => T, cost: (value: T) => number): T => {
    const value = decoded(context, from, bytes, decode)
    pay(context, from, method, cost(value))
    return value
  }
  switch (method) {
    case 'status': {
      const theirs = request(decodeStatus, () => 1)
      // Our own status goes out in either case, so that the other side can say the same reason.
      const frame = encodeStatus(readers.status())
      context.onStatus(from, theirs)
      return [frame]
    }
    case 'headers': {
      const { locator, max } = request(decodeHeadersRequest, value => value.max)
      return headerFrames(readers, locator, max)
    }
    case 'bodies': {
      const hashes = request(decodeBodiesRequest, value => value.length)
      return bodyFrames(readers, hashes)
    }
    case 'finality': {
      const height = request(decodeFinalityRequest, () => MAX_CERTIFICATES_PER_ANSWER)
      return certificateFrames(readers, height)
    }
    case 'pool': {
      const ids = request(decodePoolRequest, value => value.length || MAX_POOL_REQUEST)
      return transactionFrames(readers, ids)
    }
  }
}

async function* headerFrames(readers: ServeReaders, locator: readonly Hash[], max: number): AsyncGenerator<Uint8Array> {
  const headers = (await readers.headersAfter(locator, max)).slice(0, max)
  for (let i = 0; i < headers.length; i += HEADERS_PER_FRAME)
    yield encodeHeaders(headers.slice(i, i + HEADERS_PER_FRAME))
}

async function* bodyFrames(readers: ServeReaders, hashes: readonly Hash[]): AsyncGenerator<Uint8Array> {
  let sent = 0
  for (const hash of hashes) {
    if (sent >= MAX_BODIES_ANSWER_BYTES) return
    const body = await readers.body(hash)
    sent += body?.length ?? 0
    yield encodeBodyFrame(body)
  }
}

async function* certificateFrames(readers: ServeReaders, fromHeight: number): AsyncGenerator<Uint8Array> {
  const certificates = await readers.certificates(fromHeight, MAX_CERTIFICATES_PER_ANSWER)
  for (const certificate of certificates.slice(0, MAX_CERTIFICATES_PER_ANSWER)) yield encodeCertificate(certificate)
}

function* transactionFrames(readers: ServeReaders, ids: readonly Hash[]): Generator<Uint8Array> {
  const found = ids.length === 0 ? readers.bestTransactions(MAX_POOL_REQUEST) : ids.map(id => readers.transaction(id))
  let [count, sent] = [0, 0]
  for (const transaction of found) {
    if (!transaction) continue
    if (count++ >= MAX_POOL_REQUEST || sent >= MAX_POOL_ANSWER_BYTES) return
    const frame = encodeTransaction(transaction)
    sent += frame.length
    yield frame
  }
}

function decoded<T>(context: ServeContext, from: PeerId, bytes: Uint8Array, decode: (bytes: Uint8Array) => T): T {
  try {
    return decode(bytes)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    context.punish(from, 'sync-malformed-request')
    throw new RequestRefused('malformed', error.message)
  }
}

function pay(context: ServeContext, from: PeerId, method: ServedMethod, cost: number): void {
  const verdict = context.limits.charge(from, method, cost, context.now())
  if (verdict.kind === 'allowed') return
  if (verdict.punish) context.punish(from, 'sync-rate-limited')
  throw new RequestRefused('rate-limited', `${method}: try again in ${verdict.retryAfterMs} ms`)
}
