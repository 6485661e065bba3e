import { connect } from 'node:net'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { NodeStatus } from '../../api/observation.ts'
import { Events, type NewEvent } from '../observe/events.ts'
import { createMetrics, type Metrics } from '../observe/metrics.ts'
import { MAX_BLOCKS, MAX_TRANSACTION_BODY_BYTES, startPublicServer } from './public.ts'
import type { RunningServer } from './server.ts'
import type { BlockDetail, NodeView, Submission } from './view.ts'

const hash = (n: number): string => n.toString(16).padStart(64, '0')
const status = { name: 'miner-0', head: { hash: hash(30), height: 30 } } as NodeStatus
const block = (height: number): BlockDetail => ({
  hash: hash(height),
  height,
  parents: [hash(height - 1)],
  timestamp: 0,
  producer: hash(1),
  difficulty: 1,
  transactionCount: 0,
  finalized: false,
  canonical: true,
  stateRoot: hash(0),
  bodyRoot: hash(0),
  transactions: [],
})

let ready: boolean
let submission: Submission
let submitted: Uint8Array[]
let defects: string[]
let clients: number
let events: Events
let metrics: Metrics
let server: RunningServer
let base: string

const view: NodeView = {
  ready: () => ready,
  status: () => status,
  peers: () => [],
  equivocations: async () => [{ kind: 'block', producer: hash(3), height: 4, first: 'aa', second: 'bb' }],
  blocks: async (from, limit) =>
    Array.from({ length: Math.max(0, Math.min(limit, 31 - from)) }, (_, i) => block(from + i)),
  block: async id => {
    if (id === 29) throw new Error('the store is broken')
    return [hash(7), 7].includes(id) ? block(7) : undefined
  },
  account: async address =>
    address === hash(1) ? { address, balance: 5, nonce: 0, nextNonce: 0, head: status.head } : undefined,
  transaction: async id => (id === hash(2) ? { id, state: 'pending' } : undefined),
  submit: async bytes => {
    submitted.push(bytes)
    return submission
  },
}

beforeEach(async () => {
  ready = true
  submission = { kind: 'accepted', id: hash(9) }
  submitted = []
  defects = []
  clients = 0
  events = new Events({ max: 64 })
  metrics = createMetrics()
  server = await startPublicServer({
    host: '127.0.0.1',
    port: 0,
    view,
    metrics,
    events: { events, startedAt: 1_000, maxClients: 2, heartbeatMs: 20, onClients: count => (clients = count) },
    onDefect: (error, path) => defects.push(`${path}: ${String(error)}`),
  })
  base = `http://127.0.0.1:${server.port}`
})
afterEach(async () => {
  await server.close()
  metrics.stop()
})

const get = async (path: string, init?: RequestInit): Promise<{ status: number; body: unknown; headers: Headers }> => {
  const response = await fetch(base + path, { ...init, signal: AbortSignal.timeout(5_000) })
  const text = await response.text()
  return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text, headers: response.headers }
}

describe('the read API', () => {
  test.each<{ path: string; status: number; body: object }>([
    { path: '/healthz', status: 200, body: { ok: true } },
    { path: '/readyz', status: 200, body: { ready: true } },
    { path: '/status', status: 200, body: { name: 'miner-0' } },
    { path: '/v1/peers', status: 200, body: { peers: [] } },
    { path: '/v1/blocks?from=29', status: 200, body: { blocks: [{ height: 29 }, { height: 30 }] } },
    { path: '/v1/blocks?limit=1', status: 200, body: { blocks: [{ height: 30 }] } },
    { path: '/v1/blocks/7', status: 200, body: { height: 7 } },
    { path: `/v1/blocks/${hash(7)}`, status: 200, body: { height: 7 } },
    { path: `/v1/accounts/${hash(1)}`, status: 200, body: { balance: 5 } },
    { path: `/v1/transactions/${hash(2)}`, status: 200, body: { state: 'pending' } },
    { path: '/v1/blocks/8', status: 404, body: { error: { code: 'not-found' } } },
    { path: `/v1/blocks/${hash(8)}`, status: 404, body: { error: { code: 'not-found' } } },
    { path: `/v1/accounts/${hash(2)}`, status: 404, body: { error: { code: 'not-found' } } },
    { path: `/v1/transactions/${hash(3)}`, status: 404, body: { error: { code: 'not-found' } } },
    { path: '/v1/nothing', status: 404, body: { error: { code: 'not-found' } } },
    { path: '/', status: 404, body: { error: { code: 'not-found' } } },
    { path: '/v1/blocks/x', status: 400, body: { error: { code: 'bad-request', field: 'block' } } },
    { path: '/v1/blocks/-1', status: 400, body: { error: { field: 'block' } } },
    { path: '/v1/blocks/%ff', status: 400, body: { error: { code: 'bad-request' } } },
    { path: '/v1/accounts/abc', status: 400, body: { error: { field: 'address' } } },
    { path: `/v1/transactions/${hash(3).replace('3', 'G')}`, status: 400, body: { error: { field: 'id' } } },
    { path: '/v1/blocks?from=-1', status: 400, body: { error: { field: 'from' } } },
    { path: '/v1/blocks?from=1e3', status: 400, body: { error: { field: 'from' } } },
    { path: '/v1/blocks?limit=0', status: 400, body: { error: { field: 'limit' } } },
    { path: `/v1/blocks?limit=${MAX_BLOCKS + 1}`, status: 400, body: { error: { field: 'limit' } } },
    { path: '/v1/blocks?limit=1&limit=2', status: 400, body: { error: { field: 'limit' } } },
    { path: '/v1/blocks?form=1', status: 400, body: { error: { field: 'form' } } },
    { path: '/v1/events?kinds=head,tail', status: 400, body: { error: { field: 'kinds' } } },
    { path: '/v1/events?kinds=toString', status: 400, body: { error: { field: 'kinds' } } },
    { path: '/v1/events?after=x', status: 400, body: { error: { field: 'after' } } },
  ])('GET $path: $status', async ({ path, status, body }) => {
    const answer = await get(path)
    expect(answer.body).toMatchObject(body)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toContain('application/json')
  })

  test('is not ready before the node says so', async () => {
    ready = false
    expect(await get('/readyz')).toMatchObject({ status: 503, body: { ready: false } })
    expect((await get('/healthz')).status).toBe(200)
  })

  test('a method that is not possible says which are', async () => {
    const answer = await get('/v1/transactions', { method: 'PUT' })
    expect(answer).toMatchObject({ status: 405, body: { error: { code: 'method-not-allowed' } } })
    expect(answer.headers.get('allow')).toBe('POST')
    expect((await get('/status', { method: 'DELETE' })).status).toBe(405)
  })

  test('a defect is told to the node and not to the client', async () => {
    const answer = await get('/v1/blocks/29')
    expect(answer).toMatchObject({ status: 500, body: { error: { code: 'internal' } } })
    expect(JSON.stringify(answer.body)).not.toContain('broken')
    expect(defects).toEqual(['/v1/blocks/29: Error: the store is broken'])
  })

  test('metrics are exposed in the Prometheus format', async () => {
    metrics.get('trellis_node_head_height').set(30)
    const answer = await get('/metrics')
    expect(answer.headers.get('content-type')).toContain('text/plain; version=0.0.4')
    expect(answer.body).toContain('\ntrellis_node_head_height 30\n')
  })
})

describe('POST /v1/transactions', () => {
  const post = (body: string | Uint8Array<ArrayBuffer>, type: string) =>
    get('/v1/transactions', { method: 'POST', body, headers: { 'content-type': type } })

  test('takes bytes and hex alike', async () => {
    expect(await post(new Uint8Array([1, 2, 255]), 'application/octet-stream')).toMatchObject({
      status: 202,
      body: { id: hash(9) },
    })
    expect((await post('{"hex":"0x0102fF"}', 'application/json')).status).toBe(202)
    expect(submitted.map(bytes => [...bytes])).toEqual([
      [1, 2, 255],
      [1, 2, 255],
    ])
  })

  test.each<{ submission: Submission; status: number; code?: string }>([
    { submission: { kind: 'known', id: hash(9) }, status: 200 },
    { submission: { kind: 'refused', reason: 'nonce 3 is used' }, status: 422, code: 'refused' },
    { submission: { kind: 'malformed', reason: 'too short' }, status: 400, code: 'bad-request' },
    { submission: { kind: 'busy', reason: 'the pool is full' }, status: 503, code: 'busy' },
  ])('$submission.kind is $status', async ({ submission: given, status, code }) => {
    submission = given
    const answer = await post(new Uint8Array([1]), 'application/octet-stream')
    expect(answer.status).toBe(status)
    if (code)
      expect(answer.body).toMatchObject({
        error: { code, message: expect.stringContaining('reason' in given ? given.reason : '') },
      })
  })

  test.each<{ name: string; body: string | Uint8Array<ArrayBuffer>; type: string; status: number; field: string }>([
    { name: 'no bytes', body: new Uint8Array(), type: 'application/octet-stream', status: 400, field: 'body' },
    { name: 'odd hex', body: '{"hex":"012"}', type: 'application/json', status: 400, field: 'hex' },
    { name: 'hex of the wrong type', body: '{"hex":12}', type: 'application/json', status: 400, field: 'hex' },
    { name: 'no hex', body: '{}', type: 'application/json', status: 400, field: 'hex' },
    { name: 'broken JSON', body: '{"hex":', type: 'application/json', status: 400, field: 'body' },
    { name: 'another type', body: 'x', type: 'text/plain', status: 415, field: 'content-type' },
    {
      name: 'too many bytes',
      body: new Uint8Array(MAX_TRANSACTION_BODY_BYTES + 1),
      type: 'application/octet-stream',
      status: 413,
      field: 'body',
    },
  ])('$name: $status names $field', async ({ body, type, status, field }) => {
    expect(await post(body, type)).toMatchObject({ status, body: { error: { field } } })
    expect(submitted).toEqual([])
  })
})

describe('GET /v1/events', () => {
  const height = (n: number): NewEvent => ({ kind: 'finalized', hash: hash(n), height: n })

  /** Opens a stream and reads until `enough` events came. */
  async function read(
    path: string,
    enough: number,
    headers: Record<string, string> = {},
  ): Promise<EventSourceMessage[]> {
    const abort = new AbortController()
    const response = await fetch(base + path, {
      headers,
      signal: AbortSignal.any([abort.signal, AbortSignal.timeout(5_000)]),
    })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const messages: EventSourceMessage[] = []
    const parser = createParser({ onEvent: message => messages.push(message) })
    const decoder = new TextDecoder()
    for await (const chunk of response.body!) {
      parser.feed(decoder.decode(chunk, { stream: true }))
      if (messages.length >= enough) break
    }
    abort.abort()
    return messages
  }
  const open = (count: number) => vi.waitFor(() => expect(clients).toBe(count), { timeout: 5_000, interval: 2 })
  const heights = (messages: EventSourceMessage[]) => messages.map(({ data }) => JSON.parse(data).height)

  test('streams from now on, numbers the events and filters kinds', async () => {
    events.emit(height(1))
    const reading = read('/v1/events?kinds=finalized,reorg', 2)
    await open(1)
    events.emit(height(2))
    events.emit({ kind: 'justified', hash: hash(2), height: 2 })
    events.emit(height(3))
    const messages = await reading
    expect(messages.map(({ id, event }) => [id, event])).toEqual([
      ['1000-2', 'finalized'],
      ['1000-4', 'finalized'],
    ])
    expect(JSON.parse(messages[0]!.data)).toEqual({ at: expect.any(Number), ...height(2) })
    await open(0)
  })

  test.each<{ name: string; path: string; headers: Record<string, string>; expected: number[] }>([
    { name: 'the header', path: '/v1/events', headers: { 'last-event-id': '1000-3' }, expected: [4, 5] },
    { name: 'the query', path: '/v1/events?after=1000-4', headers: {}, expected: [5] },
    { name: '0', path: '/v1/events?after=0', headers: {}, expected: [1, 2, 3, 4, 5] },
    {
      name: 'an id of another process',
      path: '/v1/events',
      headers: { 'last-event-id': '7-4' },
      expected: [1, 2, 3, 4, 5],
    },
  ])('resumes after $name', async ({ path, headers, expected }) => {
    for (let i = 1; i <= 5; i++) events.emit(height(i))
    expect(heights(await read(path, expected.length, headers))).toEqual(expected)
  })

  test('says how many events are lost to a reader that comes back too late', async () => {
    for (let i = 1; i <= 70; i++) events.emit(height(i))
    const messages = await read('/v1/events?after=1000-2', 65)
    expect(messages[0]).toMatchObject({ event: 'gap', id: '1000-6', data: '{"kind":"gap","missed":4}' })
    expect(heights(messages.slice(1))).toEqual(Array.from({ length: 64 }, (_, i) => i + 7))
  })

  test('keeps an idle stream alive with comments', async () => {
    const response = await fetch(`${base}/v1/events`, { signal: AbortSignal.timeout(5_000) })
    let text = ''
    for await (const chunk of response.body!) {
      text += new TextDecoder().decode(chunk)
      if (text.split(': alive\n\n').length > 3) break
    }
    expect(text).not.toContain('data:')
  })

  test('bounds its clients', async () => {
    const readings = [read('/v1/events', 1), read('/v1/events', 1)]
    await open(2)
    expect(await get('/v1/events')).toMatchObject({ status: 503, body: { error: { code: 'busy' } } })
    events.emit(height(1))
    await Promise.all(readings)
    await open(0)
  })

  test('closes a client that does not read, and goes on serving one that does', async () => {
    const socket = connect(server.port, '127.0.0.1')
    socket.pause()
    socket.write('GET /v1/events HTTP/1.1\r\nhost: x\r\n\r\n')
    await open(1)
    const reading = read('/v1/events?kinds=finalized', 1)
    await open(2)
    const reason = 'x'.repeat(100_000)
    // The kernel takes some megabytes on the way; after those the ring overtakes the client.
    for (let i = 0; i < 4_000 && clients === 2; i++) {
      events.emit({ kind: 'peer', change: 'disconnected', peer: 'p', name: 'n', direction: 'inbound', reason })
      if (i % 16 === 0) await new Promise(resolve => setImmediate(resolve))
    }
    await open(1)
    events.emit(height(1))
    expect(heights(await reading)).toEqual([1])
    socket.destroy()
  })
})
