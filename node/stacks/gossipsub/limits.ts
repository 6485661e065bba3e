// Bounds of everything that comes from a peer. A length is compared with its bound before anything is allocated for it.
import { MAX_TRANSACTION_MESSAGE_BYTES, type Method, type Topic } from '../port.ts'

const KIB = 1_024
const MIB = 1_048_576

/** Encoding overhead allowed on top of genesis.maxBlockBytes: header, offsets, and a frame's own fields. */
const BLOCK_OVERHEAD_BYTES = 64 * KIB

export interface MethodLimits {
  readonly maxRequestBytes: number
  readonly maxFrameBytes: number
  /** Frames in one answer. */
  readonly maxFrames: number
}

/** Limits of each request method for blocks of at most `maxBlockBytes`. */
export function methodLimits(maxBlockBytes: number): Readonly<Record<Method, MethodLimits>> {
  const block = maxBlockBytes + BLOCK_OVERHEAD_BYTES
  return {
    status: { maxRequestBytes: 4 * KIB, maxFrameBytes: 4 * KIB, maxFrames: 1 },
    headers: { maxRequestBytes: 8 * KIB, maxFrameBytes: 512 * KIB, maxFrames: 512 },
    bodies: { maxRequestBytes: 8 * KIB, maxFrameBytes: block, maxFrames: 256 },
    finality: { maxRequestBytes: 8 * KIB, maxFrameBytes: MIB, maxFrames: 64 },
    pool: { maxRequestBytes: 256 * KIB, maxFrameBytes: 256 * KIB, maxFrames: 4_096 },
    peers: { maxRequestBytes: 64, maxFrameBytes: MAX_RECORD_BYTES, maxFrames: MAX_RECORDS_PER_ANSWER },
  }
}

/** Largest message of each topic. */
export function topicLimits(maxBlockBytes: number): Readonly<Record<Topic, number>> {
  return { block: maxBlockBytes + BLOCK_OVERHEAD_BYTES, transaction: MAX_TRANSACTION_MESSAGE_BYTES, vote: 4 * KIB }
}

/** One gossip RPC may carry a block and control messages beside it. */
export const rpcLimit = (maxBlockBytes: number): number => maxBlockBytes + BLOCK_OVERHEAD_BYTES + 256 * KIB

/** Messages per second and burst one peer may bring per topic before its messages are ignored and it pays. */
export const MESSAGE_RATES: Readonly<Record<Topic, { readonly perSecond: number; readonly burst: number }>> = {
  block: { perSecond: 50, burst: 500 },
  transaction: { perSecond: 5_000, burst: 10_000 },
  vote: { perSecond: 1_000, burst: 8_192 },
}
/**
 * Messages and bytes whose verdict is awaited, per peer and in all; those beyond are ignored without blame. Bytes stand
 * for signatures to verify: a peer cannot queue minutes of work before its first message is found to be bad.
 */
export const MAX_PENDING_VERDICTS_PER_PEER = 4_096
export const MAX_PENDING_VERDICTS = 16_384
export const MAX_PENDING_VERDICT_BYTES_PER_PEER = 8 * MIB
export const MAX_PENDING_VERDICT_BYTES = 64 * MIB

/** Entries a peer may list in one RPC (subscriptions, messages, ids). Ours never reach a tenth of it. */
export const RPC_LIMITS = {
  maxSubscriptions: 64,
  maxMessages: 5_000,
  maxIhaveMessageIDs: 5_000,
  maxIwantMessageIDs: 5_000,
  maxControlMessages: 512,
  maxIdontwantMessageIDs: 512,
  maxPeerInfos: 0,
}
/** Bytes waiting for a slow neighbour before its gossip stream is reset. */
export const MAX_GOSSIP_BACKLOG_BYTES = 16 * MIB

/** A signed peer record with eight addresses takes about 600 bytes. */
export const MAX_RECORD_BYTES = 2 * KIB
export const MAX_RECORDS_PER_ANSWER = 32
export const MAX_ADDRESSES_PER_PEER = 8

/** Requests one peer may have open at us at once, per method. */
export const MAX_INBOUND_STREAMS_PER_METHOD = 4
/** Requests of ours that may be open at one peer at once, per method. */
export const MAX_OUTBOUND_STREAMS_PER_METHOD = 16
/** The request frame must have arrived by then. */
export const REQUEST_READ_TIMEOUT_MS = 5_000
/** A served answer must have been taken by then. */
export const SERVE_TIMEOUT_MS = 30_000
/** A finished stream that the peer does not close is reset after this. */
export const CLOSE_GRACE_MS = 5_000
/** Frames of an answer are gathered until they are this many bytes. */
export const QUEUE_BYTES = 32 * KIB
/** Read-side buffering of one stream above which the peer is no longer granted window. */
export const READ_HIGH_WATER_BYTES = 256 * KIB
/** Must stay below the 4 MiB at which libp2p resets a stream nobody reads. */
export const MAX_STREAM_WINDOW_BYTES = 2 * MIB

/** Connections beyond limits.inbound that are let in so that eviction has a choice. */
export const INBOUND_SLACK = 8
/** Handshakes in progress. */
export const MAX_PENDING_INBOUND = 64
/** New connections per second from one host; nodes on one machine may share a host. */
export const MAX_INBOUND_PER_HOST_PER_SECOND = 64
/** Peers libp2p's own peer store may remember beside the connected ones. */
export const MAX_STORED_PEERS = 2_048
