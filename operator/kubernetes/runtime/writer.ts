// Every write of the operator but the Lease goes through here: server-side apply under one field manager, and delete.
import type { Api } from './api.ts'
import { isNotFound } from './api-error.ts'
import { collectionPath, type KubeObject, type ObjectName, objectPath, type Resource } from './resource.ts'

/** Owns the fields that the operator applies. */
export const FIELD_MANAGER = 'trellis-operator'

export interface WriteGuard {
  /** The signal that ends a write that has begun. @throws when this process may not write */
  check(): AbortSignal
}

/** What is applied: it says what it is, and has a name. Fields left out are given up, and removed if nobody else has them. */
export type Intent<T extends KubeObject> = Omit<T, 'status'> & { readonly apiVersion: string; readonly kind: string }

/** What a kind applies to its status. */
export interface StatusIntent {
  /** With a uid it is refused (409) when the name is another object's by now, with a version when it was changed since. */
  readonly metadata: {
    readonly name: string
    readonly namespace?: string | undefined
    readonly uid?: string | undefined
    readonly resourceVersion?: string | undefined
  }
  readonly status: unknown
}

export class Writer {
  readonly #api: Api
  readonly #guard: WriteGuard
  readonly #fieldManager: string

  /** `fieldManager` owns what is applied. */
  constructor(api: Api, guard: WriteGuard, fieldManager = FIELD_MANAGER) {
    this.#api = api
    this.#guard = guard
    this.#fieldManager = fieldManager
  }

  /** Creates or changes the object so that the fields given are as given. Resolves with the object as stored. */
  async apply<T extends KubeObject>(kind: Resource<T>, intent: Intent<T>, signal: AbortSignal): Promise<T> {
    return await this.#apply(objectPath(kind, intent.metadata), intent, signal)
  }

  /** The same for the status subresource. @throws ApiError 404 when the object is gone: a status creates nothing */
  async applyStatus<T extends KubeObject>(
    { apiVersion, kind, ...rest }: Resource<T>,
    { metadata: { name, namespace, uid, resourceVersion }, status }: StatusIntent,
    signal: AbortSignal,
  ): Promise<T> {
    const path = objectPath({ apiVersion, kind, ...rest }, { name, namespace }, 'status')
    return await this.#apply(
      path,
      { apiVersion, kind, metadata: { name, namespace, uid, resourceVersion }, status },
      signal,
    )
  }

  /** Creates an object whose name nobody else has. */
  async create<T extends KubeObject>(kind: Resource<T>, object: Intent<T>, signal: AbortSignal): Promise<T> {
    const path = collectionPath(kind, object.metadata.namespace)
    const query = { fieldManager: this.#fieldManager }
    return (await this.#send({ method: 'POST', path, query, body: object, signal })) as unknown as T
  }

  /** Deletes that very object (by uid), or whatever has the name. False when there was none. */
  async delete(
    kind: Resource,
    name: ObjectName,
    {
      uid,
      propagation = 'Background',
    }: { uid?: string | undefined; propagation?: 'Background' | 'Foreground' | 'Orphan' },
    signal: AbortSignal,
  ): Promise<boolean> {
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: propagation,
      ...(uid && { preconditions: { uid } }),
    }
    try {
      await this.#send({ method: 'DELETE', path: objectPath(kind, name), body, signal })
      return true
    } catch (error) {
      if (isNotFound(error)) return false
      throw error
    }
  }

  async #apply<T>(path: string, body: unknown, signal: AbortSignal): Promise<T> {
    // force: whose fields they are, they stay. Who edits them by hand gets them back.
    const query = { fieldManager: this.#fieldManager, force: 'true', fieldValidation: 'Strict' }
    const contentType = 'application/apply-patch+yaml'
    return (await this.#send({ method: 'PATCH', path, query, contentType, body, signal })) as T
  }

  async #send(request: Parameters<Api['send']>[0]): Promise<Record<string, unknown>> {
    const term = this.#guard.check()
    // And once more when the request leaves: a process may be stopped (SIGSTOP) at any line between.
    const check = () => this.#guard.check()
    return await this.#api.send({ ...request, signal: AbortSignal.any([request.signal, term]), check })
  }
}
