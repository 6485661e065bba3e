// A proxy between a client and a real API server that does what networks, load balancers and lagging servers do. Plain
// HTTP on loopback in front, the server's own TLS behind. What it does at random follows from a seed.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { type Rng, seededRng } from '../../api/random.ts'

export interface Upstream {
  readonly url: string
  /** PEM */
  readonly ca: string
  readonly token: string
}

export interface Seen {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly watch: boolean
  /** Of performance.now(), when the request came. */
  readonly at: number
  /** What the server answered; undefined while it has not, or was not asked. */
  status?: number
}

export type Fault =
  /** Answered here; the server never sees it. */
  | { readonly kind: 'fail'; readonly status: number; readonly retryAfter?: string }
  | { readonly kind: 'delay'; readonly ms: number }
  /** The connection ends without an answer, before the server sees the request or after it has answered. */
  | { readonly kind: 'cut'; readonly server: 'untouched' | 'served' }
  /** Half-open: the request is taken, and nothing ever comes back. */
  | { readonly kind: 'silence' }
  /** Every event of a watch comes after the one that follows it. */
  | { readonly kind: 'reorder' }
  /** A GET is answered as it was the first time. */
  | { readonly kind: 'stale' }
  /** Asks the server for something else. */
  | { readonly kind: 'rewrite'; readonly query: Readonly<Record<string, string>> }

export interface Rule {
  readonly match: (seen: Seen) => boolean
  readonly fault: Fault
  /** How many requests it hits; all when absent. */
  readonly times?: number
}

/** Requests that are remembered. */
const MAX_SEEN = 100_000

interface Open {
  readonly seen: Seen
  readonly response: ServerResponse
  muted: boolean
}

export class FaultProxy {
  readonly #upstream: Upstream
  readonly #server: Server
  readonly #agent: https.Agent
  readonly #rules: { rule: Rule; left: number }[] = []
  readonly #open = new Set<Open>()
  readonly #first = new Map<string, { status: number; body: Buffer }>()
  /** Every request, oldest first. */
  readonly requests: Seen[] = []

  private constructor(upstream: Upstream) {
    this.#upstream = upstream
    this.#agent = new https.Agent({ keepAlive: true, ca: upstream.ca })
    this.#server = createServer((request, response) => void this.#serve(request, response))
  }

  static async start(upstream: Upstream): Promise<FaultProxy> {
    const proxy = new FaultProxy(upstream)
    await new Promise<void>(resolve => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** A kubeconfig through the proxy, as text. */
  get kubeconfig(): string {
    const cluster = { server: this.url, 'insecure-skip-tls-verify': true }
    return JSON.stringify({
      'current-context': 'proxy',
      clusters: [{ name: 'proxy', cluster }],
      users: [{ name: 'proxy', user: { token: this.#upstream.token } }],
      contexts: [{ name: 'proxy', context: { cluster: 'proxy', user: 'proxy' } }],
    })
  }

  /** Adds a rule; the first that matches is applied. Returns what removes it. */
  inject(rule: Rule): () => void {
    const entry = { rule, left: rule.times ?? Number.POSITIVE_INFINITY }
    this.#rules.push(entry)
    return () => {
      const at = this.#rules.indexOf(entry)
      if (at >= 0) this.#rules.splice(at, 1)
    }
  }

  /** Hits that share of all requests, with faults drawn in an order that follows from the seed. */
  injectAtRandom(seed: string, share: number, faults: readonly Fault[], match: Rule['match'] = () => true): () => void {
    const rng: Rng = seededRng(seed)
    const removals = faults.map((fault, index) =>
      this.inject({ fault, match: seen => match(seen) && rng() < share / (faults.length - index) }),
    )
    return () => {
      for (const remove of removals) remove()
    }
  }

  /** From now on nothing comes back on the open requests that match, and nobody is told. */
  mute(match: Rule['match'] = () => true): number {
    const hit = [...this.#open].filter(({ seen }) => match(seen))
    for (const open of hit) open.muted = true
    return hit.length
  }

  /** Ends the connections of the open requests that match. */
  cut(match: Rule['match'] = () => true): number {
    const hit = [...this.#open].filter(({ seen }) => match(seen))
    for (const { response } of hit) response.destroy()
    return hit.length
  }

  /** Requests that reached the server and were no reads. */
  writes(): Seen[] {
    return this.requests.filter(({ method, status }) => method !== 'GET' && status !== undefined)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#agent.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #faultFor(seen: Seen): Fault | undefined {
    const entry = this.#rules.find(({ rule, left }) => left > 0 && rule.match(seen))
    if (entry) entry.left--
    return entry?.rule.fault
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url)
    const seen: Seen = {
      method: request.method ?? 'GET',
      path: url.pathname,
      query: url.searchParams,
      watch: url.searchParams.has('watch'),
      at: performance.now(),
    }
    if (this.requests.length < MAX_SEEN) this.requests.push(seen)
    const open: Open = { seen, response, muted: false }
    this.#open.add(open)
    response.on('close', () => this.#open.delete(open))
    try {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part as Buffer)
      const fault = this.#faultFor(seen)
      if (fault?.kind === 'fail') return fail(response, fault)
      if (fault?.kind === 'cut' && fault.server === 'untouched') return void response.destroy()
      if (fault?.kind === 'delay') await new Promise(resolve => setTimeout(resolve, fault.ms))
      if (fault?.kind === 'silence') open.muted = true
      if (fault?.kind === 'rewrite')
        for (const [name, value] of Object.entries(fault.query)) url.searchParams.set(name, value)
      const key = `${url.pathname}?${url.searchParams}`
      const before = fault?.kind === 'stale' ? this.#first.get(key) : undefined
      if (before) return void response.writeHead(before.status, jsonType).end(before.body)
      await this.#forward(request, Buffer.concat(parts), url, open, key, fault)
    } catch {
      response.destroy()
    }
  }

  async #forward(
    request: IncomingMessage,
    body: Buffer,
    url: URL,
    open: Open,
    key: string,
    fault: Fault | undefined,
  ): Promise<void> {
    const { host: _, connection: __, ...headers } = request.headers
    const target = new URL(this.#upstream.url)
    const onward = https.request({
      agent: this.#agent,
      ca: this.#upstream.ca,
      hostname: target.hostname,
      port: target.port,
      method: request.method,
      path: `${url.pathname}${url.search}`,
      headers: { ...headers, ...(body.length > 0 && { 'content-length': String(body.length) }) },
    })
    open.response.on('close', () => onward.destroy())
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      onward.once('response', resolve)
      onward.on('error', reject)
      onward.end(body)
    })
    const status = answer.statusCode ?? 502
    open.seen.status = status
    if (fault?.kind === 'cut') return void open.response.destroy()
    if (!open.muted)
      open.response.writeHead(status, { 'content-type': answer.headers['content-type'] ?? 'application/json' })
    if (!open.muted) open.response.flushHeaders()
    const kept: Buffer[] = []
    for await (const chunk of fault?.kind === 'reorder' ? reordered(answer) : answer) {
      if (!open.muted) open.response.write(chunk)
      if (!open.seen.watch) kept.push(chunk as Buffer)
    }
    if (open.seen.method === 'GET' && !open.seen.watch && !this.#first.has(key))
      this.#first.set(key, { status, body: Buffer.concat(kept) })
    if (!open.muted) open.response.end()
  }
}

const jsonType = { 'content-type': 'application/json' }

function fail(response: ServerResponse, { status, retryAfter }: Extract<Fault, { kind: 'fail' }>): void {
  const reason = { 410: 'Expired', 429: 'TooManyRequests', 500: 'InternalError', 503: 'ServiceUnavailable' }[status]
  const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message: 'injected', reason, code: status }
  response.writeHead(status, { ...jsonType, ...(retryAfter !== undefined && { 'retry-after': retryAfter }) })
  response.end(JSON.stringify(body))
}

/** Lines in pairs, each pair the wrong way round. */
async function* reordered(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest = ''
  let held: string | undefined
  for await (const chunk of chunks) {
    const lines = (rest + chunk.toString('utf8')).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (held === undefined) held = line
      else {
        yield `${line}\n${held}\n`
        held = undefined
      }
    }
  }
  if (held !== undefined) yield `${held}\n`
}
