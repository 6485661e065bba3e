// The wire and disk form of every object: SSZ, one canonical encoding each. Decoders check the length before anything is
// allocated, refuse non-canonical offsets, trailing bytes and integers above 2^53-1, and throw DecodeError only.
// Source: the SSZ specification (ethereum/consensus-specs, ssz/simple-serialize.md).
import {
  ByteListType,
  ByteVectorType,
  ContainerType,
  ListCompositeType,
  type Type,
  UintNumberType,
  type ValueOf,
} from '@chainsafe/ssz'
import {
  MAX_BLOCK_BYTES,
  MAX_BODY_BYTES,
  MAX_CERTIFICATE_BYTES,
  MAX_CHAIN_ID_BYTES,
  MAX_GENESIS_ACCOUNTS,
  MAX_HEADER_BYTES,
  MAX_HEADERS,
  MAX_HEADERS_BYTES,
  MAX_PARENTS,
  MAX_PAYLOAD_BYTES,
  MAX_TRANSACTION_BYTES,
  MAX_TRANSACTIONS_PER_BLOCK,
  MAX_VALIDATORS,
  VOTE_BYTES,
} from './bounds.ts'
import { fromHex, toHex } from './hex.ts'
import type { Block, Certificate, Checkpoint, SignedHeader, SignedTransaction, SignedVote, Vote } from './types.ts'

const bytes32 = new ByteVectorType(32)
const bytes64 = new ByteVectorType(64)
const uint64 = new UintNumberType(8)

export const transactionType = new ContainerType({
  sender: bytes32,
  recipient: bytes32,
  amount: uint64,
  fee: uint64,
  nonce: uint64,
  payload: new ByteListType(MAX_PAYLOAD_BYTES),
})
const signedTransactionType = new ContainerType({ message: transactionType, signature: bytes64 })

export const headerType = new ContainerType({
  parents: new ListCompositeType(bytes32, MAX_PARENTS),
  height: uint64,
  timestamp: uint64,
  producer: bytes32,
  difficulty: uint64,
  ticket: bytes64,
  stateRoot: bytes32,
  bodyRoot: bytes32,
})
const signedHeaderType = new ContainerType({ message: headerType, signature: bytes64 })
export const headersType = new ListCompositeType(signedHeaderType, MAX_HEADERS)
const bodyType = new ListCompositeType(signedTransactionType, MAX_TRANSACTIONS_PER_BLOCK)
const blockType = new ContainerType({ header: signedHeaderType, transactions: bodyType })
/** The body root's leaves: one root per signed transaction. */
export const bodyRootsType = new ListCompositeType(bytes32, MAX_TRANSACTIONS_PER_BLOCK)

const checkpointType = new ContainerType({ hash: bytes32, height: uint64 })
export const voteType = new ContainerType({ source: checkpointType, target: checkpointType })
const signedVoteType = new ContainerType({ message: voteType, validator: bytes32, signature: bytes64 })
const certificateType = new ContainerType({
  vote: voteType,
  signatures: new ListCompositeType(new ContainerType({ validator: bytes32, signature: bytes64 }), MAX_VALIDATORS),
})

export const genesisType = new ContainerType({
  chainId: new ByteListType(MAX_CHAIN_ID_BYTES),
  time: uint64,
  blockIntervalMs: uint64,
  checkpointInterval: uint64,
  quorum: new ContainerType({ numerator: uint64, denominator: uint64 }),
  maxBlockBytes: uint64,
  validators: new ListCompositeType(new ContainerType({ publicKey: bytes32, weight: uint64 }), MAX_VALIDATORS),
  accounts: new ListCompositeType(new ContainerType({ address: bytes32, balance: uint64 }), MAX_GENESIS_ACCOUNTS),
})

/** Bytes that are not the canonical encoding of the expected object. */
export class DecodeError extends Error {
  readonly code: 'malformed' | 'oversized'
  constructor(code: DecodeError['code'], message: string) {
    super(message)
    this.name = 'DecodeError'
    this.code = code
  }
}

function decode<T>(name: string, type: Type<T>, maxBytes: number, bytes: Uint8Array): T {
  if (bytes.length > maxBytes) {
    throw new DecodeError('oversized', `${name}: ${bytes.length} bytes, at most ${maxBytes} allowed`)
  }
  try {
    return type.deserialize(bytes)
  } catch (error) {
    throw new DecodeError('malformed', `${name}: ${(error as Error).message}`)
  }
}

function exact(name: string, ...values: number[]): void {
  for (const value of values) {
    if (!Number.isSafeInteger(value)) throw new DecodeError('malformed', `${name}: integer above 2^53-1`)
  }
}

function exactTransaction({ message }: SignedTransaction): void {
  exact('transaction', message.amount, message.fee, message.nonce)
}

function exactHeader({ message }: SignedHeader): void {
  exact('header', message.height, message.timestamp, message.difficulty)
}

type VoteValue = ValueOf<typeof voteType>

/** A vote as SSZ sees it: hashes as bytes. */
export function voteValue(vote: Vote): VoteValue {
  const checkpoint = ({ hash, height }: Checkpoint) => ({ hash: fromHex(hash), height })
  return { source: checkpoint(vote.source), target: checkpoint(vote.target) }
}

function voteOf(value: VoteValue): Vote {
  exact('vote', value.source.height, value.target.height)
  return {
    source: { hash: toHex(value.source.hash), height: value.source.height },
    target: { hash: toHex(value.target.hash), height: value.target.height },
  }
}

// The value types of ssz are mutable; ours are read-only views of the same shape.
const writable = <T>(value: unknown): T => value as T

export const encodeTransaction = (signed: SignedTransaction): Uint8Array => signedTransactionType.serialize(signed)
/** Throws DecodeError. */
export function decodeTransaction(bytes: Uint8Array): SignedTransaction {
  const signed = decode('transaction', signedTransactionType, MAX_TRANSACTION_BYTES, bytes)
  exactTransaction(signed)
  return signed
}

export const encodeHeader = (header: SignedHeader): Uint8Array => signedHeaderType.serialize(writable(header))
/** Throws DecodeError. */
export function decodeHeader(bytes: Uint8Array): SignedHeader {
  const header = decode('header', signedHeaderType, MAX_HEADER_BYTES, bytes)
  exactHeader(header)
  return header
}

export const encodeHeaders = (headers: readonly SignedHeader[]): Uint8Array => headersType.serialize(writable(headers))
/** Throws DecodeError. */
export function decodeHeaders(bytes: Uint8Array): readonly SignedHeader[] {
  const headers = decode('headers', headersType, MAX_HEADERS_BYTES, bytes)
  for (const header of headers) exactHeader(header)
  return headers
}

/** Where decoded bodies came from: an encoding is canonical, so storing or sending one on needs no second one. */
const bodyBytes = new WeakMap<readonly SignedTransaction[], Uint8Array>()

export const encodeBody = (body: readonly SignedTransaction[]): Uint8Array =>
  bodyBytes.get(body) ?? bodyType.serialize(writable(body))
/** The bytes must not change afterwards. Throws DecodeError. */
export function decodeBody(bytes: Uint8Array): readonly SignedTransaction[] {
  const body = decode('body', bodyType, MAX_BODY_BYTES, bytes)
  for (const signed of body) exactTransaction(signed)
  bodyBytes.set(body, bytes)
  return body
}

export const encodeBlock = (block: Block): Uint8Array => blockType.serialize(writable(block))
/** The bytes must not change afterwards. Throws DecodeError. */
export function decodeBlock(bytes: Uint8Array): Block {
  const block = decode('block', blockType, MAX_BLOCK_BYTES, bytes)
  exactHeader(block.header)
  for (const signed of block.transactions) exactTransaction(signed)
  bodyBytes.set(block.transactions, bytes.subarray(bodyOffset(bytes)))
  return block
}

/** Of an encoded block: its second offset. */
const bodyOffset = (bytes: Uint8Array): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(OFFSET_BYTES, true)
const OFFSET_BYTES = 4

export function encodeVote(signed: SignedVote): Uint8Array {
  const { validator, signature } = signed
  return signedVoteType.serialize({ message: voteValue(signed.message), validator, signature })
}
/** Throws DecodeError. */
export function decodeVote(bytes: Uint8Array): SignedVote {
  const { message, validator, signature } = decode('vote', signedVoteType, VOTE_BYTES, bytes)
  return { message: voteOf(message), validator, signature }
}

export function encodeCertificate(certificate: Certificate): Uint8Array {
  const signatures = writable<{ validator: Uint8Array; signature: Uint8Array }[]>(certificate.signatures)
  return certificateType.serialize({ vote: voteValue(certificate.vote), signatures })
}
/** Throws DecodeError. */
export function decodeCertificate(bytes: Uint8Array): Certificate {
  const { vote, signatures } = decode('certificate', certificateType, MAX_CERTIFICATE_BYTES, bytes)
  return { vote: voteOf(vote), signatures }
}
