// Applies a Testnet to a cluster and waits until the operator says that it is ready.
import { setTimeout as delay } from 'node:timers/promises'
import { apiVersion } from '../../../api/metadata.ts'
import type { TestnetStatus } from '../../../api/status.ts'
import { ApiError, ConnectionError } from '../../../operator/kubernetes/runtime/api-error.ts'
import { objectPath, resources } from '../../../operator/kubernetes/runtime/resource.ts'
import { testnets } from '../../../operator/kubernetes/testnet/stored-testnet.ts'
import type { StoredTestnet } from '../../../operator/kubernetes/testnet/world.ts'
import type { TestnetFile } from '../../documents.ts'
import { InterruptedError, UsageError } from '../../exit-codes.ts'
import { conditionRows } from '../../model/cluster-report.ts'
import type { Cluster } from './connect.ts'
import { assertInstalled, findTestnet } from './testnet-objects.ts'

/** Owns the fields of a Testnet that `up` applies. */
export const FIELD_MANAGER = 'trellis-cli'
const LOOK_EVERY_MS = 500
/** Without a word of the operator for so long the progress line asks whether there is one. */
const QUIET_MS = 10_000

export type Applied = 'created' | 'changed' | 'unchanged'

/** @throws UsageError, ApiError (409 when somebody else owns a field), ConnectionError */
export async function applyTestnet(
  cluster: Cluster,
  { metadata, spec }: TestnetFile['written'],
  { force, dryRun = false }: { readonly force: boolean; readonly dryRun?: boolean },
  signal: AbortSignal,
): Promise<{ readonly testnet: StoredTestnet; readonly before: StoredTestnet | undefined; readonly applied: Applied }> {
  await assertNamespace(cluster, signal)
  const before = await findTestnet(cluster, metadata.name, signal)
  if (before?.metadata.deletionTimestamp)
    throw new UsageError(
      `testnet ${metadata.name} ${cluster.place} is being deleted`,
      `wait until it is gone: ${cluster.command(`down ${metadata.name}`)}`,
    )
  const testnet = (await cluster.api.send({
    method: 'PATCH',
    path: objectPath(testnets, { namespace: cluster.namespace, name: metadata.name }),
    query: {
      fieldManager: FIELD_MANAGER,
      fieldValidation: 'Strict',
      force: String(force),
      dryRun: dryRun ? 'All' : undefined,
    },
    contentType: 'application/apply-patch+yaml',
    body: { apiVersion, kind: testnets.kind, metadata: { ...metadata, namespace: cluster.namespace }, spec },
    signal,
  })) as unknown as StoredTestnet
  const same = before?.metadata.generation === testnet.metadata.generation
  return { testnet, before, applied: before === undefined ? 'created' : same ? 'unchanged' : 'changed' }
}

/** Resolves with the Testnet once it is ready, or suspended as it should be. @throws UsageError, InterruptedError */
export async function waitReady(
  cluster: Cluster,
  applied: StoredTestnet,
  timeoutMs: number,
  onProgress: (text: string) => void,
  signal: AbortSignal,
): Promise<StoredTestnet> {
  const { name, uid, generation = 0 } = applied.metadata
  const started = performance.now()
  let last = applied
  for (;;) {
    const found = await look(cluster, name, signal)
    if (found === 'gone' || (found && found.metadata.uid !== uid))
      throw new UsageError(`testnet ${name} was deleted meanwhile`, 'start it again')
    if (found) last = found
    const seen = (last.status?.observedGeneration ?? 0) >= generation
    if (seen && isDone(last)) return last
    const line = seen ? waitingFor(last.status ?? {}) : quietLine(cluster, performance.now() - started)
    onProgress(line)
    if (signal.aborted)
      throw new InterruptedError(
        `${name} is not ready yet: ${line}`,
        `it goes on without this command; ${cluster.command(`down ${name}`)} ends it`,
      )
    if (performance.now() - started > timeoutMs)
      throw new UsageError(
        `${name} is not ready after ${Math.round(timeoutMs / 1_000)} s: ${line}`,
        `it goes on without this command; ${cluster.command(`status ${name}`)} shows how it is, ${cluster.command(`down ${name}`)} ends it`,
      )
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => {})
  }
}

async function look(cluster: Cluster, name: string, signal: AbortSignal): Promise<StoredTestnet | 'gone' | undefined> {
  if (signal.aborted) return undefined
  try {
    return (await findTestnet(cluster, name, signal)) ?? 'gone'
  } catch (error) {
    // A server that restarts does not end the wait; its time does.
    if (signal.aborted || error instanceof ConnectionError || (error instanceof ApiError && error.status >= 500))
      return undefined
    throw error
  }
}

function isDone({ spec, status }: StoredTestnet): boolean {
  const suspended = (spec as { suspend?: unknown }).suspend === true
  if (suspended) return status?.nodes !== undefined && status.nodes.ready === 0
  return status?.conditions?.some(({ type, status: holds }) => type === 'Ready' && holds === 'True') === true
}

/** `5/8 nodes ready; Provisioned: 3 of 8 pods cannot pull their image` */
export function waitingFor(status: TestnetStatus): string {
  const nodes = status.nodes ? `${status.nodes.ready}/${status.nodes.desired} nodes ready` : 'no nodes yet'
  const open = conditionRows(status).find(({ holds }) => !holds)
  return open ? `${nodes}; ${open.name}: ${open.reason}` : nodes
}

const quietLine = ({ context }: Cluster, ms: number): string =>
  ms < QUIET_MS
    ? 'waiting for the operator'
    : `the operator has said nothing for ${Math.round(ms / 1_000)} s; does it run in the cluster of context ${context}, and watch this namespace?`

async function assertNamespace(cluster: Cluster, signal: AbortSignal): Promise<void> {
  const { api, namespace, context } = cluster
  await assertInstalled(cluster, signal)
  try {
    const found = await api.get(resources.namespaces, { name: namespace }, signal)
    if (!found.metadata.deletionTimestamp) return
    throw new UsageError(`namespace ${namespace} is being deleted`, 'choose another one with -n')
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    if (error.status === 404)
      throw new UsageError(
        `there is no namespace ${namespace} in the cluster of context ${context}`,
        `make it with \`kubectl create namespace ${namespace}\`, or choose another one with -n`,
      )
    // Who may not look at namespaces may still write into one.
    if (error.status !== 403) throw error
  }
}
