// A testnet of this machine as the chaos runner needs it: facts, endpoints, lifecycle, canaries.
import type { TestnetFacts } from '../../api/run.ts'
import type { Testnet } from '../../api/testnet.ts'
import type { Lifecycle } from '../../chaos/runner/lifecycle.ts'
import type { NodeEndpoint } from '../../chaos/runner/node-client.ts'
import { expand } from '../testnet/expand.ts'
import { type CanarySigner, canarySigner } from './canary.ts'
import { askNode } from './control-client.ts'
import type { TestnetRecord } from './record.ts'

export interface ChaosTarget {
  readonly testnet: TestnetFacts
  readonly nodes: readonly NodeEndpoint[]
  readonly lifecycle: Lifecycle
  readonly canaries: CanarySigner
}

/** `folder` is the testnet's, `record` what lies in it. */
export function chaosTarget(folder: string, record: TestnetRecord): ChaosTarget {
  // Written by `up` from a checked document of this version.
  const expanded = expand(record.testnet as Testnet)
  const { genesis } = expanded
  const hosts = new Map(record.nodes.map(node => [node.name, node.address.host]))
  return {
    testnet: {
      name: expanded.name,
      seed: expanded.seed,
      blockIntervalMs: genesis.blockIntervalMs,
      checkpointInterval: genesis.checkpointInterval,
      quorum: genesis.quorum,
      nodes: expanded.nodes.map(({ name, group, role, region, weight, peerId, validator }) => ({
        name,
        group,
        role,
        region,
        weight,
        peerId,
        host: hosts.get(name) ?? '',
        ...(validator !== undefined && { validator }),
      })),
    },
    nodes: record.nodes.map(({ name, address }) => ({
      name,
      statusUrl: `http://${address.host}:${address.http}`,
      adminUrl: `http://${address.host}:${address.admin}`,
    })),
    lifecycle: {
      kill: node => askNode(folder, node, 'kill'),
      pause: node => askNode(folder, node, 'pause'),
      resume: node => askNode(folder, node, 'resume'),
      restart: node => askNode(folder, node, 'restart'),
    },
    canaries: canarySigner(expanded),
  }
}
