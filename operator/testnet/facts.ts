// What a chaos run must know of a testnet: the same for processes of this machine and for pods.
import type { TestnetFacts } from '../../api/run.ts'
import type { Expanded } from './spec.ts'

/** `hostOf` gives a node's address on the wire; empty where it is not known. */
export function testnetFacts({ name, seed, genesis, nodes }: Expanded, hostOf: (node: string) => string): TestnetFacts {
  const { blockIntervalMs, checkpointInterval, quorum } = genesis
  return {
    name,
    seed,
    blockIntervalMs,
    checkpointInterval,
    quorum,
    nodes: nodes.map(({ name, group, role, region, weight, peerId, validator }) => ({
      name,
      group,
      role,
      region,
      weight,
      peerId,
      host: hostOf(name),
      ...(validator !== undefined && { validator }),
    })),
  }
}
