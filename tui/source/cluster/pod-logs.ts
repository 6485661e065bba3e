// What the nodes of a testnet say, out of their pods.
import { setTimeout as delay } from 'node:timers/promises'
import { ApiError, ConnectionError, isNotFound } from '../../../operator/kubernetes/runtime/api-error.ts'
import { objectPath, type Pod, resources } from '../../../operator/kubernetes/runtime/resource.ts'
import type { StoredTestnet } from '../../../operator/kubernetes/testnet/world.ts'
import { nearestOf } from '../../../operator/local/testnets.ts'
import { UsageError } from '../../exit-codes.ts'
import type { OnLine } from '../source.ts'
import type { Cluster } from './connect.ts'
import { type NodePod, podsOf } from './pods.ts'
import { fetchText, followLines, parsed } from './text.ts'

/** Pods followed at a time: each keeps a connection. */
export const MAX_FOLLOWED_PODS = 100
const MAX_AT_ONCE = 8
/** Pods that are new, and containers that start again, are looked for so often. */
const LOOK_EVERY_MS = 2_000
const CONTAINER = 'node'

export interface PodLogRequest {
  /** All nodes when absent. */
  readonly node: string | undefined
  readonly tail: number
  readonly follow: boolean
}

/** Resolves with notes about nodes that have no log. @throws UsageError, ApiError, ConnectionError */
export async function podLogs(
  cluster: Cluster,
  testnet: StoredTestnet,
  request: PodLogRequest,
  onLine: OnLine,
  signal: AbortSignal,
): Promise<string[]> {
  const pods = await chosenPods(cluster, testnet, request.node, signal)
  const several = request.node === undefined && (pods.length > 1 || request.follow)
  const label = (node: string): string | undefined => (several ? node : undefined)
  if (!request.follow)
    return await tails(cluster, pods, request.tail, (node, line) => onLine(label(node), line), signal)
  if (pods.length > MAX_FOLLOWED_PODS)
    throw new UsageError(`${pods.length} nodes are more than the ${MAX_FOLLOWED_PODS} that can be followed`, 'name one')
  await followAll(cluster, testnet, request, (node, line) => onLine(label(node), line), signal)
  return []
}

async function chosenPods(
  cluster: Cluster,
  testnet: StoredTestnet,
  node: string | undefined,
  signal: AbortSignal,
): Promise<NodePod[]> {
  const pods = await podsOf(cluster, testnet, signal)
  if (node === undefined) return pods
  const chosen = pods.filter(each => each.node === node)
  if (chosen.length > 0) return chosen
  const { name } = testnet.metadata
  const nearest = nearestOf(
    node,
    pods.map(each => each.node),
  )
  throw new UsageError(
    `${name} has no pod of a node ${node}`,
    nearest ? `did you mean ${nearest}?` : `see ${cluster.command(`nodes ${name}`)}`,
  )
}

const logPath = ({ metadata: { namespace, name } }: Pod): string =>
  objectPath(resources.pods, { namespace, name }, 'log')

async function tails(
  cluster: Cluster,
  pods: readonly NodePod[],
  tail: number,
  onLine: (node: string, line: string) => void,
  signal: AbortSignal,
): Promise<string[]> {
  const notes: string[] = []
  for (let from = 0; from < pods.length; from += MAX_AT_ONCE) {
    const some = pods.slice(from, from + MAX_AT_ONCE)
    const answers = await Promise.all(
      some.map(({ pod }) =>
        fetchText(cluster, { path: logPath(pod), query: { container: CONTAINER, tailLines: String(tail) }, signal }),
      ),
    )
    for (const [index, { status, text }] of answers.entries()) {
      const { node } = some[index]!
      if (status === 200) for (const line of linesOf(text)) onLine(node, line)
      else
        notes.push(
          `${node} has no log: ${(parsed(text) as { message?: string } | undefined)?.message ?? `code ${status}`}`,
        )
    }
  }
  return notes
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))

/** Follows all pods there are, and those that come. */
async function followAll(
  cluster: Cluster,
  testnet: StoredTestnet,
  { node, tail }: PodLogRequest,
  onLine: (node: string, line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const followed = new Map<string, Promise<void>>()
  const failure = new AbortController()
  const stop = AbortSignal.any([signal, failure.signal])
  let tailLines: number | undefined = tail
  while (!stop.aborted) {
    const pods = await podsOf(cluster, testnet, stop).catch(passing(stop))
    for (const each of pods ?? []) {
      const { uid = '' } = each.pod.metadata
      if ((node !== undefined && each.node !== node) || followed.has(uid) || followed.size >= MAX_FOLLOWED_PODS)
        continue
      const lines = followOne(cluster, each, tailLines, onLine, stop)
        .catch(error => failure.abort(error))
        .finally(() => followed.delete(uid))
      followed.set(uid, lines)
    }
    // Pods that come later are followed from their first line.
    tailLines = undefined
    await delay(LOOK_EVERY_MS, undefined, { signal: stop }).catch(() => {})
  }
  await Promise.all(followed.values())
  if (failure.signal.aborted) throw failure.signal.reason
}

/** One pod through restarts of its container. Each line has its time in front, so that none is given twice. */
async function followOne(
  cluster: Cluster,
  { node, pod }: NodePod,
  tail: number | undefined,
  onLine: (node: string, line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let last = ''
  while (!signal.aborted) {
    const from = last !== '' ? { sinceTime: last } : { tailLines: tail === undefined ? undefined : String(tail) }
    const query = { container: CONTAINER, follow: 'true', timestamps: 'true', ...from }
    try {
      await followLines(cluster, { path: logPath(pod), query, signal }, line => {
        const blank = line.indexOf(' ')
        const at = line.slice(0, Math.max(0, blank))
        if (at <= last && last !== '') return
        last = at
        onLine(node, line.slice(blank + 1))
      })
    } catch (error) {
      if (signal.aborted || isNotFound(error)) return
      // 400: its container has not started yet, or is about to again.
      if (!(error instanceof ConnectionError) && !(error instanceof ApiError && error.status === 400)) throw error
    }
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => {})
  }
}

/** For what is asked again anyway: a server that was not reached this time may be the next. */
const passing = (signal: AbortSignal) => (error: unknown) => {
  if (!signal.aborted && !(error instanceof ConnectionError)) throw error
  return undefined
}
