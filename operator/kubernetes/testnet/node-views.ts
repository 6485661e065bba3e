// One view a node: what its pod says, and what it says itself.
import type { HeadView, NodeView, NodeViewState } from '../../../api/read-api.ts'
import { headGroups } from '../../testnet/head-groups.ts'
import type { NodeSpec } from '../../testnet/spec.ts'
import { toldByNode } from '../../testnet/told-by-node.ts'
import { podName, ports } from '../build/names.ts'
import type { Pod } from '../runtime/resource.ts'
import { type Finding, findingsByPod } from './causes.ts'
import { containerOf, isReady, isTerminating } from './pods.ts'
import type { NodeAnswer, World } from './world.ts'

/** Causes that no time mends. */
const failures: ReadonlySet<string> = new Set(['ImagePull', 'CannotStart', 'VolumeNotBound'])

/** Of the nodes that the Testnet asks for, in their order. `now`: milliseconds since the epoch. */
export function nodeViews(world: World, nodes: readonly NodeSpec[], now: number): NodeView[] {
  const { testnet, pods, rounds } = world
  const byName = new Map(pods.map(pod => [pod.metadata.name, pod]))
  const findings = findingsByPod(world, now)
  return nodes.map(({ name, role, group, region, peerId }) => {
    const pod = byName.get(podName(testnet.metadata.name, name))
    const finding = pod && findings.get(pod.metadata.name)
    const answer = rounds.latest.get(name)
    const status = answer?.status ?? rounds.earlier.get(name)?.status
    const state = stateOf(testnet.spec.suspend, pod, finding, status !== undefined)
    const ip = pod?.status?.podIP
    return {
      name,
      role,
      group,
      region,
      state,
      ...toldByNode(status),
      restarts: (pod && containerOf(pod)?.restartCount) ?? 0,
      peerId,
      url: ip ? `http://${ip.includes(':') ? `[${ip}]` : ip}:${ports.http}` : '',
      pod: pod?.metadata.name ?? '',
      machine: pod?.spec?.nodeName ?? '',
      reason: state === 'ready' ? '' : reasonOf(state, finding, answer),
    }
  })
}

function stateOf(
  suspended: boolean,
  pod: Pod | undefined,
  finding: Finding | undefined,
  answered: boolean,
): NodeViewState {
  if (suspended) return 'stopped'
  if (!pod?.spec?.nodeName) return finding && failures.has(finding.reason) ? 'failed' : 'pending'
  if (finding?.reason === 'NodeLost') return 'silent'
  if (isTerminating(pod)) return 'stopped'
  if (isReady(pod)) return answered ? 'ready' : 'silent'
  if (finding && failures.has(finding.reason)) return 'failed'
  return finding?.reason === 'CrashLoop' || finding?.reason === 'OOMKilled' ? 'waiting' : 'starting'
}

function reasonOf(state: NodeViewState, finding: Finding | undefined, answer: NodeAnswer | undefined): string {
  if (finding) return `${finding.reason}: ${finding.what}`
  if (state === 'silent') return answer?.error ?? 'it was not asked yet'
  return ''
}

/** Nodes by the chain they follow, the highest head first. */
export function headViews({ rounds }: Pick<World, 'rounds'>): HeadView[] {
  return headGroups([...rounds.latest.values()].flatMap(({ status }) => status ?? []))
}
