// The cluster's API as the cases read and change it: plain objects, one connection kept.
import { setTimeout as delay } from 'node:timers/promises'
import { KubeConfig } from '@kubernetes/client-node/dist/config.js'
import { Api } from '../../operator/kubernetes/runtime/api.ts'
import { ApiError, isNotFound } from '../../operator/kubernetes/runtime/api-error.ts'
import {
  collectionPath,
  type KubeObject,
  type ObjectName,
  objectPath,
  type Resource,
} from '../../operator/kubernetes/runtime/resource.ts'
import { given } from './under-test.ts'

/** Of a list that the server is not ready to give. */
const MAX_TRIES = 20
const signal = new AbortController().signal
let connection: Api | undefined

function api(): Api {
  if (!connection) {
    const config = new KubeConfig()
    config.loadFromFile(given.kubeconfig)
    connection = new Api(config, { userAgent: 'trellis-cluster-tests' })
  }
  return connection
}

export interface Changes {
  readonly [field: string]: unknown
}

/** Undefined when there is none. */
export async function get<T extends KubeObject>(kind: Resource<T>, name: ObjectName): Promise<T | undefined> {
  return await api()
    .get(kind, name, signal)
    .catch(error => {
      if (isNotFound(error)) return undefined
      throw error
    })
}

export async function list<T extends KubeObject>(
  kind: Resource<T>,
  namespace?: string,
  labelSelector?: string,
): Promise<T[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return (await api().page(kind, { namespace, labelSelector }, 5_000, undefined, signal)).items
    } catch (error) {
      // A kind whose definition came a moment ago: "storage is (re)initializing".
      const busy = error instanceof ApiError && error.status === 429
      if (!busy || attempt === MAX_TRIES) throw error
      await delay(error.retryAfterMs ?? 1_000)
    }
  }
}

/** @throws ApiError with what the server refused */
export async function create<T extends KubeObject>(kind: Resource<T>, body: T): Promise<T> {
  const path = collectionPath(kind, body.metadata.namespace)
  return (await api().send({ method: 'POST', path, body, signal })) as unknown as T
}

/** What the server would say against its creation; undefined when it would take it. */
export async function refusalOf<T extends KubeObject>(kind: Resource<T>, body: T): Promise<string | undefined> {
  const path = collectionPath(kind, body.metadata.namespace)
  try {
    await api().send({ method: 'POST', path, query: { dryRun: 'All' }, body, signal })
    return undefined
  } catch (error) {
    if (error instanceof ApiError) return error.message
    throw error
  }
}

/** Merge patch. @throws ApiError with what the server refused */
export async function change<T extends KubeObject>(kind: Resource<T>, name: ObjectName, body: Changes): Promise<T> {
  const contentType = 'application/merge-patch+json'
  return (await api().send({
    method: 'PATCH',
    path: objectPath(kind, name),
    contentType,
    body,
    signal,
  })) as unknown as T
}

/** Asks for it to be deleted; nothing when there is none. */
export async function remove(kind: Resource, name: ObjectName, options: Changes = {}): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background', ...options }
  await api()
    .send({ method: 'DELETE', path: objectPath(kind, name), body, signal })
    .catch(error => {
      if (!isNotFound(error)) throw error
    })
}

/** The JSON at a path of the API server. A pod that is gone answers nobody, and through the server not even with a refusal. */
export async function ask<T>(path: string, withinMs = 5_000): Promise<T> {
  return (await api().send({ method: 'GET', path, deadlineMs: withinMs, signal })) as T
}

/** What evicts a pod as `kubectl drain` does. @throws ApiError 429 when a budget forbids it */
export async function evict({ namespace, name }: { namespace: string; name: string }): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { namespace, name } }
  await api().send({ method: 'POST', path, body, signal })
}
