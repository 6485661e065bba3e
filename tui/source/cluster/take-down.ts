// Ends a testnet of a cluster and waits until its pods are gone. Everything else goes with its owner.
import { setTimeout as delay } from 'node:timers/promises'
import { ConnectionError, isConflict, isNotFound } from '../../../operator/kubernetes/runtime/api-error.ts'
import { objectPath } from '../../../operator/kubernetes/runtime/resource.ts'
import { testnets } from '../../../operator/kubernetes/testnet/stored-testnet.ts'
import type { StoredTestnet } from '../../../operator/kubernetes/testnet/world.ts'
import { listed } from '../../../operator/testnet/convergence.ts'
import { InterruptedError, UsageError } from '../../exit-codes.ts'
import type { Cluster } from './connect.ts'
import { podsOf } from './pods.ts'
import { findTestnet } from './testnet-objects.ts'

export const DOWN_TIMEOUT_MS = 120_000
const LOOK_EVERY_MS = 500

/** @throws UsageError when pods are still there in the end, InterruptedError, ApiError */
export async function takeDownTestnet(
  cluster: Cluster,
  testnet: StoredTestnet,
  timeoutMs: number,
  onProgress: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name } = testnet.metadata
  onProgress(`deleting ${name}`)
  await deleteThat(cluster, testnet, signal)
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const left = await look(cluster, testnet, signal)
    if (left && !left.object && left.pods.length === 0) return
    const what = left?.pods.length
      ? `${left.pods.length} pods of ${name} are still there: ${listed(left.pods)}`
      : left
        ? `${name} itself is still there`
        : 'the API server does not answer'
    onProgress(what)
    if (signal.aborted)
      throw new InterruptedError(
        `${what}`,
        `it goes on without this command; \`kubectl get pods -n ${namespace}\` shows it`,
      )
    if (performance.now() > deadline)
      throw new UsageError(
        `${what} after ${timeoutMs / 1_000} s`,
        `\`kubectl describe pods -n ${namespace} -l trellis.dev/testnet=${name}\` says why`,
      )
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => {})
  }
}

/** That very object: who made another one of the same name in the meantime keeps it. */
async function deleteThat({ api }: Cluster, { metadata }: StoredTestnet, signal: AbortSignal): Promise<void> {
  const body = {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    propagationPolicy: 'Background',
    preconditions: { uid: metadata.uid },
  }
  try {
    await api.send({ method: 'DELETE', path: objectPath(testnets, metadata), body, signal })
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error
  }
}

/** Undefined when the server was not reached. */
async function look(
  cluster: Cluster,
  testnet: StoredTestnet,
  signal: AbortSignal,
): Promise<{ object: boolean; pods: string[] } | undefined> {
  try {
    // Not the signal of Ctrl-C: its last look says what is left.
    const last = signal.aborted ? AbortSignal.timeout(2_000) : signal
    const found = await findTestnet(cluster, testnet.metadata.name, last)
    const pods = await podsOf(cluster, testnet, last)
    const ours = pods.filter(({ pod }) => !found || found.metadata.uid === testnet.metadata.uid || isTerminating(pod))
    return { object: found?.metadata.uid === testnet.metadata.uid, pods: ours.map(({ node }) => node) }
  } catch (error) {
    if (signal.aborted || error instanceof ConnectionError) return undefined
    throw error
  }
}

const isTerminating = ({ metadata }: { metadata: { deletionTimestamp?: unknown } }): boolean =>
  metadata.deletionTimestamp !== undefined
