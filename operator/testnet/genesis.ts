// The genesis of a testnet, from its chain section and the identities of its nodes.
import type { Genesis } from '../../api/node-config.ts'
import type { Testnet } from '../../api/testnet.ts'
import { byteCount, fractionParts, milliseconds } from '../../api/units.ts'

export function genesisOf(testnet: Testnet, validators: Genesis['validators'], funded: readonly string[]): Genesis {
  const { blockInterval, finality, genesis, maxBlockBytes } = testnet.spec.chain
  return {
    chainId: testnet.metadata.name,
    time: Date.parse(genesis.time),
    blockIntervalMs: Math.round(milliseconds(blockInterval)),
    checkpointInterval: finality.checkpointInterval,
    quorum: fractionParts(finality.quorum),
    maxBlockBytes: byteCount(maxBlockBytes),
    validators,
    accounts: [...genesis.accounts, ...funded.map(address => ({ address, balance: genesis.balance }))],
  }
}
