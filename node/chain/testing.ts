// A testnet in memory, for tests: keys, a genesis, signed transactions, blocks and votes. Nothing here is used by the node.

import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { concatBytes } from '@noble/hashes/utils.js'
import type { Genesis } from '../../api/node-config.ts'
import type { Chain } from './chain.ts'
import { toHex } from './hex.ts'
import { headerSigningRoot, transactionRoot, voteSigningRoot } from './roots.ts'
import type { Address, Block, Certificate, Hash, SignedTransaction, SignedVote, Transaction, Vote } from './types.ts'

export interface TestKey {
  readonly seed: Uint8Array
  readonly publicKey: Uint8Array
  /** The public key in hex. */
  readonly address: Address
  sign(message: Uint8Array): Uint8Array
}

const seedOf = (name: string): Uint8Array => sha256(new TextEncoder().encode(name))

/** An ed25519 key; the name decides the seed. */
export async function ed25519Key(name: string): Promise<TestKey> {
  const seed = seedOf(name)
  const key = await generateKeyPairFromSeed('Ed25519', seed)
  const publicKey = key.publicKey.raw
  return { seed, publicKey, address: toHex(publicKey), sign: message => key.sign(message) as Uint8Array }
}

/** A key whose signatures are hashes: a thousand times faster, for tests where nobody verifies. */
export function hashKey(name: string): TestKey {
  const seed = seedOf(name)
  const publicKey = sha256(seed)
  return { seed, publicKey, address: toHex(publicKey), sign: message => sha512(concatBytes(publicKey, message)) }
}

export interface TestNetwork {
  readonly genesis: Genesis
  readonly validators: readonly TestKey[]
  readonly accounts: readonly TestKey[]
}

const BALANCE = 1_000_000_000

/** A genesis whose validators have weight 1 unless said and whose accounts are rich. */
export function networkOf(
  validators: readonly TestKey[],
  accounts: readonly TestKey[],
  change: Partial<Genesis> = {},
): TestNetwork {
  const genesis: Genesis = {
    chainId: 'test',
    time: 1_700_000_000_000,
    blockIntervalMs: 1_000,
    checkpointInterval: 4,
    quorum: { numerator: 2, denominator: 3 },
    maxBlockBytes: 1_048_576,
    validators: validators.map(({ address }) => ({ publicKey: address, weight: 1 })),
    accounts: accounts.map(({ address }) => ({ address, balance: BALANCE })),
    ...change,
  }
  return { genesis, validators, accounts }
}

const named = <T>(kind: string, count: number, make: (name: string) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(`${kind}-${i}`))

/** Keys whose signatures are not verifiable. */
export const hashNetwork = (validators: number, accounts: number, change?: Partial<Genesis>): TestNetwork =>
  networkOf(named('validator', validators, hashKey), named('account', accounts, hashKey), change)

/** Real ed25519 keys. */
export const ed25519Network = async (
  validators: number,
  accounts: number,
  change?: Partial<Genesis>,
): Promise<TestNetwork> =>
  networkOf(
    await Promise.all(named('validator', validators, ed25519Key)),
    await Promise.all(named('account', accounts, ed25519Key)),
    change,
  )

export function signTransaction(from: TestKey, domain: Uint8Array, change: Partial<Transaction>): SignedTransaction {
  const message: Transaction = {
    sender: from.publicKey,
    recipient: from.publicKey,
    amount: 1,
    fee: 1,
    nonce: 0,
    payload: new Uint8Array(0),
    ...change,
  }
  return { message, signature: from.sign(transactionRoot(message, domain)) }
}

export interface BlockOptions {
  /** The chain's head unless said. */
  readonly parent?: Hash
  readonly candidates?: Iterable<SignedTransaction>
  /** Milliseconds beyond the wait the ticket asks for. */
  readonly lateMs?: number
}

/** A signed block by a validator, not inserted; its timestamp is the earliest its ticket allows. */
export function makeBlock(chain: Chain, producer: TestKey, options: BlockOptions = {}): Block {
  const { parent = chain.head.hash, candidates = [], lateMs = 0 } = options
  const ticket = producer.sign(chain.ticketRoot(parent))
  const timestamp = chain.get(parent)!.timestamp + chain.waitMs(producer.address, ticket, parent) + lateMs
  const { header, transactions } = chain.build({ producer: producer.publicKey, ticket, timestamp, candidates, parent })
  return {
    header: { message: header, signature: producer.sign(headerSigningRoot(header, chain.domain)) },
    transactions,
  }
}

/** The block of the validator that waits least, as a network with perfect links would get it. */
export function nextBlock(chain: Chain, validators: readonly TestKey[], options: BlockOptions = {}): Block {
  const { parent = chain.head.hash } = options
  const waits = validators.map(key => chain.waitMs(key.address, key.sign(chain.ticketRoot(parent)), parent))
  const winner = validators[waits.indexOf(Math.min(...waits))]!
  return makeBlock(chain, winner, options)
}

export const signVote = (validator: TestKey, domain: Uint8Array, message: Vote): SignedVote => ({
  message,
  validator: validator.publicKey,
  signature: validator.sign(voteSigningRoot(message, domain)),
})

export const certify = (validators: readonly TestKey[], domain: Uint8Array, vote: Vote): Certificate => ({
  vote,
  signatures: validators
    .map(key => signVote(key, domain, vote))
    .map(({ validator, signature }) => ({ validator, signature })),
})

/** Casts the vote that is due of every validator and remembers it in `last`. */
export function castVotes(chain: Chain, validators: readonly TestKey[], last: Map<Address, Vote>): SignedVote[] {
  const cast: SignedVote[] = []
  for (const validator of validators) {
    const vote = chain.voteDue(validator.address, last.get(validator.address))
    if (!vote) continue
    last.set(validator.address, vote)
    cast.push(signVote(validator, chain.domain, vote))
  }
  return cast
}
