// The nodes of a testnet as its pods alone tell of them, for when the operator does not.
import type { NodeView } from '../../../api/read-api.ts'
import { operatorConfigSchema } from '../../../operator/kubernetes/config.ts'
import { Planner } from '../../../operator/kubernetes/testnet/plan.ts'
import { isReady } from '../../../operator/kubernetes/testnet/pods.ts'
import { checkStored } from '../../../operator/kubernetes/testnet/stored-testnet.ts'
import type { StoredTestnet } from '../../../operator/kubernetes/testnet/world.ts'
import { UsageError } from '../../exit-codes.ts'
import type { Cluster } from './connect.ts'
import { observedWorld } from './observed-world.ts'

/** What nodes are does not depend on it. */
const anyConfig = operatorConfigSchema.parse({ namespace: 'none', nodes: { image: 'none' }, operator: { pod: {} } })

/** @throws UsageError when this version does not understand the Testnet; ApiError, ConnectionError */
export async function nodesFromPods(
  cluster: Cluster,
  testnet: StoredTestnet,
  signal: AbortSignal,
): Promise<NodeView[]> {
  const { valid, problems } = checkStored(testnet)
  if (!valid)
    throw new UsageError(
      `the Testnet ${testnet.metadata.name} is not one of this version of trellis: ${problems.join('; ')}`,
      'use the version of the operator, or mend the Testnet',
    )
  const { world } = await observedWorld(cluster, valid, 'pods', signal)
  // Nobody asked the nodes, so that they did not answer says nothing.
  const ready = new Set(world.pods.filter(isReady).map(({ metadata }) => metadata.name))
  return new Planner(anyConfig)
    .nodeViews(world, Date.now())
    .map(view => (view.state === 'silent' && ready.has(view.pod) ? { ...view, state: 'ready', reason: '' } : view))
}
