// A server of a few fixed pages that are read without a token: health and metrics. Nothing can be changed through it.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const MAX_CONNECTIONS = 64
const REQUEST_TIMEOUT_MS = 5_000
const HEADERS_TIMEOUT_MS = 3_000
const PLAIN_TEXT = 'text/plain; charset=utf-8'
/** Prometheus' text format: https://prometheus.io/docs/instrumenting/exposition_formats/ */
const EXPOSITION = 'text/plain; version=0.0.4; charset=utf-8'

export interface Answer {
  readonly status: number
  readonly body: string
  /** Plain text when absent. */
  readonly type?: string
}

export const metricsAnswer = (body: string): Answer => ({ status: 200, body, type: EXPOSITION })

/** By path. One that throws answers 500. */
export type Pages = Readonly<Record<string, (request: IncomingMessage) => Answer | Promise<Answer>>>

export interface PlainServer {
  readonly port: number
  close(): Promise<void>
}

/** Serves GET of these paths. @throws what the system says: EADDRINUSE, EACCES */
export async function servePlain(host: string, port: number, pages: Pages): Promise<PlainServer> {
  const limits = { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: HEADERS_TIMEOUT_MS }
  const known = new Map(Object.entries(pages))
  const server = createServer(limits, (request, response) => {
    request.resume()
    const page = known.get(request.url?.split('?')[0] ?? '')
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return send(response, { status: 405, body: 'only GET\n' })
    if (!page) return send(response, { status: 404, body: `there is ${[...known.keys()].join(', ')}\n` })
    Promise.try(page, request).then(
      answer => send(response, answer),
      (error: Error) => send(response, { status: 500, body: `${error.message}\n` }),
    )
  })
  server.maxConnections = MAX_CONNECTIONS
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(port, host, resolve)
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

function send(response: ServerResponse, { status, body, type = PLAIN_TEXT }: Answer): void {
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body)
}
