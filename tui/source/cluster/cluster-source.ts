// Testnets of a cluster: their objects from the API server, their nodes from the operator.
import type { HeadView } from '../../../api/read-api.ts'
import type { StoredTestnet } from '../../../operator/kubernetes/testnet/world.ts'
import { UsageError } from '../../exit-codes.ts'
import { clusterReport } from '../../model/cluster-report.ts'
import { podRows } from '../../model/node-rows.ts'
import type { TestnetSource } from '../source.ts'
import type { Cluster } from './connect.ts'
import { nodesFromPods } from './nodes-from-pods.ts'
import { podLogs } from './pod-logs.ts'
import { podsOf } from './pods.ts'
import { OperatorSilent, ReadApiClient } from './read-api.ts'
import { DOWN_TIMEOUT_MS, takeDownTestnet } from './take-down.ts'
import { chooseTestnet, findTestnet, listTestnets } from './testnet-objects.ts'

export function clusterSource(
  cluster: Cluster,
  { allNamespaces, env }: { readonly allNamespaces: boolean; readonly env: NodeJS.ProcessEnv },
): TestnetSource {
  const operator = new ReadApiClient(cluster, env)
  const ended = new AbortController()
  const { signal } = ended
  return {
    reports: async name => {
      const found =
        name === undefined
          ? await listTestnets(cluster, allNamespaces ? undefined : cluster.namespace, signal)
          : [await chooseTestnet(cluster, name, signal)]
      const [only, ...others] = found
      const place = allNamespaces ? `in the cluster of context ${cluster.context}` : cluster.place
      if (!only) return { value: [], notes: [`no testnet runs ${place}; start one with ${cluster.command('up FILE')}`] }
      if (others.length > 0)
        return {
          value: found.map(each => ({
            ...clusterReport(each, undefined, cluster.context, Date.now()),
            conditions: [],
          })),
          notes: [],
        }
      const { testnet, heads, notes } = await detailed(operator, only, signal)
      return {
        value: [clusterReport(testnet, heads, cluster.context, Date.now())],
        notes: [...notes, ...staleNote(only)],
      }
    },
    nodes: async name => {
      const testnet = await chooseTestnet(cluster, name, signal)
      try {
        return { value: podRows(await operator.nodes(testnet.metadata, signal)), notes: [] }
      } catch (error) {
        if (!(error instanceof OperatorSilent)) throw error
        const value = podRows(await nodesFromPods(cluster, testnet, signal))
        return { value, notes: [`the operator ${error.message}; this is what the pods alone tell`] }
      }
    },
    logs: async ({ names: [first, second], ...request }, onLine, stop) => {
      const { testnet, node } = await logTarget(cluster, first, second, stop)
      return await podLogs(cluster, testnet, { node, ...request }, onLine, stop)
    },
    down: async ({ name, keepData, timeoutMs = DOWN_TIMEOUT_MS }, onProgress, stop) => {
      if (keepData)
        throw new UsageError(
          '--keep-data is for testnets on this machine',
          'in a cluster set `suspend: true` in the Testnet: its pods go and its data stays',
        )
      const testnet = await chooseTestnet(cluster, name, stop)
      await takeDownTestnet(cluster, testnet, timeoutMs, onProgress, stop)
      return `${testnet.metadata.name} is down`
    },
    close: () => {
      ended.abort()
      cluster.close()
    },
  }
}

/** With what the operator saw a moment ago: the stored status is written for what matters, and at most so often. */
async function detailed(
  operator: ReadApiClient,
  stored: StoredTestnet,
  signal: AbortSignal,
): Promise<{ testnet: StoredTestnet; heads: readonly HeadView[] | undefined; notes: string[] }> {
  try {
    const [{ status }, heads] = await Promise.all([
      operator.testnet(stored.metadata, signal),
      operator.heads(stored.metadata, signal),
    ])
    return { testnet: { ...stored, status }, heads: heads.length > 0 ? heads : undefined, notes: [] }
  } catch (error) {
    if (!(error instanceof OperatorSilent)) throw error
    return { testnet: stored, heads: undefined, notes: [`the operator ${error.message}; this is its last word on it`] }
  }
}

function staleNote({ metadata: { name, generation = 0 }, status }: StoredTestnet): string[] {
  if ((status?.observedGeneration ?? 0) >= generation) return []
  return [`the operator has not acted on the last change of ${name} yet`]
}

/** With one testnet in the namespace its name may be left out: then the only argument is the node's. */
async function logTarget(
  cluster: Cluster,
  first: string | undefined,
  second: string | undefined,
  signal: AbortSignal,
): Promise<{ testnet: StoredTestnet; node: string | undefined }> {
  if (first !== undefined && second === undefined && !(await findTestnet(cluster, first, signal))) {
    const [only, ...others] = await listTestnets(cluster, cluster.namespace, signal)
    if (only && others.length === 0) {
      const pods = await podsOf(cluster, only, signal)
      if (pods.some(({ node }) => node === first)) return { testnet: only, node: first }
    }
  }
  return { testnet: await chooseTestnet(cluster, first, signal), node: second }
}
