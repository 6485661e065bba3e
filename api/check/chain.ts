// Rules of a Testnet's chain and load: what genesis can hold, and that somebody sends the load.
import type { Fault } from '../errors.ts'
import { builtInLoad, CANARY_ACCOUNTS, MAX_GENESIS_ACCOUNTS, type Testnet } from '../testnet.ts'
import { fractionParts } from '../units.ts'

export function checkChain({ spec }: Testnet): Fault[] {
  const { finality, genesis } = spec.chain
  const faults: Fault[] = []
  const { numerator, denominator } = fractionParts(finality.quorum)
  if (numerator * 2 <= denominator) {
    faults.push({
      path: ['spec', 'chain', 'finality', 'quorum'],
      message: `${finality.quorum} would let two sides finalize against each other`,
      mend: 'write a fraction above 1/2; 2/3 tolerates a third of faulty weight',
    })
  }
  const seen = new Set<string>()
  for (const [index, { address }] of genesis.accounts.entries()) {
    if (seen.has(address)) {
      faults.push({
        path: ['spec', 'chain', 'genesis', 'accounts', index, 'address'],
        message: 'is listed twice',
        mend: 'keep one of the two',
      })
    }
    seen.add(address)
  }
  const loadNodes = spec.groups.filter(({ role }) => role === 'load').reduce((sum, { count }) => sum + count, 0)
  const own = loadNodes * (spec.load ?? builtInLoad).accounts + CANARY_ACCOUNTS
  const accounts = own + genesis.accounts.length
  if (accounts > MAX_GENESIS_ACCOUNTS) {
    faults.push({
      path: ['spec', ...(spec.load ? ['load', 'accounts'] : ['groups'])],
      message: `${accounts} accounts in genesis are more than ${MAX_GENESIS_ACCOUNTS} (${loadNodes} load nodes have ${(spec.load ?? builtInLoad).accounts} each)`,
      mend: 'lower spec.load.accounts or the count of load nodes',
    })
  }
  const supply = own * genesis.balance + genesis.accounts.reduce((sum, { balance }) => sum + balance, 0)
  if (supply > Number.MAX_SAFE_INTEGER) {
    faults.push({
      path: ['spec', 'chain', 'genesis', 'balance'],
      message: `all accounts together own more than ${Number.MAX_SAFE_INTEGER}`,
      mend: 'lower the balances',
    })
  }
  if (spec.load && loadNodes === 0) {
    faults.push({
      path: ['spec', 'load'],
      atKey: true,
      message: 'no group sends the load',
      mend: 'add a group of role load, or remove this',
    })
  }
  return faults
}
