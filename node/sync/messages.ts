// What travels in requests and answers of the methods status, headers, bodies, finality and pool. SSZ, one canonical
// encoding each; decoders look at the length first and throw DecodeError only. Chain objects keep their own encodings.
import {
  ByteListType,
  ByteVectorType,
  ContainerType,
  ListCompositeType,
  type Type,
  UintNumberType,
} from '@chainsafe/ssz'
import { fromHex, toHex } from '../chain/hex.ts'
import { DecodeError } from '../chain/ssz.ts'
import type { Checkpoint, Hash } from '../chain/types.ts'
import { MAX_BODIES_PER_REQUEST, MAX_HEADERS_PER_ANSWER, MAX_LOCATOR, MAX_POOL_REQUEST } from './bounds.ts'

/** Raised by every change of a message or rule that older nodes would misread. */
export const PROTOCOL_VERSION = 1
export const MAX_NAME_BYTES = 63
export const MAX_CAPABILITIES = 16
export const MAX_CAPABILITY_BYTES = 32
/** Cumulative work is below 2^256. */
export const WORK_BYTES = 32

/** Who a node is and where its chain stands. */
export interface Status {
  readonly protocolVersion: number
  readonly genesisHash: Hash
  readonly chainId: string
  readonly head: { readonly hash: Hash; readonly height: number; readonly work: bigint }
  readonly justified: Checkpoint
  readonly finalized: Checkpoint
  readonly name: string
  /** Lowercase words; unknown ones are ignored. */
  readonly capabilities: readonly string[]
}

export interface HeadersRequest {
  readonly locator: readonly Hash[]
  readonly max: number
}

const bytes32 = new ByteVectorType(32)
const uint64 = new UintNumberType(8)
const checkpoint = new ContainerType({ hash: bytes32, height: uint64 })

const statusType = new ContainerType({
  protocolVersion: new UintNumberType(2),
  genesisHash: bytes32,
  chainId: new ByteListType(MAX_NAME_BYTES),
  head: new ContainerType({ hash: bytes32, height: uint64, work: new ByteVectorType(WORK_BYTES) }),
  justified: checkpoint,
  finalized: checkpoint,
  name: new ByteListType(MAX_NAME_BYTES),
  capabilities: new ListCompositeType(new ByteListType(MAX_CAPABILITY_BYTES), MAX_CAPABILITIES),
})
const headersRequestType = new ContainerType({
  locator: new ListCompositeType(bytes32, MAX_LOCATOR),
  max: new UintNumberType(2),
})
const bodiesRequestType = new ListCompositeType(bytes32, MAX_BODIES_PER_REQUEST)
const finalityRequestType = new ContainerType({ fromHeight: uint64 })
const poolRequestType = new ListCompositeType(bytes32, MAX_POOL_REQUEST)

const MAX_STATUS_BYTES = 1_024

/** Throws RangeError when a text is too long or the work negative: our own status is at fault then. */
export function encodeStatus(status: Status): Uint8Array {
  return statusType.serialize({
    ...status,
    genesisHash: fromHex(status.genesisHash),
    chainId: text(status.chainId, MAX_NAME_BYTES),
    head: { hash: fromHex(status.head.hash), height: status.head.height, work: workBytes(status.head.work) },
    justified: { hash: fromHex(status.justified.hash), height: status.justified.height },
    finalized: { hash: fromHex(status.finalized.hash), height: status.finalized.height },
    name: text(status.name, MAX_NAME_BYTES),
    capabilities: status.capabilities.map(word => text(word, MAX_CAPABILITY_BYTES)),
  })
}

/** Throws DecodeError. */
export function decodeStatus(bytes: Uint8Array): Status {
  const value = decode('status', statusType, MAX_STATUS_BYTES, bytes)
  return {
    protocolVersion: value.protocolVersion,
    genesisHash: toHex(value.genesisHash),
    chainId: printable('chain id', value.chainId),
    head: {
      hash: toHex(value.head.hash),
      height: exact(value.head.height),
      work: BigInt(`0x${toHex(value.head.work)}`),
    },
    justified: { hash: toHex(value.justified.hash), height: exact(value.justified.height) },
    finalized: { hash: toHex(value.finalized.hash), height: exact(value.finalized.height) },
    name: printable('name', value.name),
    capabilities: value.capabilities.map(word => printable('capability', word)),
  }
}

/** `locator` holds at most MAX_LOCATOR hashes. */
export function encodeHeadersRequest({ locator, max }: HeadersRequest): Uint8Array {
  return headersRequestType.serialize({ locator: locator.map(fromHex), max })
}

/** Throws DecodeError. */
export function decodeHeadersRequest(bytes: Uint8Array): HeadersRequest {
  const { locator, max } = decode('headers request', headersRequestType, 8 + MAX_LOCATOR * 32, bytes)
  if (max < 1 || max > MAX_HEADERS_PER_ANSWER)
    throw new DecodeError('malformed', `headers request: max ${max} is not in 1..${MAX_HEADERS_PER_ANSWER}`)
  return { locator: locator.map(toHex), max }
}

/** At most MAX_BODIES_PER_REQUEST hashes. */
export const encodeBodiesRequest = (hashes: readonly Hash[]): Uint8Array =>
  bodiesRequestType.serialize(hashes.map(fromHex))

/** Throws DecodeError; an empty request is one. */
export function decodeBodiesRequest(bytes: Uint8Array): Hash[] {
  const hashes = decode('bodies request', bodiesRequestType, MAX_BODIES_PER_REQUEST * 32, bytes)
  if (hashes.length === 0) throw new DecodeError('malformed', 'bodies request: no hashes')
  return hashes.map(toHex)
}

export const encodeFinalityRequest = (fromHeight: number): Uint8Array => finalityRequestType.serialize({ fromHeight })
/** Throws DecodeError. */
export const decodeFinalityRequest = (bytes: Uint8Array): number =>
  exact(decode('finality request', finalityRequestType, 8, bytes).fromHeight)

/** Ids of the transactions wanted; none asks for the best of the pool. At most MAX_POOL_REQUEST. */
export const encodePoolRequest = (ids: readonly Hash[]): Uint8Array => poolRequestType.serialize(ids.map(fromHex))
/** Throws DecodeError. */
export const decodePoolRequest = (bytes: Uint8Array): Hash[] =>
  decode('pool request', poolRequestType, MAX_POOL_REQUEST * 32, bytes).map(toHex)

const NOT_HERE = 0
const HERE = 1

/** One frame of a bodies answer, in the order of the request; undefined when the block is not here. */
export function encodeBodyFrame(body: Uint8Array | undefined): Uint8Array {
  if (!body) return Uint8Array.of(NOT_HERE)
  const frame = new Uint8Array(1 + body.length)
  frame[0] = HERE
  frame.set(body, 1)
  return frame
}

/** Throws DecodeError. The body itself is not decoded. */
export function decodeBodyFrame(frame: Uint8Array): Uint8Array | undefined {
  if (frame[0] === HERE) return frame.subarray(1)
  if (frame[0] === NOT_HERE && frame.length === 1) return undefined
  throw new DecodeError('malformed', 'body frame: neither a body nor its absence')
}

function decode<T>(name: string, type: Type<T>, maxBytes: number, bytes: Uint8Array): T {
  if (bytes.length > maxBytes)
    throw new DecodeError('oversized', `${name}: ${bytes.length} bytes, at most ${maxBytes} allowed`)
  try {
    return type.deserialize(bytes)
  } catch (error) {
    throw new DecodeError('malformed', `${name}: ${(error as Error).message}`)
  }
}

function exact(value: number): number {
  if (!Number.isSafeInteger(value)) throw new DecodeError('malformed', 'integer above 2^53-1')
  return value
}

function text(value: string, maxBytes: number): Uint8Array {
  const bytes = new TextEncoder().encode(value)
  if (bytes.length > maxBytes) throw new RangeError(`${JSON.stringify(value)} is longer than ${maxBytes} bytes`)
  return bytes
}

/** Names end up in logs and on terminals: printable ASCII only. */
function printable(field: string, bytes: Uint8Array): string {
  if (bytes.some(byte => byte < 0x20 || byte > 0x7e))
    throw new DecodeError('malformed', `status: ${field} has characters that are not printable ASCII`)
  return String.fromCharCode(...bytes)
}

function workBytes(work: bigint): Uint8Array {
  const hex = work.toString(16).padStart(2 * WORK_BYTES, '0')
  if (work < 0n || hex.length > 2 * WORK_BYTES) throw new RangeError(`work ${work} does not fit ${WORK_BYTES} bytes`)
  return fromHex(hex)
}
