// What a node must be restarted for. Whatever is left out here, a running network takes without a restart, or never:
// genesis, roster and who is dialled first change when a group is scaled, and scaling restarts nobody.
import type { Testnet, TestnetGroup } from '../../../api/testnet.ts'
import { digest } from '../runtime/drift.ts'

/** In the pod template: another value is a new revision of the group. */
export const REVISION_ANNOTATION = 'trellis.dev/revision'
/** On the StatefulSet: the digest of its pod template. A stored partition belongs to the template of that digest. */
export const TEMPLATE_ANNOTATION = 'trellis.dev/template'

/**
 * The digest of a group's settings as they are written. Names, counts and keys are not in it; a weight neither, because
 * weights are fixed with the genesis. A node's own override counts for its whole group, also when the node is not there yet.
 */
export function groupRevision({ network, defaults, load }: Testnet['spec'], group: TestnetGroup): string {
  // Latency is read again while a node runs. Which region a node is in follows from the regions' names.
  const { latency: _, regions, ...rest } = network
  return digest({
    network: { ...rest, regions: regions.map(({ name }) => name) },
    defaults: ofProcess(defaults),
    group: ofProcess(group),
    overrides: group.overrides.map(({ index, ...settings }) => ({ index, ...ofProcess(settings) })),
    ...(group.role === 'load' && { load }),
  })
}

type Settings = Pick<TestnetGroup, 'region' | 'logLevel' | 'websocket' | 'network'>
const ofProcess = ({ region, logLevel, websocket, network }: Partial<Settings>) => ({
  region,
  logLevel,
  websocket,
  network,
})
