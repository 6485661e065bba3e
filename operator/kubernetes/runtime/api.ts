// The Kubernetes API as the operator uses it: get, list in pages, watch, server-side apply, delete. Objects are plain.
import { StringDecoder } from 'node:string_decoder'
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js'
import { apiError, ConnectionError } from './api-error.ts'
import { retryAfterMs } from './backoff.ts'
import { collectionPath, type KubeObject, type ObjectName, objectPath, type Resource } from './resource.ts'
import { type Answer, type Exchange, Transport } from './transport.ts'

/** A request that takes longer has failed: the API server's own limit is 60 s, and half-open sockets never answer. */
export const REQUEST_TIMEOUT_MS = 30_000
/** A page of 500 pods is about 5 MB. */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024
/** etcd refuses objects above 1.5 MiB; JSON is longer than what it stores. */
export const MAX_EVENT_BYTES = 8 * 1024 * 1024

export interface Selection {
  /** All namespaces when absent. */
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
}

export interface Page<T> {
  readonly items: T[]
  readonly resourceVersion: string
  /** Absent on the last page. */
  readonly continue?: string
}

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }

export interface WriteOptions {
  readonly signal: AbortSignal
  readonly timeoutMs?: number
}

/** Told of every answer; `code` is `<error>` when there was none, as client-go counts it. */
export type OnAnswer = (answer: {
  readonly code: string
  readonly method: string
  readonly host: string
  readonly watch: boolean
  readonly seconds: number
}) => void

export class Api {
  readonly #transport: Transport
  readonly #onAnswer: OnAnswer

  constructor(config: KubeConfig, { userAgent = 'trellis-operator', onAnswer = (() => {}) as OnAnswer } = {}) {
    this.#transport = new Transport(config, userAgent)
    this.#onAnswer = onAnswer
  }

  close(): void {
    this.#transport.close()
  }

  async get<T extends KubeObject>(kind: Resource<T>, name: ObjectName, signal: AbortSignal): Promise<T> {
    return (await this.send({ method: 'GET', path: objectPath(kind, name), signal })) as T
  }

  /** One page, as of now (not of some cache), unless `token` continues an earlier one. */
  async page<T extends KubeObject>(
    kind: Resource<T>,
    { namespace, ...selectors }: Selection,
    limit: number,
    token: string | undefined,
    signal: AbortSignal,
  ): Promise<Page<T>> {
    const query = { ...selectors, limit: String(limit), continue: token }
    const path = collectionPath(kind, namespace)
    const list = (await this.send({ method: 'GET', path, query, signal })) as {
      items?: T[] | null
      metadata?: { resourceVersion?: string; continue?: string }
    }
    const resourceVersion = list.metadata?.resourceVersion
    if (!resourceVersion) throw new ConnectionError(`GET ${path}: the answer is no list`)
    // Items of a list do not say what they are.
    const items = (list.items ?? []).map(item => ({ ...item, apiVersion: kind.apiVersion, kind: kind.kind }))
    return { items, resourceVersion, ...(list.metadata?.continue && { continue: list.metadata.continue }) }
  }

  /**
   * Changes after `resourceVersion`, given to `onEvent` one by one, until the server ends the stream.
   * @throws ApiError (410 when the version is too old), ConnectionError when the stream broke or outlived its deadline
   */
  async watch<T extends KubeObject>(
    kind: Resource<T>,
    { namespace, ...selectors }: Selection,
    stream: {
      readonly resourceVersion: string
      /** When the server ends it. */
      readonly timeoutSeconds: number
      /** When we do, because the server, or something between, forgot. */
      readonly deadlineMs: number
      readonly signal: AbortSignal
      readonly onOpen: () => void
      readonly onEvent: (event: WatchEvent<T>) => void
    },
  ): Promise<void> {
    const query = {
      ...selectors,
      watch: '1',
      allowWatchBookmarks: 'true',
      resourceVersion: stream.resourceVersion,
      timeoutSeconds: String(stream.timeoutSeconds),
    }
    const { signal, deadlineMs } = stream
    const exchange: Exchange = { method: 'GET', path: collectionPath(kind, namespace), query, signal, deadlineMs }
    await this.#counted(exchange, async answer => {
      if (answer.status !== 200) throw errorOf(answer, await bodyOf(answer))
      stream.onOpen()
      for await (const line of linesOf(answer.chunks)) {
        const event = parse(line) as { type?: string; object?: Record<string, unknown> & { metadata?: unknown } }
        const { type, object } = event
        if (type === 'ERROR') throw apiError(Number(object?.code ?? 500), object, undefined)
        if (type === 'BOOKMARK') {
          const metadata = object?.metadata as { resourceVersion?: string } | undefined
          if (metadata?.resourceVersion) stream.onEvent({ type, resourceVersion: metadata.resourceVersion })
        } else if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED')
          stream.onEvent({ type, object: object as unknown as T })
      }
    })
  }

  /** Any request with a JSON answer. @throws ApiError, ConnectionError, or the signal's reason */
  async send(
    request: Omit<Exchange, 'deadlineMs'> & { readonly deadlineMs?: number },
  ): Promise<Record<string, unknown>> {
    const exchange = { deadlineMs: REQUEST_TIMEOUT_MS, ...request }
    return await this.#counted(exchange, async answer => {
      const body = await bodyOf(answer)
      if (answer.status < 200 || answer.status > 299) throw errorOf(answer, body)
      if (typeof body !== 'object' || body === null)
        throw new ConnectionError(`${exchange.method} ${exchange.path}: the answer is no JSON object`)
      return body as Record<string, unknown>
    })
  }

  async #counted<T>(exchange: Exchange, use: (answer: Answer) => Promise<T>): Promise<T> {
    const started = performance.now()
    let code = '<error>'
    const count = () => {
      const seconds = (performance.now() - started) / 1_000
      const watch = exchange.query?.watch !== undefined
      this.#onAnswer({ code, method: exchange.method, host: this.#transport.host, watch, seconds })
    }
    try {
      return await this.#transport.exchange(exchange, async answer => {
        code = String(answer.status)
        return await use(answer)
      })
    } finally {
      count()
    }
  }
}

const errorOf = ({ status, headers }: Answer, body: unknown) =>
  apiError(status, body, retryAfterMs(headers['retry-after'], Date.now()))

/** The parsed body, or undefined when it is not JSON. @throws ConnectionError when it is cut or too long */
async function bodyOf({ chunks }: Answer): Promise<unknown> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) throw new ConnectionError(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`)
    parts.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'))
  } catch {
    return undefined
  }
}

async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + decoder.write(chunk)).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > MAX_EVENT_BYTES)
      throw new ConnectionError(`a watch event is longer than ${MAX_EVENT_BYTES} bytes`)
    for (const line of lines) if (line.trim() !== '') yield line
  }
  if (rest.trim() !== '') throw new ConnectionError('the stream ended within an event')
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    // Never skipped: what was lost with it nobody would ever hear of.
    throw new ConnectionError('a watch event is not JSON', { cause: error })
  }
}
