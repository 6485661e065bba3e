// HTTP to the API server. client-node's KubeConfig gives the address and the credentials; requests are our own, because
// its clients drop fields they do not know, and its `fetch` opens a connection a request.
import http, { type ClientRequest, type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js'
import { ConnectionError } from './api-error.ts'

/** Connections for requests at a time. */
const MAX_CONNECTIONS = 128
/** Connections for watches, each of which keeps one: ten resources in as many namespaces as one operator may serve. */
const MAX_WATCHES = 1_024
/** Idle connections kept for the next request. */
const MAX_IDLE_CONNECTIONS = 16
const KEEP_ALIVE_MS = 15_000

export interface Exchange {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>> | undefined
  readonly body?: unknown
  readonly contentType?: string | undefined
  /** Ends the exchange wherever it is, its connection included; the error thrown is the signal's reason. */
  readonly signal: AbortSignal
  /** Called as the last thing before the request leaves: what it throws keeps it from leaving. */
  readonly check?: (() => unknown) | undefined
  /** The whole exchange, to the last byte, takes no longer. */
  readonly deadlineMs: number
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  /** @throws ConnectionError when it does not arrive whole */
  readonly chunks: AsyncIterable<Buffer>
}

export class Transport {
  readonly #config: KubeConfig
  readonly #userAgent: string
  readonly #server: URL
  readonly #agent: http.Agent | undefined
  /** Watches would take all connections, and nothing else would ever be asked. */
  readonly #watchAgent: http.Agent | undefined

  constructor(config: KubeConfig, userAgent: string) {
    const cluster = config.getCurrentCluster()
    if (!cluster) throw new Error(`the kubeconfig has no cluster for its context ${config.getCurrentContext()}`)
    this.#config = config
    this.#userAgent = userAgent
    this.#server = new URL(cluster.server)
    const options = {
      keepAlive: true,
      keepAliveMsecs: KEEP_ALIVE_MS,
      maxSockets: MAX_CONNECTIONS,
      maxFreeSockets: MAX_IDLE_CONNECTIONS,
    }
    // Through a proxy only client-node knows the way. Else an agent of our own: its agents keep nothing alive, and keep
    // the first client certificate for ever.
    if (!cluster.proxyUrl) {
      const { Agent } = this.#server.protocol === 'https:' ? https : http
      this.#agent = new Agent(options)
      this.#watchAgent = new Agent({ ...options, maxSockets: MAX_WATCHES })
    }
  }

  /** Host and port of the server. */
  get host(): string {
    return this.#server.host
  }

  close(): void {
    this.#agent?.destroy()
    this.#watchAgent?.destroy()
  }

  /**
   * Gives the answer to `use` and returns what that returns, with the deadline running until then.
   * @throws ConnectionError, or the reason of the signal
   */
  async exchange<T>(exchange: Exchange, use: (answer: Answer) => Promise<T>): Promise<T> {
    const { signal, deadlineMs, method, path } = exchange
    signal.throwIfAborted()
    let request: ClientRequest | undefined
    let response: IncomingMessage | undefined
    let late = false
    const end = () => request?.destroy()
    const deadline = setTimeout(() => {
      late = true
      end()
    }, deadlineMs)
    signal.addEventListener('abort', end, { once: true })
    try {
      const body = exchange.body === undefined ? undefined : JSON.stringify(exchange.body)
      const options = await this.#options(exchange, body)
      for (let attempt = 1; ; attempt++) {
        signal.throwIfAborted()
        if (late) throw new ConnectionError('the credentials took too long')
        request = this.#start(options)
        try {
          response = await answerOf(request, body, exchange.check)
          return await use({ status: response.statusCode ?? 0, headers: response.headers, chunks: response })
        } catch (error) {
          // A kept connection that the server closed in the meantime: it never read the request (Node's own advice).
          const stale = request.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET'
          if (!(stale && attempt === 1 && !response)) throw error
        }
      }
    } catch (error) {
      signal.throwIfAborted()
      if (late) throw new ConnectionError(`${method} ${path}: no whole answer within ${deadlineMs} ms`)
      if (isConnectionFault(error))
        throw new ConnectionError(`${method} ${path}: ${(error as Error).message}`, { cause: error })
      throw error
    } finally {
      clearTimeout(deadline)
      signal.removeEventListener('abort', end)
      // Of an answer that was not read to its end the connection cannot be used again.
      if (!response?.complete) request?.destroy()
    }
  }

  async #options(
    { method, path, query, contentType }: Exchange,
    body: string | undefined,
  ): Promise<https.RequestOptions> {
    const options: https.RequestOptions = {}
    const agent = query?.watch === undefined ? this.#agent : this.#watchAgent
    await this.#config.applyToHTTPSOptions(options)
    const prefix = this.#server.pathname.replace(/\/$/, '')
    const search = new URLSearchParams(
      Object.entries(query ?? {}).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ).toString()
    return {
      ...options,
      ...(agent && { agent }),
      method,
      hostname: this.#server.hostname.replace(/^\[|\]$/g, ''),
      port: this.#server.port || (this.#server.protocol === 'https:' ? 443 : 80),
      path: `${prefix}${path}${search && `?${search}`}`,
      headers: {
        ...options.headers,
        Accept: 'application/json',
        'User-Agent': this.#userAgent,
        // Node sends the body of a DELETE without its length unless it is told: the server then reads it as a request.
        ...(body !== undefined && {
          'Content-Type': contentType ?? 'application/json',
          'Content-Length': String(Buffer.byteLength(body)),
        }),
      },
    }
  }

  #start(options: https.RequestOptions): ClientRequest {
    const request = this.#server.protocol === 'https:' ? https.request(options) : http.request(options)
    request.on('socket', socket => socket.setKeepAlive(true, KEEP_ALIVE_MS))
    return request
  }
}

/**
 * The answer's head. Errors after it come out of the answer's stream. The request is held back until its connection
 * stands, so that nothing but the system call lies between the check and the first byte.
 */
async function answerOf(
  request: ClientRequest,
  body: string | undefined,
  check: Exchange['check'],
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  request.once('response', resolve)
  request.on('error', reject)
  request.once('close', () => reject(new ConnectionError('the connection was closed before the answer')))
  request.once('socket', socket => {
    const send = () => {
      try {
        check?.()
        request.end(body)
      } catch (error) {
        reject(error)
        request.destroy()
      }
    }
    if (socket.connecting) socket.once('encrypted' in socket ? 'secureConnect' : 'connect', send)
    else send()
  })
  return await promise
}

const isConnectionFault = (error: unknown): boolean =>
  error instanceof ConnectionError || (error instanceof Error && 'code' in error)
