import type { PeerId, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { type TCPSocketOptions, tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2p } from 'libp2p'
import { afterEach, describe, expect, test } from 'vitest'
import type { Link, LinkRow } from '../../api/link.ts'
import { Links } from './links.ts'
import { MAX_HELD_BYTES } from './shaper.ts'
import { linkTransport } from './transport.ts'

const PROTOCOL = '/test/lines/1'
const DAY = 24 * 60 * 60 * 1_000

interface TestNode {
  readonly name: string
  readonly host: string
  readonly libp2p: Libp2p<{ ping: ReturnType<ReturnType<typeof ping>> }>
  readonly links: Links
  /** Lines received on PROTOCOL, with the time. */
  readonly received: { line: string; at: number }[]
  receivedBytes: number
  /** Inbound connections libp2p was asked to accept. */
  inbound: number
}

const running: TestNode[] = []
afterEach(async () => {
  for (const node of running.splice(0)) {
    node.links.clear()
    await node.libp2p.stop()
    node.links.stop()
  }
})

async function startNode(name: string, host: string, kind: 'tcp' | 'ws' = 'tcp'): Promise<TestNode> {
  const links = new Links({ ownHost: host })
  const faults = linkTransport(links)
  const options = { inboundSocketInactivityTimeout: 0, outboundSocketInactivityTimeout: 0 }
  const transport =
    kind === 'tcp'
      ? faults.wrap(tcp({ ...options, dialOpts: { localAddress: host } as TCPSocketOptions }))
      : faults.wrap(webSockets())
  const libp2p = await createLibp2p({
    addresses: { listen: [`/ip4/${host}/tcp/0${kind === 'ws' ? '/ws' : ''}`] },
    transports: [transport],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { ping: ping() },
    connectionMonitor: { enabled: false },
    // A test connects more often than libp2p allows one host by default (5 a second).
    connectionManager: { inboundConnectionThreshold: 1_000 },
    connectionGater: {
      denyDialMultiaddr: () => false,
      denyInboundConnection: () => {
        node.inbound++
        return false
      },
      denyInboundEncryptedConnection: (peerId, connection) => {
        faults.identify(connection, peerId.toString())
        return false
      },
      denyOutboundEncryptedConnection: (peerId, connection) => {
        faults.identify(connection, peerId.toString())
        return false
      },
    },
  })
  const node: TestNode = { name, host, libp2p, links, received: [], receivedBytes: 0, inbound: 0 }
  await libp2p.handle(PROTOCOL, stream => {
    let text = ''
    stream.addEventListener('message', event => {
      node.receivedBytes += event.data.byteLength
      text += Buffer.from(event.data.subarray()).toString()
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) node.received.push({ line, at: performance.now() })
    })
  })
  running.push(node)
  return node
}

const row = (peer: TestNode, directions: readonly ('in' | 'out')[], link: Link, ms = DAY - 1, id = 'row'): LinkRow => ({
  id,
  endsAt: Date.now() + ms,
  classes: directions.map(direction => ({
    direction,
    link,
    peers: [{ name: peer.name, host: peer.host, peerId: peer.libp2p.peerId.toString() }],
  })),
})

const drop: Link = { drop: true }
const cut = (a: TestNode, b: TestNode, ms?: number): void => {
  a.links.apply(row(b, ['in', 'out'], drop, ms))
  b.links.apply(row(a, ['in', 'out'], drop, ms))
}

const connect = (from: TestNode, to: TestNode, timeoutMs = 10_000) =>
  from.libp2p.dial(to.libp2p.getMultiaddrs(), { signal: AbortSignal.timeout(timeoutMs) })
const lines = async (from: TestNode, to: TestNode): Promise<Stream> =>
  from.libp2p.dialProtocol(to.libp2p.peerId as PeerId, PROTOCOL)
const write = (stream: Stream, line: string): boolean => stream.send(Buffer.from(`${line}\n`))
const texts = (node: TestNode): string[] => node.received.map(({ line }) => line)

async function until(what: string, condition: () => boolean, state: () => unknown, deadlineMs = 10_000): Promise<void> {
  const end = performance.now() + deadlineMs
  while (!condition()) {
    if (performance.now() > end)
      throw new Error(`not within ${deadlineMs} ms: ${what}; state ${JSON.stringify(state())}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
/** Holds for a stretch of time: the proof that nothing happens needs the time in which it could. */
async function holds(condition: () => boolean, ms: number, state: () => unknown): Promise<void> {
  const end = performance.now() + ms
  while (performance.now() < end) {
    if (!condition()) throw new Error(`no longer true; state ${JSON.stringify(state())}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
async function roundTrip(a: TestNode, b: TestNode): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < 5; i++) times.push(await a.libp2p.services.ping.ping(b.libp2p.peerId))
  return times.sort((x, y) => x - y)[2]!
}
const leaked = (node: TestNode): number => node.links.totals.in.leakedBytes + node.links.totals.out.leakedBytes

describe.each(['tcp', 'ws'] as const)('link faults over %s', kind => {
  // A browser-style WebSocket cannot bind its local address, so its nodes are told apart by peer id.
  const hostOf = (n: number): string => (kind === 'tcp' ? `127.77.0.${n}` : '127.0.0.1')

  test('delay at both ends adds up to the round trip, on an existing connection, and goes with the row', async () => {
    const a = await startNode('a', hostOf(1), kind)
    const b = await startNode('b', hostOf(2), kind)
    await connect(a, b)
    const before = await roundTrip(a, b)
    a.links.apply(row(b, ['out'], { drop: false, delayMs: 60 }))
    b.links.apply(row(a, ['out'], { drop: false, delayMs: 40 }))
    const during = await roundTrip(a, b)
    expect(during).toBeGreaterThanOrEqual(100)
    expect(during).toBeLessThan(before + 200)
    expect(a.links.find('row')?.links[0]?.delayedBytes).toBeGreaterThan(0)
    a.links.remove('row')
    b.links.remove('row')
    expect(await roundTrip(a, b)).toBeLessThan(100)
  })

  test('a drop holds messages, keeps the connection, ends by itself and lets everything arrive in order', async () => {
    const a = await startNode('a', hostOf(1), kind)
    const b = await startNode('b', hostOf(2), kind)
    await connect(a, b)
    const stream = await lines(a, b)
    write(stream, 'before')
    await until(
      'first line',
      () => texts(b).length === 1,
      () => texts(b),
    )
    cut(a, b, 600)
    const cutAt = performance.now()
    for (let i = 0; i < 20; i++) write(stream, `line ${i}`)
    await holds(
      () => texts(b).length === 1 || performance.now() - cutAt >= 590,
      580,
      () => texts(b),
    )
    expect(a.libp2p.getConnections()).toHaveLength(1)
    await until(
      'lines after the end',
      () => texts(b).length === 21,
      () => texts(b),
    )
    expect(texts(b)).toEqual(['before', ...Array.from({ length: 20 }, (_, i) => `line ${i}`)])
    expect(b.received[1]!.at - cutAt).toBeGreaterThan(590)
    expect(b.received[20]!.at - cutAt).toBeLessThan(5_000)
    expect(a.links.find('row')?.links.find(({ direction }) => direction === 'out')?.heldBytes).toBeGreaterThan(100)
    expect(leaked(a) + leaked(b)).toBe(0)
  })

  test('a drop in one direction lets the other pass', async () => {
    const a = await startNode('a', hostOf(1), kind)
    const b = await startNode('b', hostOf(2), kind)
    await connect(a, b)
    const [toB, toA] = [await lines(a, b), await lines(b, a)]
    write(toB, 'x')
    write(toA, 'x')
    await until(
      'both',
      () => texts(a).length + texts(b).length === 2,
      () => [texts(a), texts(b)],
    )
    a.links.apply(row(b, ['out'], drop))
    b.links.apply(row(a, ['in'], drop))
    write(toB, 'held')
    write(toA, 'passes')
    await until(
      'the open direction',
      () => texts(a).length === 2,
      () => texts(a),
    )
    await holds(
      () => texts(b).length === 1,
      200,
      () => texts(b),
    )
    a.links.remove('row')
    b.links.remove('row')
    await until(
      'the held line',
      () => texts(b).length === 2,
      () => texts(b),
    )
  })

  test('a rate is kept and back pressure reaches the writer', async () => {
    const a = await startNode('a', hostOf(1), kind)
    const b = await startNode('b', hostOf(2), kind)
    await connect(a, b)
    const stream = await lines(a, b)
    write(stream, 'x')
    await until(
      'open',
      () => texts(b).length === 1,
      () => texts(b),
    )
    const rate = 200_000
    a.links.apply(row(b, ['out'], { drop: false, rate }))
    const start = performance.now()
    const total = 160_000
    for (let sent = 0; sent < total; sent += 16_000) {
      if (!stream.send(new Uint8Array(16_000).fill(120))) await stream.onDrain()
    }
    await until(
      'all bytes',
      () => b.receivedBytes >= total,
      () => b.receivedBytes,
    )
    const tookMs = performance.now() - start
    expect(tookMs).toBeGreaterThanOrEqual((total / rate) * 1_000)
    expect(tookMs).toBeLessThan((total / rate) * 1_000 * 3)
  })
})

test('a dial into a drop hangs until its time-out, and one that waits long enough gets through after the end', async () => {
  const a = await startNode('a', '127.77.0.1')
  const b = await startNode('b', '127.77.0.2')
  cut(a, b, 1_500)
  const start = performance.now()
  await expect(connect(a, b, 400)).rejects.toThrow()
  expect(performance.now() - start).toBeGreaterThan(350)
  expect(b.inbound).toBe(0)
  await connect(a, b, 10_000)
  expect(performance.now() - start).toBeGreaterThan(1_400)
  expect(await roundTrip(a, b)).toBeLessThan(100)
  expect(leaked(a) + leaked(b)).toBe(0)
})

test('a third node is not touched by a cut between two', async () => {
  const a = await startNode('a', '127.77.0.1')
  const b = await startNode('b', '127.77.0.2')
  const c = await startNode('c', '127.77.0.3')
  await Promise.all([connect(a, b), connect(a, c), connect(b, c)])
  cut(a, b)
  expect(await roundTrip(a, c)).toBeLessThan(1_000)
  expect(await roundTrip(c, b)).toBeLessThan(1_000)
  await expect(a.libp2p.services.ping.ping(b.libp2p.peerId, { signal: AbortSignal.timeout(200) })).rejects.toThrow()
})

test.each(['close', 'abort'] as const)('%s during a drop is not seen at the other end until it is over', async end => {
  const a = await startNode('a', '127.77.0.1')
  const b = await startNode('b', '127.77.0.2')
  const connection = await connect(a, b)
  await until(
    'accepted',
    () => b.libp2p.getConnections().length === 1,
    () => b.libp2p.getConnections().length,
  )
  // Only this end holds anything back: the other would see whatever got out.
  a.links.apply(row(b, ['in', 'out'], drop))
  if (end === 'close') await connection.close({ signal: AbortSignal.timeout(100) }).catch(() => {})
  else connection.abort(new Error('gave up'))
  expect(b.libp2p.getConnections()[0]!.remoteAddr.toString()).toContain(a.host)
  await until(
    'closed here',
    () => a.libp2p.getConnections().length === 0,
    () => a.libp2p.getConnections().length,
  )
  await holds(
    () => b.libp2p.getConnections().length === 1,
    200,
    () => b.libp2p.getConnections().length,
  )
  a.links.remove('row')
  await until(
    'closed there',
    () => b.libp2p.getConnections().length === 0,
    () => b.libp2p.getConnections().length,
  )
})

test.each([
  // The receiver's shaper fills up: it stops reading from the socket.
  { direction: 'in' as const },
  // The sender's fills up: it takes no more.
  { direction: 'out' as const },
])('a shaper that is full ($direction) makes the writer wait, and everything arrives whole', async ({ direction }) => {
  const a = await startNode('a', '127.77.0.1')
  const b = await startNode('b', '127.77.0.2')
  await connect(a, b)
  // libp2p resets a connection with more than 10 streams before the accepting end has set it up.
  await a.libp2p.services.ping.ping(b.libp2p.peerId)
  const streams = await Promise.all(Array.from({ length: 16 }, () => lines(a, b)))
  const each = 400_000
  const [at, other] = direction === 'in' ? [b, a] : [a, b]
  at.links.apply(row(other, [direction], drop))
  const written = Promise.all(
    streams.map(async stream => {
      for (let sent = 0; sent < each; sent += 40_000) {
        if (!stream.send(new Uint8Array(40_000).fill(120))) await stream.onDrain()
      }
    }),
  )
  const held = () => at.links.totals[direction].heldBytes
  await until('full', () => held() >= MAX_HELD_BYTES, held)
  // What one read from the socket brings may come on top.
  await holds(() => held() <= MAX_HELD_BYTES + 128 * 1_024, 200, held)
  expect(b.receivedBytes).toBe(0)
  at.links.remove('row')
  await written
  await until(
    'all bytes',
    () => b.receivedBytes === 16 * each,
    () => b.receivedBytes,
  )
  expect(a.libp2p.getConnections()).toHaveLength(1)
  expect(leaked(a) + leaked(b)).toBe(0)
})

test('a node that goes away during a drop is missed only when the drop is over', async () => {
  const a = await startNode('a', '127.77.0.1')
  const b = await startNode('b', '127.77.0.2')
  await connect(a, b)
  const stream = await lines(a, b)
  cut(a, b)
  await b.libp2p.stop()
  write(stream, 'to nobody')
  await holds(
    () => a.libp2p.getConnections().length === 1,
    200,
    () => a.libp2p.getConnections().length,
  )
  a.links.remove('row')
  await until(
    'noticed',
    () => a.libp2p.getConnections().length === 0,
    () => a.libp2p.getConnections().length,
  )
})

test('whatever way connections end, nothing of them is left', async () => {
  const a = await startNode('a', '127.77.0.1')
  const b = await startNode('b', '127.77.0.2')
  const links: (Link | undefined)[] = [undefined, { drop: false, delayMs: 5, rate: 1_000_000 }, drop]
  for (const link of links) {
    for (const end of ['close', 'abort'] as const) {
      const connection = await connect(a, b)
      if (link) a.links.apply(row(b, ['in', 'out'], link))
      if (end === 'close') await connection.close({ signal: AbortSignal.timeout(500) })
      else connection.abort(new Error('gave up'))
      a.links.clear()
      const left = () => a.links.subscribers + b.links.subscribers
      await until(`${end} under ${JSON.stringify(link)}`, () => left() === 0, left)
    }
  }
  b.links.apply(row(a, ['in'], drop))
  await expect(connect(a, b, 200)).rejects.toThrow()
  await until(
    'failed dial',
    () => a.links.subscribers + b.links.subscribers === 0,
    () => b.links.subscribers,
  )
})
