// /healthz, /readyz and /metrics of the operator.
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'

const MAX_CONNECTIONS = 64
const REQUEST_TIMEOUT_MS = 5_000
const HEADERS_TIMEOUT_MS = 3_000

/** Undefined when all is well, else what is wrong. */
export type Check = () => string | undefined

export interface HealthOptions {
  readonly host: string
  readonly port: number
  /** Failing means: restart this process. */
  readonly live: Readonly<Record<string, Check>>
  /** Failing means: leave it alone, but do not count on it. */
  readonly ready: Readonly<Record<string, Check>>
  readonly registry: Registry
  /** Sets gauges before a scrape. */
  readonly beforeScrape?: () => void
}

export interface HealthServer {
  readonly port: number
  close(): Promise<void>
}

/** @throws what the system says: EADDRINUSE, EACCES */
export async function serveHealth(options: HealthOptions): Promise<HealthServer> {
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: HEADERS_TIMEOUT_MS },
    (request, response) => {
      const path = request.url?.split('?')[0]
      if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, 'only GET\n')
      if (path === '/healthz') return report(response, options.live)
      if (path === '/readyz') return report(response, options.ready)
      if (path !== '/metrics') return answer(response, 404, 'there are /healthz, /readyz and /metrics\n')
      options.beforeScrape?.()
      options.registry.metrics().then(
        text => answer(response, 200, text, options.registry.contentType),
        (error: Error) => answer(response, 500, `${error.message}\n`),
      )
    },
  )
  server.maxConnections = MAX_CONNECTIONS
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(options.port, options.host, resolve)
  await promise
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise<void>(done => server.close(() => done()))
      server.closeAllConnections()
      await closed
    },
  }
}

/** One line a check, as the API server's own health endpoints have it. */
function report(response: ServerResponse, checks: Readonly<Record<string, Check>>): void {
  const results = Object.entries(checks).map(([name, check]) => ({ name, problem: check() }))
  const lines = results.map(({ name, problem }) => (problem ? `[-]${name} failed: ${problem}` : `[+]${name} ok`))
  answer(response, results.some(({ problem }) => problem) ? 503 : 200, `${lines.join('\n')}\n`)
}

function answer(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body)
}
