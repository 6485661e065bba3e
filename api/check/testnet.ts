// The Testnet as a kind the parser knows: schema, rules between fields, and hints for what people try.
import type { Fault, Path } from '../errors.ts'
import type { Kind } from '../parse.ts'
import { type Testnet, testnetSchema } from '../testnet.ts'
import { checkChain } from './chain.ts'
import { checkGroups } from './groups.ts'
import { checkNetwork } from './network.ts'

/** Every rule a Testnet of the right shape breaks. */
export function checkTestnet(testnet: Testnet): Fault[] {
  return [...checkGroups(testnet), ...checkNetwork(testnet), ...checkChain(testnet)]
}

const notYet = 'it is not part of this version: remove it'
const otherStack = 'the parameters of another stack: this version runs `gossipsub`, set under `gossipsub`'
const wholeTestnet = 'it is set once for the whole testnet, under `spec.load`; nodes of role load share it'

/** The mend by path; `*` stands for any one part, `=x` at the end for a value instead of a field. */
const hints: readonly (readonly [pattern: string, mend: string])[] = [
  ['metadata.namespace', 'testnets have no namespace here: remove it'],
  ['status', 'a file describes what to run, not how it runs: remove it'],
  ['spec.image', notYet],
  ['spec.observability', notYet],
  ['spec.suspend', notYet],
  ['spec.ttl', notYet],
  ['spec.network.websocket', otherStack],
  ['spec.network.casper', otherStack],
  ['spec.network.kademlia', otherStack],
  ['spec.network.stack=websocket', 'write `gossipsub`: this version has no other stack'],
  ['spec.network.stack=casper', 'write `gossipsub`: this version has no other stack'],
  ['spec.network.stack=kademlia', 'write `gossipsub`: this version has no other stack'],
  ['spec.defaults.network', 'network parameters of the whole testnet stand in `spec.network`'],
  ['spec.defaults.load', wholeTestnet],
  ['spec.groups.*.load', wholeTestnet],
  ['spec.groups.*.config', 'write the settings themselves: `logLevel`, `websocket`, `network`'],
  ['spec.groups.*.resources', notYet],
  ['spec.groups.*.storage', notYet],
  ['spec.groups.*.role=light', 'this version has bootstrap, miner, full and load'],
  ['spec.groups.*.role=attacker', 'this version has bootstrap, miner, full and load'],
]

function hint(path: Path, value: unknown): string | undefined {
  return hints.find(([pattern]) => {
    const [fields = '', expected] = pattern.split('=')
    const parts = fields.split('.')
    if (parts.length !== path.length || !parts.every((part, index) => part === '*' || part === path[index]))
      return false
    return expected === undefined || expected === value
  })?.[1]
}

export const testnetKind: Kind<Testnet> = { kind: 'Testnet', schema: testnetSchema, check: checkTestnet, hint }
