// The ChaosExperiments of a cluster as its API server stores them: applied, found, aborted, replaced.
import { setTimeout as delay } from 'node:timers/promises'
import { apiVersion } from '../../../api/metadata.ts'
import { endPhases } from '../../../api/status.ts'
import { experiments, type StoredExperiment } from '../../../operator/kubernetes/chaos/stored-experiment.ts'
import { ApiError, isConflict, isNotFound } from '../../../operator/kubernetes/runtime/api-error.ts'
import { objectPath } from '../../../operator/kubernetes/runtime/resource.ts'
import { nearestOf } from '../../../operator/local/testnets.ts'
import type { ExperimentFile } from '../../documents.ts'
import { UsageError } from '../../exit-codes.ts'
import { clusterRow, type ExperimentRow } from '../../model/experiment-rows.ts'
import { FIELD_MANAGER } from './bring-up.ts'
import type { Cluster } from './connect.ts'
import { assertInstalled, listAll } from './testnet-objects.ts'

const LOOK_EVERY_MS = 500
/** An experiment that is deleted heals meanwhile. */
const GONE_WITHIN_MS = 60_000

export const isOver = ({ status }: StoredExperiment): boolean => endPhases.some(phase => phase === status?.phase)

/** All of the namespace, or of all namespaces. @throws UsageError when the cluster does not know them */
export async function listExperiments(
  cluster: Cluster,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<StoredExperiment[]> {
  try {
    return await listAll(cluster, experiments, { namespace }, signal)
  } catch (error) {
    if (isNotFound(error)) await assertInstalled(cluster, signal)
    throw error
  }
}

/** As `listExperiments`, as they are shown. */
export async function experimentRows(...given: Parameters<typeof listExperiments>): Promise<ExperimentRow[]> {
  return (await listExperiments(...given)).map(each => clusterRow(each, Date.now()))
}

/** Undefined when there is none of that name. @throws UsageError when the cluster does not know them */
export async function findExperiment(
  cluster: Cluster,
  name: string,
  signal: AbortSignal,
): Promise<StoredExperiment | undefined> {
  try {
    return await cluster.api.get(experiments, { namespace: cluster.namespace, name }, signal)
  } catch (error) {
    if (!isNotFound(error)) throw error
    await assertInstalled(cluster, signal)
    return undefined
  }
}

/** The named one, or the only one of the namespace that is not over. @throws UsageError */
export async function chooseExperiment(
  cluster: Cluster,
  name: string | undefined,
  signal: AbortSignal,
): Promise<StoredExperiment> {
  const found = name === undefined ? undefined : await findExperiment(cluster, name, signal)
  if (found) return found
  const all = await listExperiments(cluster, cluster.namespace, signal)
  const names = all.map(({ metadata }) => metadata.name)
  const list = `${cluster.command('chaos list')} lists them`
  if (name !== undefined) {
    const nearest = nearestOf(name, names)
    throw new UsageError(`there is no experiment ${name} ${cluster.place}`, nearest ? `did you mean ${nearest}?` : list)
  }
  const [only, ...others] = all.filter(each => !isOver(each))
  if (!only) throw new UsageError(`no experiment runs ${cluster.place}`, list)
  if (others.length > 0)
    throw new UsageError(
      `there are ${others.length + 1} experiments: ${[only, ...others]
        .slice(0, 8)
        .map(({ metadata }) => metadata.name)
        .join(', ')}`,
      'give the name of one',
    )
  return only
}

/**
 * Makes it, or finds it under way with the same spec: `fresh` says which. One that is over is replaced or refused.
 * @throws UsageError, ApiError with the fields that are refused, ConnectionError
 */
export async function applyExperiment(
  cluster: Cluster,
  { metadata, spec }: ExperimentFile['written'],
  replace: boolean,
  signal: AbortSignal,
): Promise<{ readonly experiment: StoredExperiment; readonly fresh: boolean }> {
  const { name } = metadata
  let before = await findExperiment(cluster, name, signal)
  if (before && (replace || before.metadata.deletionTimestamp)) {
    await remove(cluster, before, signal)
    before = undefined
  }
  if (before && isOver(before))
    throw new UsageError(
      `experiment ${name} ${cluster.place} is over already: ${before.status?.phase}`,
      `run it again with --replace, which deletes that one and its record, or give this one another name`,
    )
  const experiment = (await cluster.api.send({
    method: 'PATCH',
    path: objectPath(experiments, { namespace: cluster.namespace, name }),
    query: { fieldManager: FIELD_MANAGER, fieldValidation: 'Strict', force: 'false' },
    contentType: 'application/apply-patch+yaml',
    body: { apiVersion, kind: experiments.kind, metadata: { ...metadata, namespace: cluster.namespace }, spec },
    signal,
  })) as unknown as StoredExperiment
  return { experiment, fresh: before?.metadata.uid !== experiment.metadata.uid }
}

/** Heals at once and ends it; false when that very one is not there any more. @throws ApiError, ConnectionError */
export async function setAbort(
  { api }: Cluster,
  { metadata: { name, namespace = '', uid } }: StoredExperiment,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await api.send({
      method: 'PATCH',
      path: objectPath(experiments, { name, namespace }),
      query: { fieldManager: FIELD_MANAGER },
      contentType: 'application/merge-patch+json',
      // With another uid the server refuses: another one has its name.
      body: { metadata: { uid }, spec: { abort: true } },
      signal,
    })
    return true
  } catch (error) {
    if (isNotFound(error) || isConflict(error)) return false
    throw error
  }
}

/** Deletes it, and what it owns, and waits until it is gone. */
async function remove(cluster: Cluster, { metadata }: StoredExperiment, signal: AbortSignal): Promise<void> {
  const { name, namespace = '', uid } = metadata
  const body = {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    propagationPolicy: 'Background',
    preconditions: { uid },
  }
  try {
    await cluster.api.send({ method: 'DELETE', path: objectPath(experiments, { name, namespace }), body, signal })
  } catch (error) {
    if (!(error instanceof ApiError) || (!isNotFound(error) && !isConflict(error))) throw error
  }
  const deadline = performance.now() + GONE_WITHIN_MS
  while ((await findExperiment(cluster, name, signal))?.metadata.uid === uid) {
    if (performance.now() > deadline)
      throw new UsageError(
        `experiment ${name} is still there ${GONE_WITHIN_MS / 1_000} s after it was deleted`,
        `\`kubectl get chaos ${name} -n ${namespace} -o yaml\` says what keeps it: see metadata.finalizers`,
      )
    await delay(LOOK_EVERY_MS, undefined, { signal })
  }
}
