// From the genesis configuration to the first block, its state and its hash. The block's body root is the root of the
// whole configuration, so every field is bound into the genesis hash: two testnets that differ in anything never mix.
import type { Genesis } from '../../api/node-config.ts'
import { emptyState, getAccount, type State, setAccount, stateRoot } from './accounts.ts'
import { MAX_UINT } from './bounds.ts'
import { fromHex } from './hex.ts'
import { blockRoot } from './roots.ts'
import { genesisType } from './ssz.ts'
import { recordOf } from './tree.ts'
import type { Address, BlockRecord, Header } from './types.ts'

export interface GenesisBlock {
  readonly record: BlockRecord
  readonly state: State
  /** The hash as bytes: part of everything that is signed. */
  readonly root: Uint8Array
  readonly weights: ReadonlyMap<Address, number>
  readonly totalWeight: number
}

export class GenesisError extends Error {
  override readonly name = 'GenesisError'
}

/** Difficulty at which the whole weight makes one block per interval; weight·ms, capped at 2^53-1. */
export const genesisDifficulty = (totalWeight: number, blockIntervalMs: number): number =>
  Math.min(totalWeight * blockIntervalMs, MAX_UINT)

function configurationRoot(genesis: Genesis): Uint8Array {
  return genesisType.hashTreeRoot({
    chainId: new TextEncoder().encode(genesis.chainId),
    time: genesis.time,
    blockIntervalMs: genesis.blockIntervalMs,
    checkpointInterval: genesis.checkpointInterval,
    quorum: genesis.quorum,
    maxBlockBytes: genesis.maxBlockBytes,
    validators: genesis.validators.map(({ publicKey, weight }) => ({ publicKey: fromHex(publicKey), weight })),
    accounts: genesis.accounts.map(({ address, balance }) => ({ address: fromHex(address), balance })),
  })
}

/** The genesis block of a configuration. Throws GenesisError for values the schema cannot refuse field by field. */
export function genesisBlock(genesis: Genesis): GenesisBlock {
  const { numerator, denominator } = genesis.quorum
  if (numerator > denominator)
    throw new GenesisError(`quorum: ${numerator}/${denominator} is more than the whole weight`)
  if (2 * numerator <= denominator)
    throw new GenesisError(`quorum: ${numerator}/${denominator} is no majority, both sides of a cut could finalize`)
  const weights = new Map(genesis.validators.map(({ publicKey, weight }) => [publicKey, weight]))
  if (weights.size !== genesis.validators.length) throw new GenesisError('validators: a public key is listed twice')
  const totalWeight = genesis.validators.reduce((sum, { weight }) => sum + weight, 0)

  let state: State = emptyState
  let supply = 0
  for (const { address, balance } of genesis.accounts) {
    const bytes = fromHex(address)
    if (getAccount(state, bytes).balance > 0) throw new GenesisError(`accounts: ${address} is listed twice`)
    state = setAccount(state, bytes, { balance, nonce: 0 })
    supply += balance
  }
  if (supply > MAX_UINT) throw new GenesisError('accounts: the balances sum to more than 2^53-1')

  const header: Header = {
    parents: [],
    height: 0,
    timestamp: genesis.time,
    producer: new Uint8Array(32),
    difficulty: genesisDifficulty(totalWeight, genesis.blockIntervalMs),
    ticket: new Uint8Array(64),
    stateRoot: stateRoot(state),
    bodyRoot: configurationRoot(genesis),
  }
  const record = recordOf({ message: header, signature: new Uint8Array(64) }, 0n)
  const root = blockRoot(header)
  return { record, state, root, weights, totalWeight }
}
