// A testnet of this machine as the chaos runner needs it: facts, endpoints, lifecycle, canaries.
import type { Testnet } from '../../api/testnet.ts'
import { nodeHolders } from '../../chaos/runner/node-holders.ts'
import type { Target } from '../../chaos/runner/target.ts'
import { expand } from '../testnet/expand.ts'
import { testnetFacts } from '../testnet/facts.ts'
import { canarySigner } from './canary.ts'
import { askNode } from './control-client.ts'
import { isAlive } from './process-identity.ts'
import { readRecord, type TestnetRecord } from './record.ts'

/** `folder` is the testnet's, `record` what lies in it. */
export function chaosTarget(folder: string, record: TestnetRecord): Target {
  // Written by `up` from a checked document of this version.
  const expanded = expand(record.testnet as Testnet)
  const hosts = new Map(record.nodes.map(node => [node.name, node.address.host]))
  const nodes = record.nodes.map(({ name, address }) => ({
    name,
    statusUrl: `http://${address.host}:${address.http}`,
    adminUrl: `http://${address.host}:${address.admin}`,
  }))
  return {
    nodes,
    fidelity: 'userspace',
    ...nodeHolders(nodes),
    testnet: testnetFacts(expanded, node => hosts.get(node) ?? ''),
    lifecycle: {
      kill: (node, until) => askNode(folder, node, 'kill', until),
      revive: node => askNode(folder, node, 'revive'),
      pause: (node, until) => askNode(folder, node, 'pause', until),
      resume: node => askNode(folder, node, 'resume'),
      restart: node => askNode(folder, node, 'restart'),
    },
    canaries: canarySigner(expanded),
    gone: async () =>
      isAlive(readRecord(folder)?.supervisor ?? null) ? undefined : `testnet ${expanded.name} was taken down`,
  }
}
