// Signs the canary transactions of a chaos run, from the accounts that the testnet's seed funded for them.
import { genesisBlock } from '../../node/chain/genesis.ts'
import { transactionRoot } from '../../node/chain/roots.ts'
import { encodeTransaction } from '../../node/chain/ssz.ts'
import type { Transaction } from '../../node/chain/types.ts'
import { signingKey } from '../../node/intake/verifier.ts'
import type { Expanded } from '../testnet/spec.ts'

/** Above what load nodes pay, so that a canary's way into a block is the network's doing and not the fee market's. */
const CANARY_FEE = 1_000

export interface CanarySigner {
  /** Addresses of the accounts, hex. */
  readonly addresses: readonly string[]
  /** Encoded transaction of an account with this nonce; it sends to itself. Throws RangeError for an unknown account. */
  sign(index: number, nonce: number): Promise<Uint8Array>
}

export function canarySigner({ canaries, genesis }: Expanded): CanarySigner {
  const { root } = genesisBlock(genesis)
  return {
    addresses: canaries.map(({ address }) => address),
    async sign(index, nonce) {
      const account = canaries[index]
      if (account === undefined) throw new RangeError(`canary account ${index} of ${canaries.length}`)
      const key = signingKey(account.seed)
      const message: Transaction = {
        sender: key.publicKey,
        recipient: key.publicKey,
        amount: 1,
        fee: CANARY_FEE,
        nonce,
        payload: new Uint8Array(),
      }
      return encodeTransaction({ message, signature: key.sign(transactionRoot(message, root)) })
    },
  }
}
