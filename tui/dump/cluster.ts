// The archive of a testnet of a cluster: its objects, its experiments, what its pods say, and the operator's own state as
// far as the caller may read them.
import { ports, TESTNET_LABEL } from '../../operator/kubernetes/build/names.ts'
import { experiments, testnetOf } from '../../operator/kubernetes/chaos/stored-experiment.ts'
import { type KubeObject, objectPath, type Resource, resources } from '../../operator/kubernetes/runtime/resource.ts'
import type { StoredTestnet } from '../../operator/kubernetes/testnet/world.ts'
import { clusterReport } from '../model/cluster-report.ts'
import { clusterSource } from '../source/cluster/cluster-source.ts'
import type { Cluster } from '../source/cluster/connect.ts'
import { OPERATOR_LABEL, operatorServices } from '../source/cluster/operator-service.ts'
import { type NodePod, podsOf } from '../source/cluster/pods.ts'
import { listAll } from '../source/cluster/testnet-objects.ts'
import { fetchText, parsed } from '../source/cluster/text.ts'
import type { Archive } from './archive.ts'
import { chooseNodes } from './choose-nodes.ts'
import { secretsIn } from './emptying.ts'
import { inParallel } from './in-parallel.ts'
import { MAX_AT_ONCE, MAX_LOG_BYTES, MAX_NODES, MAX_OBJECTS } from './limits.ts'
import { type Ask, addAnswers } from './node-answers.ts'

/** Of what a testnet consists. Secrets come first: what they hold must be known before anything else is written. */
const kinds: readonly Resource[] = [
  resources.secrets,
  resources.statefulSets,
  resources.pods,
  resources.services,
  resources.configMaps,
  resources.podDisruptionBudgets,
  resources.networkPolicies,
  resources.persistentVolumeClaims,
  resources.jobs,
]

/** Fills the archive; what cannot be got is noted in it. @throws the signal's reason */
export async function dumpCluster(
  cluster: Cluster,
  testnet: StoredTestnet,
  archive: Archive,
  env: NodeJS.ProcessEnv,
  onProgress: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { name } = testnet.metadata
  const attempt = async <T>(what: string, get: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await get()
    } catch (error) {
      signal.throwIfAborted()
      archive.lacks(what, error)
      return undefined
    }
  }
  const keep = (file: string, objects: readonly unknown[]): void => {
    if (objects.length > MAX_OBJECTS) archive.leftOut(file, `${MAX_OBJECTS} of ${objects.length} objects are kept`)
    archive.value(file, objects.slice(0, MAX_OBJECTS))
  }

  const labelSelector = `${TESTNET_LABEL}=${name}`
  const selection = { namespace: cluster.namespace, labelSelector }
  archive.emptier.learn(secretsIn(testnet))
  for (const kind of kinds) {
    onProgress(`listing ${kind.plural}`)
    const objects = await attempt(`objects/${kind.plural}.yaml`, () => listAll(cluster, kind, selection, signal))
    if (!objects) continue
    // The server leaves the kind out of what it lists, and only by its kind a Secret is known.
    const named = objects.map(object => ({ apiVersion: kind.apiVersion, kind: kind.kind, ...object }))
    archive.emptier.learn(secretsIn(named))
    if (named.length > 0) keep(`objects/${kind.plural}.yaml`, named)
  }
  archive.value('testnet.yaml', testnet)
  archive.value('status.json', clusterReport(testnet, undefined, cluster.context, Date.now()))
  const runs = await attempt('experiments.yaml', () =>
    listAll(cluster, experiments, { namespace: cluster.namespace }, signal),
  )
  const ours = (runs ?? []).filter(run => testnetOf(run) === name)
  if (ours.length > 0) keep('experiments.yaml', ours)
  const events = await attempt('events.yaml', () => eventsOf(cluster, name, ours, signal))
  if (events) keep('events.yaml', events)
  const rows = await attempt('nodes.json', () =>
    clusterSource(open(cluster), { allNamespaces: false, env }).nodes(name),
  )
  if (rows) {
    archive.value('nodes.json', rows.value)
    for (const note of rows.notes) archive.lacks('nodes.json', note)
  }
  await addOperator(cluster, archive, env, attempt, signal)

  const pods = await attempt('nodes', () => podsOf(cluster, testnet, signal))
  const all = (pods ?? []).map(each => ({ ...each, name: each.node, group: each.node.replace(/-\d+$/, '') }))
  const chosen = chooseNodes(all, MAX_NODES)
  if (chosen.length < all.length)
    archive.leftOut('nodes', `${chosen.length} of ${all.length} are here with their logs, all in nodes.json`)
  let done = 0
  await inParallel(chosen, MAX_AT_ONCE, async node => {
    signal.throwIfAborted()
    onProgress(`node ${++done} of ${chosen.length}: ${node.node}`)
    await addPod(cluster, node, archive, attempt, signal)
  })
}

type Attempt = <T>(what: string, get: () => Promise<T>) => Promise<T | undefined>

async function addPod(
  cluster: Cluster,
  { node, pod }: NodePod,
  archive: Archive,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<void> {
  const path = objectPath(resources.pods, { namespace: cluster.namespace, name: pod.metadata.name })
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]
  for (const { name } of containers) {
    const restarted = (statuses.find(status => status.name === name)?.restartCount ?? 0) > 0
    for (const previous of restarted ? [false, true] : [false]) {
      const file = `nodes/${node}/${name}${previous ? '.previous' : ''}.log`
      const text = await attempt(file, () => logOf(cluster, path, name, previous, signal))
      if (text) archive.log(file, text)
    }
  }
  if (pod.status?.phase !== 'Running')
    return archive.lacks(`nodes/${node}: what the node tells`, 'its pod does not run')
  const ask: Ask = at => textFrom(cluster, `${path}:${ports.http}/proxy${at}`, {}, signal)
  // Events are those of the cluster: a stream that does not end would be held open by the API server.
  await addAnswers(archive, `nodes/${node}`, ask, { streams: false })
}

/** Of the testnet, of its objects and of its experiments. */
async function eventsOf(
  cluster: Cluster,
  name: string,
  runs: readonly KubeObject[],
  signal: AbortSignal,
): Promise<KubeObject[]> {
  const experimentNames = new Set(runs.map(({ metadata }) => metadata.name))
  const all = await listAll(cluster, resources.events, { namespace: cluster.namespace }, signal)
  return all.filter(({ regarding }) => {
    const about = regarding?.name ?? ''
    return about === name || about.startsWith(`${name}-`) || experimentNames.has(about)
  })
}

async function addOperator(
  cluster: Cluster,
  archive: Archive,
  env: NodeJS.ProcessEnv,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<void> {
  const services = await attempt('operator', () => operatorServices(cluster, env, signal))
  const namespace = services?.[0]?.namespace
  if (namespace === undefined) return
  const pods = await attempt('operator/pods.yaml', () =>
    listAll(cluster, resources.pods, { namespace, labelSelector: OPERATOR_LABEL }, signal),
  )
  if (!pods || pods.length === 0) return
  archive.value('operator/pods.yaml', pods)
  for (const { metadata } of pods) {
    const path = objectPath(resources.pods, { namespace, name: metadata.name })
    const file = `operator/${metadata.name}.log`
    const text = await attempt(file, () => logOf(cluster, path, undefined, false, signal))
    if (text) archive.log(file, text)
  }
}

const logOf = (
  cluster: Cluster,
  pod: string,
  container: string | undefined,
  previous: boolean,
  signal: AbortSignal,
): Promise<string> => {
  // The server's own bound cuts the end of a log off, so only lines are asked for.
  const tailLines = String(Math.floor(MAX_LOG_BYTES / BYTES_A_LINE))
  return textFrom(cluster, `${pod}/log`, { container, previous: previous ? 'true' : undefined, tailLines }, signal)
}
/** Lines of our logs are about so long. */
const BYTES_A_LINE = 200

async function textFrom(
  cluster: Cluster,
  path: string,
  query: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<string> {
  const { status, text } = await fetchText(cluster, { path, query, signal })
  // 204: nothing was said yet.
  if (status === 200 || status === 204) return text
  throw new Error((parsed(text) as { message?: string } | undefined)?.message ?? `code ${status}`)
}

/** A source closes the cluster that it was given; this one is ours. */
const open = (cluster: Cluster): Cluster => ({ ...cluster, close: () => {} })
