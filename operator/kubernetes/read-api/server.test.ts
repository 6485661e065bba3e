// The read API over real sockets: a source in memory, nodes as HTTP servers on loopback.
import { createServer, get, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { HeadView, NodeView, TestnetView } from '../../../api/read-api.ts'
import { MAX_WAITING_BYTES } from './event-stream.ts'
import { type ReadApi, serveReadApi } from './server.ts'
import type { ReadSource, TestnetName } from './source.ts'

const nodeView = (name: string, more: Partial<NodeView> = {}): NodeView => ({
  name,
  role: 'miner',
  group: 'miner',
  region: '',
  state: 'ready',
  height: 1,
  head: 'aa',
  finalized: 0,
  inbound: 1,
  outbound: 2,
  pool: 0,
  reorgs: 0,
  deepestReorg: 0,
  meshes: { blocks: 4 },
  sync: { state: 'idle', target: 1 },
  startedAt: 1,
  restarts: 0,
  peerId: '12D3',
  url: '',
  pod: `small-${name}`,
  machine: 'one',
  reason: '',
  ...more,
})

class Memory implements ReadSource {
  view: TestnetView | undefined = { namespace: 'n', name: 'small', createdAt: 1, status: {}, observedAt: null }
  list: NodeView[] = [nodeView('miner-0'), nodeView('miner-1')]
  headList: HeadView[] = [{ hash: 'aa', height: 1, members: ['miner-0', 'miner-1'], forkDepth: 0 }]
  why: string | undefined
  readonly listeners = new Set<() => void>()
  unready = () => this.why
  testnets = () => (this.view ? [this.view] : [])
  testnet = (of: TestnetName) => (of.namespace === 'n' && of.name === 'small' ? this.view : undefined)
  nodes = (of: TestnetName) => this.testnet(of) && this.list
  heads = (of: TestnetName) => this.testnet(of) && this.headList
  subscribe = (_of: TestnetName, onChange: () => void) => {
    this.listeners.add(onChange)
    return () => void this.listeners.delete(onChange)
  }
  change(): void {
    for (const listener of this.listeners) listener()
  }
}

let source: Memory
let api: ReadApi
const defects: unknown[] = []
const closers: (() => unknown)[] = []
beforeEach(async () => {
  defects.length = 0
  source = new Memory()
  api = await serveReadApi({
    host: '127.0.0.1',
    port: 0,
    source,
    onDefect: error => defects.push(error),
    heartbeatMs: 50,
    minIntervalMs: 10,
  })
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
  await api.close()
  expect(defects).toEqual([])
})

const SMALL = '/v1/namespaces/n/testnets/small'
async function ask(path: string, init: RequestInit = {}) {
  const response = await fetch(`http://127.0.0.1:${api.port}${path}`, init)
  const text = await response.text()
  return { status: response.status, type: response.headers.get('content-type'), body: text && JSON.parse(text) }
}

/** Events of a stream as they come; `next` waits for one of that name. */
async function listen(path: string, port = api.port) {
  const messages: EventSourceMessage[] = []
  const comments: string[] = []
  const parser = createParser({ onEvent: message => messages.push(message), onComment: text => comments.push(text) })
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`http://127.0.0.1:${port}${path}`, resolve).once('error', reject)
  })
  let ended = false
  response.on('data', (chunk: Buffer) => parser.feed(chunk.toString()))
  response.on('error', () => {})
  response.once('close', () => {
    ended = true
  })
  closers.push(() => response.destroy())
  return {
    response,
    comments,
    ended: () => ended,
    next: async (event: string): Promise<unknown> => {
      const found = await eventually(
        () => messages.find(message => message.event === event),
        () => messages,
      )
      messages.splice(messages.indexOf(found), 1)
      return JSON.parse(found.data)
    },
  }
}

async function eventually<T>(get: () => T | undefined | false, state: () => unknown, withinMs = 5_000): Promise<T> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const value = get()
    if (value) return value
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${JSON.stringify(state())}`)
    await delay(5)
  }
}

/** A node's HTTP API; returns its URL. */
async function node(handler: RequestListener): Promise<string> {
  const server = createServer(handler)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('answers', () => {
  test('lists and single testnets', async () => {
    expect(await ask('/v1/testnets')).toEqual({
      status: 200,
      type: 'application/json; charset=utf-8',
      body: [source.view],
    })
    expect((await ask(SMALL)).body).toEqual(source.view)
    expect((await ask(`${SMALL}/nodes`)).body).toEqual(source.list)
    expect((await ask(`${SMALL}/heads`)).body).toEqual(source.headList)
  })

  test.each([
    ['/', 404, /there is no \//],
    ['/v1/namespaces/n/testnets/other', 404, /no testnet other in namespace n/],
    ['/v1/namespaces/x/testnets/small/nodes', 404, /no testnet small in namespace x/],
    [`${SMALL}/nodes/miner-9/peers`, 404, /no node miner-9/],
    [`${SMALL}/nodes/miner-0/peers`, 503, /miner-0 has no address: it is ready/],
    [`${SMALL}/nodes/${'a'.repeat(64)}/peers`, 400, /node: expected a name/],
    ['/v1/namespaces/N/testnets/small', 400, /namespace: expected a name/],
    ['/v1/namespaces/%2e%2e%2f/testnets/small', 400, /namespace: expected a name/],
    ['/v1/namespaces/%zz/testnets/small', 400, /decode/],
    ['/v1/testnets?limit=1', 400, /limit: unknown query parameter/],
    [`${SMALL}/events?nodes=miner-0`, 400, /nodes: unknown query parameter/],
    [`${SMALL}/events?node=miner-0,miner-9`, 404, /no node miner-9/],
  ])('%s is refused with %i and a help', async (path, status, error) => {
    expect(await ask(path)).toMatchObject({
      status,
      body: { error: expect.stringMatching(error), help: expect.stringMatching(/.{5}/) },
    })
  })

  test('nothing can be written', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
      expect(await ask(SMALL, { method, body: '{}' })).toMatchObject({
        status: 405,
        body: { error: expect.stringMatching(/not possible/) },
      })
    expect((await ask(`${SMALL}/events`, { method: 'HEAD' })).status).toBe(200)
  })

  test('not before the source is ready', async () => {
    source.why = 'the first list of pods has not come yet'
    expect(await ask('/v1/testnets')).toMatchObject({ status: 503, body: { error: source.why } })
  })

  test('a defect is told, and hidden from the reader', async () => {
    source.heads = () => {
      throw new Error('secret detail')
    }
    const answer = await ask(`${SMALL}/heads`)
    expect(answer.status).toBe(500)
    expect(JSON.stringify(answer)).not.toContain('secret detail')
    expect(defects.splice(0)).toMatchObject([{ message: 'secret detail' }])
  })
})

describe('peers of a node', () => {
  const peers = [
    {
      id: 'p',
      name: 'miner-1',
      address: '/ip4/1',
      direction: 'inbound',
      score: 1,
      latencyMs: null,
      connectedAt: 1,
      head: null,
    },
  ]
  const from = async (handler: RequestListener) => {
    source.list = [nodeView('miner-0', { url: await node(handler) })]
    return await ask(`${SMALL}/nodes/miner-0/peers`)
  }

  test('are asked of it', async () => {
    const paths: string[] = []
    const answer = await from((request, response) => {
      paths.push(request.url ?? '')
      response.end(JSON.stringify({ peers }))
    })
    expect([answer.body, paths]).toEqual([peers, ['/v1/peers']])
  })

  test.each<[string, RequestListener, RegExp]>([
    ['is broken', (_request, response) => response.writeHead(500).end('no'), /it answered 500/],
    ['says something else', (_request, response) => response.end('{"peers":[{"id":1}]}'), /not a list of peers/],
    ['says no JSON', (_request, response) => response.end('<html>'), /JSON/],
    [
      'sends readers elsewhere',
      (_request, response) => response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end(),
      /redirect/,
    ],
    ['never ends', (_request, response) => void response.write('{"peers":['), /timeout/],
    [
      'goes on and on',
      (_request, response) => {
        const more = (): void => {
          response.write(' '.repeat(65_536))
          if (!response.destroyed) setImmediate(more)
        }
        more()
      },
      /longer than/,
    ],
  ])('a node that %s costs an error', async (_what, handler, error) => {
    const answer = await from(handler)
    expect(answer).toMatchObject({ status: 502, body: { error: expect.stringMatching(error) } })
  })
})

describe('events', () => {
  test('begin with everything and go on with what changed', async () => {
    const stream = await listen(`${SMALL}/events`)
    expect(stream.response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store, no-transform',
    })
    expect(await stream.next('testnet')).toEqual(source.view)
    expect(await stream.next('nodes')).toEqual(source.list)

    source.list = [nodeView('miner-0'), nodeView('miner-1', { height: 2 })]
    source.change()
    expect(await stream.next('nodes')).toEqual([source.list[1]])
    // Who comes later begins with the present.
    const second = await listen(`${SMALL}/events`)
    expect(await second.next('testnet')).toEqual(source.view)
    expect(await second.next('nodes')).toEqual(source.list)

    source.list = [nodeView('miner-0')]
    source.view = { ...source.view!, observedAt: 5 }
    source.change()
    for (const each of [stream, second]) {
      expect(await each.next('gone')).toEqual(['miner-1'])
      expect(await each.next('testnet')).toMatchObject({ observedAt: 5 })
    }
    await eventually(
      () => stream.comments.includes('alive'),
      () => stream.comments,
    )

    source.view = undefined
    source.change()
    expect(await stream.next('deleted')).toEqual({ namespace: 'n', name: 'small' })
    await eventually(
      () => stream.ended() && second.ended(),
      () => [stream.ended(), second.ended()],
    )
    expect(source.listeners.size).toBe(0)
  })

  test('one look serves all readers, and none is taken when nobody listens', async () => {
    let looks = 0
    const { nodes } = source
    source.nodes = of => {
      looks++
      return nodes(of)
    }
    const streams = await Promise.all(Array.from({ length: 20 }, () => listen(`${SMALL}/events`)))
    await Promise.all(streams.map(stream => stream.next('nodes')))
    expect(source.listeners.size).toBe(1)
    const before = looks
    source.list = [nodeView('miner-0', { height: 7 }), nodeView('miner-1')]
    for (let index = 0; index < 50; index++) source.change()
    await Promise.all(streams.map(stream => stream.next('nodes')))
    expect(looks - before).toBe(1)
    for (const { response } of streams) response.destroy()
    await eventually(
      () => source.listeners.size === 0,
      () => source.listeners.size,
    )
  })

  test('of nodes are followed while somebody listens, by one stream a node', async () => {
    const open = new Set<Socket>()
    let streams = 0
    const url = await node((request, response) => {
      streams++
      open.add(request.socket)
      response.once('close', () => open.delete(request.socket))
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.write(': events\n\nevent: junk\ndata: {"kind":5}\n\ndata: no json\n\n')
      const event = { at: 3, kind: 'finalized', hash: 'aa', height: 8 }
      const timer = setInterval(() => response.write(`event: finalized\ndata: ${JSON.stringify(event)}\n\n`), 20)
      response.once('close', () => clearInterval(timer))
    })
    source.list = [nodeView('miner-0', { url }), nodeView('miner-1')]
    const chosen = await listen(`${SMALL}/events?node=miner-0`)
    const all = await listen(`${SMALL}/events?node=all`)
    const none = await listen(`${SMALL}/events`)
    for (const stream of [chosen, all])
      expect(await stream.next('node')).toEqual({ node: 'miner-0', at: 3, kind: 'finalized', hash: 'aa', height: 8 })
    expect(streams).toBe(1)
    await none.next('nodes')
    chosen.response.destroy()
    await all.next('node')
    all.response.destroy()
    await eventually(
      () => open.size === 0,
      () => open.size,
    )
  })

  test('of more nodes than a stream carries are refused', async () => {
    source.list = Array.from({ length: 65 }, (_, index) => nodeView(`miner-${index}`))
    expect(await ask(`${SMALL}/events?node=all`)).toMatchObject({
      status: 400,
      body: { error: expect.stringMatching(/65 nodes/) },
    })
  })

  test('a node that comes back elsewhere is followed there', async () => {
    const say =
      (at: number): RequestListener =>
      (_request, response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' })
        response.end(`data: ${JSON.stringify({ at, kind: 'finalized', hash: 'aa', height: at })}\n\n`)
      }
    source.list = [nodeView('miner-0', { url: await node(say(1)) })]
    const stream = await listen(`${SMALL}/events?node=miner-0`)
    expect(await stream.next('node')).toMatchObject({ at: 1 })
    source.list = [nodeView('miner-0', { url: await node(say(2)) })]
    for (let heard = 1; heard !== 2; ) heard = ((await stream.next('node')) as { at: number }).at
  })

  describe('a reader that does not read is cut off, and the others go on', () => {
    const ROUND_BYTES = 512 * 1024
    const deafReader = (port: number) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      closers.push(() => socket.destroy())
      socket.write(`GET ${SMALL}/events HTTP/1.1\r\nHost: x\r\n\r\n`)
      return socket.pause()
    }
    /** Each round is as much as a testnet of a thousand nodes. */
    const round = async (number: number, stream: Awaited<ReturnType<typeof listen>>) => {
      source.list = [nodeView('miner-0', { height: number, reason: 'x'.repeat(ROUND_BYTES) })]
      source.change()
      await stream.next('nodes')
    }
    const cut = async (socket: Socket, stream: Awaited<ReturnType<typeof listen>>) => {
      // Only a socket that is read tells of its end; what was on its way already is all it gets.
      let bytes = 0
      socket.on('data', chunk => {
        bytes += chunk.length
      })
      socket.resume()
      await eventually(
        // A reset may have come before anybody looked.
        () => socket.closed,
        () => bytes,
      )
      expect(stream.ended()).toBe(false)
    }

    test('at once when too much waits for it', async () => {
      const patient = await serveReadApi({
        host: '127.0.0.1',
        port: 0,
        source,
        heartbeatMs: 3_600_000,
        minIntervalMs: 5,
      })
      closers.push(() => patient.close())
      const deaf = deafReader(patient.port)
      const stream = await listen(`${SMALL}/events`, patient.port)
      // What waits in the two sockets comes on top.
      for (let sent = 0; sent < 4 * MAX_WAITING_BYTES; sent += ROUND_BYTES) await round(sent, stream)
      await cut(deaf, stream)
    })

    test('after a while when something does', async () => {
      const deaf = deafReader(api.port)
      const stream = await listen(`${SMALL}/events`)
      // More than two sockets hold, and less than what may wait.
      for (let sent = 0; sent < MAX_WAITING_BYTES - 2 * ROUND_BYTES; sent += ROUND_BYTES) await round(sent, stream)
      const heartbeats = stream.comments.length + 4
      await eventually(
        () => stream.comments.length >= heartbeats,
        () => stream.comments,
      )
      await cut(deaf, stream)
    })
  })
})

test('closing ends streams and frees the port', async () => {
  const stream = await listen(`${SMALL}/events`)
  await api.close()
  await eventually(
    () => stream.ended(),
    () => 'open',
  )
  await expect(fetch(`http://127.0.0.1:${api.port}/v1/testnets`)).rejects.toThrow()
  expect(source.listeners.size).toBe(0)
})
