// The requests synchronisation sends over a stack: encode, ask, decode within bounds, report as scheduler events.
import { blockHash, DecodeError, decodeBody, decodeHeaders, type SignedHeader, toHex } from '../chain/index.ts'
import { type PeerId, RequestFailed, type Stack } from '../stacks/port.ts'
import { MAX_BODIES_ANSWER_BYTES, MAX_CERTIFICATES_PER_ANSWER, REQUEST_MAX_MS } from '../sync/bounds.ts'
import type { SyncEffect, SyncEvent } from '../sync/events.ts'
import type { HeaderLink } from '../sync/header-tree.ts'
import {
  decodeBodyFrame,
  decodeStatus,
  encodeBodiesRequest,
  encodeFinalityRequest,
  encodeHeadersRequest,
  encodeStatus,
  type Status,
} from '../sync/messages.ts'

export type RequestEffect = Extract<SyncEffect, { kind: 'request-headers' | 'request-bodies' | 'request-finality' }>

/** A status is one small frame; a peer that needs longer is as good as gone. */
export const STATUS_TIMEOUT_MS = 4_000

export interface RequestParts {
  readonly stack: Pick<Stack, 'request'>
  readonly feed: (event: SyncEvent) => void
  /** False: the certificate is forged. */
  readonly addCertificate: (bytes: Uint8Array) => Promise<boolean>
}

/** Runs one request to its end and feeds what comes of it; the last event closes the request. Never rejects. */
export async function runRequest(parts: RequestParts, effect: RequestEffect, signal: AbortSignal): Promise<SyncEvent> {
  try {
    if (effect.kind === 'request-headers') return await askHeaders(parts, effect, signal)
    if (effect.kind === 'request-bodies') return await askBodies(parts, effect, signal)
    return await askFinality(parts, effect, signal)
  } catch (error) {
    return { kind: 'failed', request: effect.request, reason: reasonOf(error) }
  }
}

/** Tells our status and returns theirs. Rejects with RequestFailed or DecodeError. */
export async function exchangeStatus(stack: RequestParts['stack'], peer: PeerId, ours: Status): Promise<Status> {
  let status: Status | undefined
  for await (const frame of stack.request(peer, 'status', encodeStatus(ours), { timeoutMs: STATUS_TIMEOUT_MS }))
    status = decodeStatus(frame)
  if (!status) throw new RequestFailed('malformed', 'an answer without a status')
  return status
}

export function reasonOf(error: unknown): 'silence' | 'refused' | 'malformed' {
  if (error instanceof DecodeError) return 'malformed'
  if (!(error instanceof RequestFailed)) return 'silence'
  if (error.code === 'refused') return 'refused'
  return error.code === 'timeout' || error.code === 'closed' ? 'silence' : 'malformed'
}

async function askHeaders(
  { stack }: RequestParts,
  { request, peer, locator, max }: RequestEffect & { kind: 'request-headers' },
  signal: AbortSignal,
): Promise<SyncEvent> {
  const headers: HeaderLink[] = []
  const bytes = encodeHeadersRequest({ locator, max })
  for await (const frame of stack.request(peer, 'headers', bytes, { timeoutMs: REQUEST_MAX_MS, signal })) {
    headers.push(...decodeHeaders(frame).map(linkOf))
    if (headers.length > max) throw new DecodeError('oversized', `more than ${max} headers`)
  }
  return { kind: 'headers', request, headers }
}

async function askBodies(
  { stack, feed }: RequestParts,
  { request, peer, blocks }: RequestEffect & { kind: 'request-bodies' },
  signal: AbortSignal,
): Promise<SyncEvent> {
  const wanted = blocks.values()
  const bytes = encodeBodiesRequest(blocks.map(block => block.hash))
  let taken = 0
  for await (const frame of stack.request(peer, 'bodies', bytes, { timeoutMs: REQUEST_MAX_MS, signal })) {
    const next = wanted.next()
    if (next.done) throw new DecodeError('oversized', 'more bodies than asked for')
    const { hash, header } = next.value
    const body = decodeBodyFrame(frame)
    if (!body) {
      feed({ kind: 'no-body', request, hash })
      continue
    }
    try {
      feed({ kind: 'body', request, hash, block: { header, transactions: decodeBody(body) }, bytes: body.length })
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      return { kind: 'bad-body', request, hash }
    }
    // A server ends here of its own accord; one that does not is not listened to any longer.
    taken += body.length
    if (taken >= MAX_BODIES_ANSWER_BYTES) break
  }
  return { kind: 'bodies-end', request }
}

async function askFinality(
  { stack, addCertificate }: RequestParts,
  { request, peer, fromHeight }: RequestEffect & { kind: 'request-finality' },
  signal: AbortSignal,
): Promise<SyncEvent> {
  let count = 0
  const bytes = encodeFinalityRequest(fromHeight)
  for await (const frame of stack.request(peer, 'finality', bytes, { timeoutMs: REQUEST_MAX_MS, signal })) {
    if (++count > MAX_CERTIFICATES_PER_ANSWER)
      throw new DecodeError('oversized', 'more certificates than an answer has')
    if (!(await addCertificate(frame))) throw new DecodeError('malformed', 'a certificate that proves nothing')
  }
  return { kind: 'finality-end', request }
}

/** Throws DecodeError when the header has no parent. */
function linkOf(header: SignedHeader): HeaderLink {
  const { parents, height, difficulty } = header.message
  if (!parents[0]) throw new DecodeError('malformed', 'a header without a parent')
  return { hash: blockHash(header.message), parent: toHex(parents[0]), height, difficulty, header }
}
