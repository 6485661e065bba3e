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

const layered = 'it stands in `spec.defaults`, or in a group'
const oneSet = 'the nodes of a group get the same: make a group of its own for this node'

/** The mend by path; `*` stands for any one part, `=x` at the end for a value instead of a field. */
const hints: readonly (readonly [pattern: string, mend: string])[] = [
  ['metadata.namespace', 'testnets have no namespace here: remove it'],
  ['status', 'a file describes what to run, not how it runs: remove it'],
  ['spec.observability', notYet],
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
  ['spec.resources', layered],
  ['spec.storage', layered],
  ['spec.defaults.image', 'the image of all groups stands in `spec.image`'],
  ['spec.groups.*.overrides.*.image', oneSet],
  ['spec.groups.*.overrides.*.resources', oneSet],
  ['spec.groups.*.overrides.*.storage', oneSet],
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
