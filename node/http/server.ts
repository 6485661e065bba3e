// Listening and closing, the same for both servers, with every time and count bounded.
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Connections of one server at a time; further ones are refused by the kernel's answer to a closed socket. */
export const MAX_CONNECTIONS = 512
/** A request's head and body must have arrived by then. */
export const REQUEST_TIMEOUT_MS = 10_000
export const HEADERS_TIMEOUT_MS = 5_000
export const MAX_HEADER_BYTES = 8 * 1024
/** A connection over which no byte goes for this long is closed: a client that does not read its answer holds memory. */
export const IDLE_TIMEOUT_MS = 30_000

export interface RunningServer {
  readonly host: string
  readonly port: number
  /** For whoever answers in place of this process while it stands still. */
  readonly listening: Server
  /** Ends open connections and streams, and resolves when the port is free. */
  close(): Promise<void>
}

/** @throws what the system says: EADDRINUSE, EADDRNOTAVAIL, EACCES */
export async function listen(
  handler: RequestListener,
  address: { readonly host: string; readonly port: number; readonly idleTimeoutMs?: number },
): Promise<RunningServer> {
  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    handler,
  )
  server.maxConnections = MAX_CONNECTIONS
  server.timeout = address.idleTimeoutMs ?? IDLE_TIMEOUT_MS
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(address.port, address.host, resolve)
  await promise
  server.off('error', reject)
  const { port } = server.address() as AddressInfo
  return {
    host: address.host,
    port,
    listening: server,
    close: async () => {
      const closed = new Promise<void>(done => server.close(() => done()))
      server.closeAllConnections()
      await closed
    },
  }
}
