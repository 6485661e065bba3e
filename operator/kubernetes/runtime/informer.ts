// Keeps a store equal to what the API server has of one resource: one list, then watches that resume where the last one
// ended. It is never silently deaf: every stream ends within WATCH_SECONDS and a grace, or we end it, and `contactAt`
// tells when the server was last heard.
import { setTimeout as delay } from 'node:timers/promises'
import type { Rng } from '../../../api/random.ts'
import type { Api, Selection, WatchEvent } from './api.ts'
import { ApiError, ConnectionError, isGone } from './api-error.ts'
import { initialStanding, type Next, type Outcome, plan, SHORT_WATCH_MS } from './informer-plan.ts'
import { type KubeObject, keyOf, type Resource } from './resource.ts'
import { isOlder } from './resource-version.ts'
import { type IndexBy, type ReadStore, Store } from './store.ts'

export const PAGE_SIZE = 500
/** Streams are short so that silence has an end: proxies cut at 60 s, and the server's bookmark comes just before ours. */
export const WATCH_SECONDS = 45
/** What a stream may take beyond its time before we call it dead; with the above it stays below a minute. */
export const WATCH_GRACE_MS = 8_000
/** Without contact for that long an informer says that it is not healthy. */
export const DEAF_AFTER_MS = 60_000
/** A list whose pages expire under it starts again at most that often before it counts as failed. */
const MAX_PAGE_RESTARTS = 3

export type Change<T> =
  | { readonly kind: 'added'; readonly object: T }
  | { readonly kind: 'updated'; readonly object: T; readonly before: T }
  | { readonly kind: 'deleted'; readonly object: T }

/** What happened, for metrics and logs. */
export type InformerNote =
  | { readonly kind: 'listed'; readonly objects: number }
  | { readonly kind: 'watching'; readonly resourceVersion: string }
  | { readonly kind: 'broke'; readonly reason: string; readonly next: 'list' | 'watch'; readonly delayMs: number }

export interface InformerOptions<T extends KubeObject> {
  readonly selection?: Selection
  readonly indexes?: Readonly<Record<string, IndexBy<T>>>
  /** Called for every change, in order. Must not throw; it only adds keys to queues. */
  readonly onChange?: (change: Change<T>) => void
  readonly onNote?: (note: InformerNote) => void
  /** Drops what nobody reads before it is kept; `managedFields` always go. */
  readonly trim?: (object: T) => T
  /** Monotonic milliseconds. */
  readonly now?: () => number
  readonly rng?: Rng
  readonly pageSize?: number
  readonly watchSeconds?: number
  readonly watchGraceMs?: number
}

export class Informer<T extends KubeObject> {
  readonly resource: Resource<T>
  readonly #api: Api
  readonly #options: InformerOptions<T>
  readonly #store: Store<T>
  readonly #now: () => number
  readonly #rng: Rng
  readonly #synced = Promise.withResolvers<void>()
  readonly #settled = Promise.withResolvers<void>()
  #hasSynced = false
  /** Where the next watch begins; the newest version that we heard of. */
  #cursor = ''
  #contactAt: number
  #problem: string | undefined
  #run: Promise<void> | undefined

  constructor(api: Api, resource: Resource<T>, options: InformerOptions<T> = {}) {
    this.#api = api
    this.resource = resource
    this.#options = options
    this.#store = new Store<T>(options.indexes)
    this.#now = options.now ?? (() => performance.now())
    this.#rng = options.rng ?? Math.random
    this.#contactAt = this.#now()
  }

  get store(): ReadStore<T> {
    return this.#store
  }

  /** True since the first list. */
  get hasSynced(): boolean {
    return this.#hasSynced
  }

  /** For people and metrics: `pods`, or `lab/pods` when only one namespace is followed. */
  get name(): string {
    const { namespace } = this.#options.selection ?? {}
    return namespace ? `${namespace}/${this.resource.plural}` : this.resource.plural
  }

  /** What the server has said no to since the last list or watch that did its work. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** Time since the server was last heard, milliseconds. A refusal is a sign of life, too. */
  get silentMs(): number {
    return this.#now() - this.#contactAt
  }

  /** Resolves with the first list; never rejects. */
  get synced(): Promise<void> {
    return this.#synced.promise
  }

  /** Resolves with the first list, or the server's first word that it gives none; never rejects. */
  get settled(): Promise<void> {
    return this.#settled.promise
  }

  /** Runs until the signal; resolves when all is closed. */
  run(signal: AbortSignal): Promise<void> {
    this.#run ??= this.#loop(signal)
    return this.#run
  }

  async #loop(signal: AbortSignal): Promise<void> {
    let next: Next = { standing: initialStanding, action: 'list', delayMs: 0, acceptOlder: false }
    while (!signal.aborted) {
      const watching = next.action === 'watch'
      const started = this.#now()
      let progressed = false
      let openedAt = Number.POSITIVE_INFINITY
      let outcome: Outcome
      try {
        outcome = watching
          ? await this.#watch(signal, {
              onOpen: () => {
                openedAt = this.#now()
              },
              onProgress: () => {
                progressed = true
              },
            })
          : await this.#list(next.acceptOlder, signal)
      } catch (error) {
        if (signal.aborted) return
        // A proxy cuts streams on which nothing happens: such a stream did its work, too.
        outcome = failure(error, progressed || this.#now() - openedAt >= SHORT_WATCH_MS)
        if (error instanceof ApiError) this.#refused(error, watching)
      }
      next = plan(next.standing, outcome, watching, this.#rng)
      if (outcome.kind !== 'listed' && !(outcome.kind === 'ended' && next.delayMs === 0)) {
        const reason = outcome.kind === 'failed' ? outcome.reason : outcome.kind
        this.#options.onNote?.({ kind: 'broke', reason, next: next.action, delayMs: Math.round(next.delayMs) })
      }
      // A stream may last, but asking must not become a loop, whatever the plan says.
      const pause = Math.max(next.delayMs, outcome.kind === 'ended' && this.#now() - started < 10 ? 10 : 0)
      if (pause > 0) await delay(pause, undefined, { signal, ref: false }).catch(() => {})
    }
  }

  #refused({ status, message }: ApiError, watching: boolean): void {
    this.#contactAt = this.#now()
    if (status === 410 || status === 429) return
    this.#problem = message
    if (status === 403 || status === 404) this.#settled.resolve()
    // The server knows no such resource (any more): its definition was removed, and every object with it.
    if (status === 404 && !watching) for (const key of this.#store.keys()) this.#remove(key)
  }

  async #list(acceptOlder: boolean, signal: AbortSignal): Promise<Outcome> {
    const { items, resourceVersion } = await this.#pages(signal)
    this.#contactAt = this.#now()
    if (isOlder(resourceVersion, this.#cursor) && !acceptOlder) return { kind: 'stale list' }
    const current = new Set(items.map(({ metadata }) => keyOf(metadata)))
    this.#cursor = resourceVersion
    for (const item of items) this.#put(item)
    for (const key of this.#store.keys()) if (!current.has(key)) this.#remove(key)
    this.#hasSynced = true
    this.#problem = undefined
    this.#synced.resolve()
    this.#settled.resolve()
    this.#options.onNote?.({ kind: 'listed', objects: items.length })
    return { kind: 'listed' }
  }

  async #pages(signal: AbortSignal): Promise<{ items: T[]; resourceVersion: string }> {
    const { selection = {}, pageSize = PAGE_SIZE } = this.#options
    for (let restarts = 0; ; restarts++) {
      try {
        const items: T[] = []
        let page = await this.#api.page(this.resource, selection, pageSize, undefined, signal)
        items.push(...page.items)
        while (page.continue) {
          page = await this.#api.page(this.resource, selection, pageSize, page.continue, signal)
          items.push(...page.items)
          this.#contactAt = this.#now()
        }
        return { items, resourceVersion: page.resourceVersion }
      } catch (error) {
        if (!isGone(error) || restarts >= MAX_PAGE_RESTARTS) throw error
      }
    }
  }

  async #watch(signal: AbortSignal, on: { onOpen: () => void; onProgress: () => void }): Promise<Outcome> {
    const { selection = {}, watchSeconds = WATCH_SECONDS, watchGraceMs = WATCH_GRACE_MS, onNote } = this.#options
    // Informers that start together must not all come back together.
    const timeoutSeconds = Math.max(1, Math.round(watchSeconds * (1 - 0.2 * this.#rng())))
    const started = this.#now()
    const stop = new AbortController()
    let disordered = false
    try {
      await this.#api.watch(this.resource, selection, {
        resourceVersion: this.#cursor,
        timeoutSeconds,
        deadlineMs: timeoutSeconds * 1_000 + watchGraceMs,
        signal: AbortSignal.any([signal, stop.signal]),
        onOpen: () => {
          this.#contactAt = this.#now()
          this.#problem = undefined
          on.onOpen()
          onNote?.({ kind: 'watching', resourceVersion: this.#cursor })
        },
        onEvent: event => {
          this.#contactAt = this.#now()
          if (disordered) return
          if (this.#take(event)) return on.onProgress()
          disordered = true
          stop.abort()
        },
      })
    } catch (error) {
      if (!disordered) throw error
    }
    if (disordered) return { kind: 'disordered' }
    this.#contactAt = this.#now()
    return { kind: 'ended', lastedMs: this.#now() - started }
  }

  /** False when the event is older than the one before it. */
  #take(event: WatchEvent<T>): boolean {
    const version = event.type === 'BOOKMARK' ? event.resourceVersion : event.object.metadata.resourceVersion
    if (version === undefined || isOlder(version, this.#cursor)) return false
    if (event.type === 'DELETED') this.#remove(keyOf(event.object.metadata), event.object)
    else if (event.type !== 'BOOKMARK') this.#put(event.object)
    this.#cursor = version
    return true
  }

  #put(object: T): void {
    const trimmed = (this.#options.trim ?? (same => same))(withoutManagedFields(object))
    const before = this.#store.get(keyOf(object.metadata))
    if (before && before.metadata.resourceVersion === object.metadata.resourceVersion) return
    this.#store.set(trimmed)
    const { onChange } = this.#options
    if (before && before.metadata.uid === object.metadata.uid) onChange?.({ kind: 'updated', object: trimmed, before })
    else {
      // The same name with another uid is another object: the old one's end was not seen.
      if (before) onChange?.({ kind: 'deleted', object: before })
      onChange?.({ kind: 'added', object: trimmed })
    }
  }

  #remove(key: string, last?: T): void {
    const before = this.#store.delete(key)
    if (before) this.#options.onChange?.({ kind: 'deleted', object: last ?? before })
  }
}

function withoutManagedFields<T extends KubeObject>(object: T): T {
  if (!object.metadata.managedFields) return object
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

function failure(error: unknown, progressed: boolean): Outcome {
  if (error instanceof ApiError) {
    const { status, reason, retryAfterMs } = error
    return { kind: 'failed', status, reason: reason || String(status), retryAfterMs, progressed }
  }
  const reason = error instanceof ConnectionError ? 'connection' : String(error)
  return { kind: 'failed', status: 0, reason, progressed }
}
