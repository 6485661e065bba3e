// The operator's read API (api/read-api.ts): JSON and server-sent events, no writes, no secrets. People reach it through
// the API server's service proxy, which decides who may; paths are relative to wherever it is mounted.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Express, type Request } from 'express'
import type { NodeView } from '../../../api/read-api.ts'
import { HEARTBEAT_MS, MAX_READERS, stream } from './event-stream.ts'
import { LiveViews } from './live-views.ts'
import { NodeEvents } from './node-events.ts'
import { fetchPeers } from './node-http.ts'
import { errorHandler, ReadError, readOnly, unknownRoute } from './read-error.ts'
import type { ReadSource, TestnetName } from './source.ts'

/** Streams, and as many requests beside them. */
const MAX_CONNECTIONS = 2 * MAX_READERS
const REQUEST_TIMEOUT_MS = 10_000
const HEADERS_TIMEOUT_MS = 5_000
/** Over a connection goes a heartbeat at least; one that takes no byte for so long is of nobody. */
const IDLE_TIMEOUT_MS = 60_000
/** The API server adds headers of its own to what the reader sent. */
const MAX_HEADER_BYTES = 16 * 1024
/** Nodes whose events one stream carries. */
export const MAX_NODES_OF_STREAM = 64
const MAX_NAME_CHARS = 63

export interface ReadApiOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly source: ReadSource
  /** Told of errors that are not the reader's fault. */
  readonly onDefect?: (error: unknown, path: string) => void
  readonly heartbeatMs?: number
  readonly minIntervalMs?: number
}

export interface ReadApi {
  readonly port: number
  /** Ends all streams; resolves when the port is free. */
  close(): Promise<void>
}

/** @throws what the system says: EADDRINUSE, EACCES */
export async function serveReadApi(options: ReadApiOptions): Promise<ReadApi> {
  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    readApi(options),
  )
  server.maxConnections = MAX_CONNECTIONS
  server.timeout = IDLE_TIMEOUT_MS
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(options.port, options.host, resolve)
  await promise
  server.off('error', reject)
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise<void>(done => server.close(() => done()))
      server.closeAllConnections()
      await closed
    },
  }
}

const TESTNET = '/v1/namespaces/:namespace/testnets/:name'
const routes = {
  testnets: '/v1/testnets',
  testnet: TESTNET,
  nodes: `${TESTNET}/nodes`,
  heads: `${TESTNET}/heads`,
  peers: `${TESTNET}/nodes/:node/peers`,
  events: `${TESTNET}/events`,
} as const

function readApi({ source, onDefect = () => {}, heartbeatMs = HEARTBEAT_MS, minIntervalMs }: ReadApiOptions): Express {
  const views = new LiveViews(source, minIntervalMs)
  const nodeEvents = new NodeEvents(source)
  let readers = 0
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', 'simple')
  app.use(readOnly, (_request, response, next) => {
    response.setHeader('Cache-Control', 'no-store')
    response.setHeader('X-Content-Type-Options', 'nosniff')
    const unready = source.unready()
    next(unready && new ReadError(503, unready, 'ask again in a few seconds'))
  })

  app.get(routes.testnets, (request, response) => {
    onlyQuery(request)
    response.json(source.testnets())
  })
  app.get(routes.testnet, (request, response) => {
    onlyQuery(request)
    response.json(found(source.testnet(testnetName(request)), request))
  })
  app.get(routes.nodes, (request, response) => {
    onlyQuery(request)
    response.json(found(source.nodes(testnetName(request)), request))
  })
  app.get(routes.heads, (request, response) => {
    onlyQuery(request)
    response.json(found(source.heads(testnetName(request)), request))
  })
  app.get(routes.peers, async (request, response) => {
    onlyQuery(request)
    const node = nodeOf(found(source.nodes(testnetName(request)), request), parameter(request, 'node'))
    const ended = new AbortController()
    response.once('close', () => ended.abort())
    response.json(await peersOf(node, ended.signal))
  })
  app.get(routes.events, (request, response) => {
    onlyQuery(request, 'node')
    const of = testnetName(request)
    const chosen = chosenNodes(request, found(source.nodes(of), request))
    if (request.method === 'HEAD') return void response.type('text/event-stream').end()
    if (readers >= MAX_READERS)
      throw new ReadError(503, `${readers} streams are open; no more are served`, 'close one, or ask for the lists')
    if (!stream(response, of, chosen, { views, nodeEvents, heartbeatMs })) throw notThere(of)
    readers++
    response.once('close', () => {
      readers--
    })
  })

  app.use(unknownRoute(Object.values(routes)))
  app.use(errorHandler(onDefect))
  return app
}

async function peersOf({ name, url, state, reason }: NodeView, signal: AbortSignal) {
  if (url === '')
    throw new ReadError(503, `${name} has no address: it is ${state}${reason && `, ${reason}`}`, 'ask when it runs')
  try {
    return await fetchPeers(url, signal)
  } catch (error) {
    const { message, cause } = error as Error
    const why = cause instanceof Error ? cause.message : message
    throw new ReadError(502, `${name} at ${url} does not tell its peers: ${why}`, 'its log says more')
  }
}

/** `?node=a,b` or `?node=a&node=b`; `all` when they are few enough. None: no events of nodes. */
function chosenNodes(request: Request, nodes: readonly NodeView[]): readonly string[] {
  const value: unknown = request.query.node
  if (value === undefined) return []
  const words = [value].flat().flatMap(text => String(text).split(','))
  const names = words.includes('all') ? nodes.map(({ name }) => name) : [...new Set(words)]
  if (names.length > MAX_NODES_OF_STREAM)
    throw new ReadError(
      400,
      `node: ${names.length} nodes, and a stream carries the events of ${MAX_NODES_OF_STREAM}`,
      'name those of interest: ?node=miner-0,miner-1',
    )
  for (const name of names) nodeOf(nodes, name)
  return names
}

function nodeOf(nodes: readonly NodeView[], name: string): NodeView {
  const node = nodes.find(candidate => candidate.name === name)
  if (node) return node
  throw new ReadError(404, `there is no node ${name.slice(0, MAX_NAME_CHARS)}`, `its list has those that there are`)
}

function found<T>(value: T | undefined, request: Request): T {
  if (value === undefined) throw notThere(testnetName(request))
  return value
}

const notThere = ({ namespace, name }: TestnetName) =>
  new ReadError(404, `there is no testnet ${name} in namespace ${namespace}`, `${routes.testnets} has those served`)

const testnetName = (request: Request): TestnetName => ({
  namespace: parameter(request, 'namespace'),
  name: parameter(request, 'name'),
})

function parameter(request: Request, field: string): string {
  const value = request.params[field]
  if (typeof value === 'string' && value.length <= MAX_NAME_CHARS && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(value))
    return value
  throw new ReadError(
    400,
    `${field}: expected a name`,
    `lowercase letters, digits and dashes, ${MAX_NAME_CHARS} at most`,
  )
}

/** Parameters that nobody reads are refused, so that a typing error does not pass for a default. */
function onlyQuery(request: Request, ...known: string[]): void {
  const unknown = Object.keys(request.query).find(name => !known.includes(name))
  if (unknown === undefined) return
  const help = known.length > 0 ? `known: ${known.join(', ')}` : 'none is known here'
  throw new ReadError(400, `${unknown.slice(0, MAX_NAME_CHARS)}: unknown query parameter`, help)
}
