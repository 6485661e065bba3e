// The Testnets of a cluster as its API server stores them, and how to find the one that is meant.
import { apiVersion } from '../../../api/metadata.ts'
import { ApiError, isNotFound } from '../../../operator/kubernetes/runtime/api-error.ts'
import type { KubeObject, Resource } from '../../../operator/kubernetes/runtime/resource.ts'
import { testnets } from '../../../operator/kubernetes/testnet/stored-testnet.ts'
import type { StoredTestnet } from '../../../operator/kubernetes/testnet/world.ts'
import { nearestOf } from '../../../operator/local/testnets.ts'
import { UsageError } from '../../exit-codes.ts'
import type { Cluster } from './connect.ts'

const PAGE_SIZE = 500
/** More objects of one kind are not listed: what a command shows is for people. */
export const MAX_LISTED = 20_000

export const installHint =
  'install the operator: `helm install trellis charts/trellis -n trellis-system --create-namespace`'

/** All objects of a kind. @throws ApiError, ConnectionError */
export async function listAll<T extends KubeObject>(
  { api }: Cluster,
  kind: Resource<T>,
  selection: { readonly namespace?: string | undefined; readonly labelSelector?: string },
  signal: AbortSignal,
): Promise<T[]> {
  const items: T[] = []
  for (let token: string | undefined; items.length < MAX_LISTED; ) {
    const page = await api.page(kind, selection, PAGE_SIZE, token, signal)
    items.push(...page.items)
    token = page.continue
    if (token === undefined) break
  }
  return items
}

/** @throws UsageError when the cluster does not know Testnets */
export async function listTestnets(
  cluster: Cluster,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<StoredTestnet[]> {
  try {
    return await listAll(cluster, testnets, { namespace }, signal)
  } catch (error) {
    if (isNotFound(error)) throw notInstalled(cluster)
    throw error
  }
}

/** The named Testnet, or the only one of the namespace. @throws UsageError */
export async function chooseTestnet(
  cluster: Cluster,
  name: string | undefined,
  signal: AbortSignal,
): Promise<StoredTestnet> {
  if (name !== undefined) {
    const found = await findTestnet(cluster, name, signal)
    if (found) return found
  }
  const all = await listTestnets(cluster, cluster.namespace, signal)
  const names = all.map(({ metadata }) => metadata.name)
  if (name !== undefined) {
    const nearest = nearestOf(name, names)
    const have = names.length === 0 ? 'none is there' : `there is ${names.slice(0, 8).join(', ')}`
    throw new UsageError(
      `there is no testnet ${name} ${cluster.place} (${have})`,
      nearest ? `did you mean ${nearest}?` : `${cluster.command('status -A')} lists those of all namespaces`,
    )
  }
  const [only, ...others] = all
  if (!only)
    throw new UsageError(
      `there is no testnet ${cluster.place}`,
      `start one with ${cluster.command('up FILE')}, or choose a namespace with -n`,
    )
  if (others.length > 0)
    throw new UsageError(`there are ${names.length} testnets: ${names.slice(0, 8).join(', ')}`, 'give the name of one')
  return only
}

/** Undefined when there is none of that name. @throws UsageError when the cluster does not know Testnets */
export async function findTestnet(
  cluster: Cluster,
  name: string,
  signal: AbortSignal,
): Promise<StoredTestnet | undefined> {
  try {
    return await cluster.api.get(testnets, { namespace: cluster.namespace, name }, signal)
  } catch (error) {
    if (!isNotFound(error)) throw error
    await assertInstalled(cluster, signal)
    return undefined
  }
}

/** @throws UsageError when the cluster does not know Testnets */
export async function assertInstalled(cluster: Cluster, signal: AbortSignal): Promise<void> {
  try {
    const { resources } = await cluster.api.send({ method: 'GET', path: `/apis/${apiVersion}`, signal })
    if ((resources as { name?: string }[] | undefined)?.some(({ name }) => name === testnets.plural)) return
  } catch (error) {
    // Who may not read the discovery document may still be served.
    if (!(error instanceof ApiError) || error.status !== 404) return
  }
  throw notInstalled(cluster)
}

const notInstalled = ({ context }: Cluster): UsageError =>
  new UsageError(`the cluster of context ${context} does not know Testnets (${apiVersion})`, installHint)
