// What the rest of the node uses of the chain.
export type { Account, State } from './accounts.ts'
export { getAccount } from './accounts.ts'
export type { AlreadyVerified, BodyCheck } from './body.ts'
export { transactionBytes, transactionJob } from './body.ts'
export * from './bounds.ts'
export type { BuildRequest, UnsignedBlock } from './build.ts'
export * from './chain.ts'
export { sameVote } from './finality.ts'
export { GenesisError, genesisBlock } from './genesis.ts'
export type { HeadersVerdict, HeaderTail } from './header-checks.ts'
export { equalBytes, fromHex, toHex } from './hex.ts'
export * from './orphans.ts'
export * from './pool.ts'
export {
  blockHash,
  blockRoot,
  bodyRoot,
  headerSigningRoot,
  ticketSigningRoot,
  transactionId,
  transactionRoot,
  voteSigningRoot,
} from './roots.ts'
export {
  DecodeError,
  decodeBlock,
  decodeBody,
  decodeCertificate,
  decodeHeader,
  decodeHeaders,
  decodeTransaction,
  decodeVote,
  encodeBlock,
  encodeBody,
  encodeCertificate,
  encodeHeader,
  encodeHeaders,
  encodeTransaction,
  encodeVote,
} from './ssz.ts'
export type * from './types.ts'
