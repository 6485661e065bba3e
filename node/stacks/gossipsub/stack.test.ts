import { afterEach, describe, expect, test } from 'vitest'
import { PeerKeeper } from '../../peers/keeper.ts'
import { BAN_BELOW, HALF_LIFE_MS } from '../../peers/score.ts'
import { RequestRefused } from '../port.ts'
import { methodLimits, rpcLimit, topicLimits } from './limits.ts'
import { protocolNames } from './options.ts'
import { collect, GENESIS_HASH, type NodeOptions, startNode, type TestNode, until } from './testing.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const dial = { timeoutMs: 5_000 }

let nodes: TestNode[] = []
let nextIndex = 1
async function start(options: Omit<NodeOptions, 'index'> = {}): Promise<TestNode> {
  const node = await startNode({ index: nextIndex++, ...options })
  nodes.push(node)
  return node
}
afterEach(async () => {
  await Promise.all(nodes.map(node => node.stack.stop()))
  nodes = []
})

async function pair(options: Omit<NodeOptions, 'index'> = {}): Promise<[TestNode, TestNode]> {
  const [a, b] = [await start(options), await start(options)]
  await a.stack.connect(b.address, dial)
  await until(
    () => b.connected.length === 1,
    () => b.connected,
  )
  return [a, b]
}

const meshed = (...all: TestNode[]) =>
  until(
    () => all.every(node => node.stack.mesh('block').length > 0),
    () => all.map(node => node.stack.mesh('block')),
  )

describe('gossip', () => {
  test('a published object reaches all of six nodes once, also those it must be forwarded to', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, () => start()))
    // A line: only forwarding brings a message to its end.
    for (let i = 1; i < all.length; i++) await all[i]!.stack.connect(all[i - 1]!.address, dial)
    await until(
      () => all.every((node, i) => node.stack.mesh('block').length === (i === 0 || i === 5 ? 1 : 2)),
      () => all.map(node => node.stack.mesh('block').length),
    )
    expect(await all[0]!.stack.publish('block', bytes('block 1'))).toBe(1)
    await until(
      () => all.slice(1).every(node => node.received.length === 1),
      () => all.map(node => node.received),
    )
    expect(await all[5]!.stack.publish('block', bytes('block 1')), 'a known object is not spread again').toBe(0)
    expect(all.map(node => node.received.length)).toEqual([0, 1, 1, 1, 1, 1])
  })

  test('a lost neighbour is grafted again when it is back, although the meshes are full enough without it', async () => {
    const [a, b] = await pair()
    await meshed(a, b)
    const others = await Promise.all(Array.from({ length: 6 }, () => start()))
    for (const [i, other] of others.entries()) await (i < 3 ? a : b).stack.connect(other.address, dial)
    await until(
      () => [a, b].every(node => node.stack.mesh('block').length >= 3),
      () => [a.stack.mesh('block'), b.stack.mesh('block')],
    )
    const joined = () => a.stack.mesh('block').includes(b.stack.id) && b.stack.mesh('block').includes(a.stack.id)
    expect(joined()).toBe(true)
    await b.stack.disconnect(a.stack.id, 'test')
    await until(
      () => [a, b].every(node => node.stack.peers().length === 3 && node.stack.mesh('block').length === 3),
      () => [a.stack.mesh('block'), b.stack.mesh('block')],
    )
    await a.stack.connect(b.address, dial)
    await until(joined, () => [a.stack.mesh('block'), b.stack.mesh('block')])
  })

  test('an ignored message is not forwarded', async () => {
    const [a, b] = await pair()
    const c = await start()
    await c.stack.connect(b.address, dial)
    await meshed(a, b, c)
    b.verdict = (_, text) => (text === 'bad' ? 'ignore' : 'accept')
    await a.stack.publish('transaction', bytes('bad'))
    await a.stack.publish('transaction', bytes('good'))
    await until(
      () => c.received.length > 0,
      () => c.received,
    )
    expect(c.received.map(message => message.text)).toEqual(['good'])
  })

  test('a message that comes again another way is counted, not delivered', async () => {
    const [a, b] = await pair()
    const c = await start()
    await c.stack.connect(b.address, dial)
    await c.stack.connect(a.address, dial)
    await meshed(a, b, c)
    await until(
      () => [b, c].every(node => node.stack.mesh('vote').length === 2),
      () => [b.stack.mesh('vote'), c.stack.mesh('vote')],
    )
    for (let i = 0; i < 10; i++) await a.stack.publish('vote', bytes(`vote ${i}`))
    await until(
      () => [b, c].every(node => node.received.length === 10) && b.duplicates.length + c.duplicates.length > 0,
      () => [b.received, c.received],
    )
    expect(new Set([...b.duplicates, ...c.duplicates])).toEqual(new Set(['vote']))
  })

  test('a message above its topic limit is rejected and reported', async () => {
    const [a, b] = await pair()
    await meshed(a, b)
    await a.stack.publish('vote', new Uint8Array(topicLimits(1_048_576).vote + 1))
    await until(
      () => b.offences.length > 0,
      () => b.offences,
    )
    expect(b.offences).toEqual([{ peer: a.stack.id, offence: 'oversized-message' }])
    expect(b.received).toEqual([])
  })

  test('an RPC above the limit is not read: its sender is reported and cut off', async () => {
    const a = await start({ maxBlockBytes: 4 * 1_048_576 })
    const b = await start()
    await a.stack.connect(b.address, dial)
    await meshed(a, b)
    await a.stack.publish('block', new Uint8Array(rpcLimit(1_048_576) + 1))
    await until(
      () => b.disconnected.length > 0,
      () => [b.offences, b.disconnected],
    )
    expect(b.offences).toEqual([{ peer: a.stack.id, offence: 'oversized-frame' }])
    expect(b.disconnected).toEqual([{ peer: a.stack.id, reason: 'broken gossip framing' }])
    expect(b.received).toEqual([])
  })

  test('ten thousand tiny messages: the sender pays, the others are served', async () => {
    const [flooder, victim] = await pair()
    const honest = await start()
    await honest.stack.connect(victim.address, dial)
    await meshed(flooder, victim, honest)
    for (let i = 0; i < 10_000; i++) void flooder.stack.publish('block', bytes(`flood ${i}`))
    await until(
      () => victim.offences.some(o => o.peer === flooder.stack.id && o.offence === 'message-flood'),
      () => [victim.offences, victim.received.length],
    )
    await honest.stack.publish('block', bytes('honest'))
    await until(
      () => victim.received.some(message => message.text === 'honest'),
      () => victim.received.length,
    )
    expect(victim.offences.every(offence => offence.peer === flooder.stack.id)).toBe(true)
  })
})

describe('what is measured', () => {
  test('a mesh comes from a GRAFT that one sends and the other gets', async () => {
    const [a, b] = await pair()
    await meshed(a, b)
    await until(
      () => [a, b].every(node => node.meshControl.length >= 3),
      () => [a.meshControl, b.meshControl],
    )
    const of = (node: TestNode, direction: string) =>
      node.meshControl.filter(line => line.startsWith('graft') && line.endsWith(` ${direction}`)).length
    expect(of(a, 'out') + of(b, 'out')).toBeGreaterThanOrEqual(3)
    expect(of(a, 'in') + of(b, 'in')).toBeGreaterThanOrEqual(3)
  })

  test('both ends count the same bytes of a request and its answer, however they were cut up', async () => {
    const [a, b] = await pair()
    b.onRequest = async function* () {
      for (let frame = 0; frame < 8; frame++) yield new Uint8Array(150_000)
    }
    await collect(a.stack.request(b.stack.id, 'bodies', bytes('which'), dial))
    const of = (node: TestNode) => node.stack.traffic!().find(({ protocol }) => protocol === 'bodies')
    await until(
      () => of(a)?.in === of(b)?.out && of(a)?.out === of(b)?.in,
      () => [of(a), of(b)],
    )
    expect(of(a)!.in).toBeGreaterThan(8 * 150_000)
    expect(of(a)!.in).toBeLessThan(8 * 150_000 + 200)
    expect(of(a)!.out).toBeGreaterThan(4)
    expect(a.stack.traffic!().map(({ protocol }) => protocol)).not.toContain('other')
  })
})

describe('requests', () => {
  test('a hundred frames arrive in order while the reader is slow and the writer waits for it', async () => {
    const [a, b] = await pair()
    const size = 200_000
    let sent = 0
    b.onRequest = async function* () {
      for (; sent < 100; sent++) yield new Uint8Array(size).fill(sent)
    }
    let received = 0
    for await (const frame of a.stack.request(b.stack.id, 'bodies', bytes('q'), { timeoutMs: 30_000 })) {
      expect(frame.byteLength).toBe(size)
      expect(frame[size - 1]).toBe(received++)
      if (received === 10) {
        // The reader stops: the writer must stop too, within the windows between them.
        await new Promise(resolve => setTimeout(resolve, 300))
        const stalledAt = sent
        await new Promise(resolve => setTimeout(resolve, 300))
        expect(sent).toBe(stalledAt)
        expect(sent).toBeLessThan(60)
      }
    }
    expect(received).toBe(100)
  })

  test('the request is echoed to the handler with its asker; frames may be empty', async () => {
    const [a, b] = await pair()
    b.onRequest = async function* (method, request, from) {
      yield bytes(`${method} ${new TextDecoder().decode(request)} ${from === a.stack.id}`)
      yield new Uint8Array(0)
    }
    const frames = await collect(a.stack.request(b.stack.id, 'headers', bytes('locator'), { timeoutMs: 5_000 }))
    expect(frames.map(frame => new TextDecoder().decode(frame))).toEqual(['headers locator true', ''])
  })

  test('a refusal travels with its code', async () => {
    const [a, b] = await pair()
    b.onRequest = async function* () {
      yield bytes('one')
      throw new RequestRefused('rate-limited', 'slow down')
    }
    const asked = collect(a.stack.request(b.stack.id, 'headers', bytes('q'), { timeoutMs: 5_000 }))
    await expect(asked).rejects.toMatchObject({
      name: 'RequestFailed',
      code: 'refused',
      message: 'rate-limited: slow down',
    })
  })

  test('a handler that breaks, a silent handler, a stranger: each failure has its code', async () => {
    const [a, b] = await pair()
    const stranger = await start()
    b.onRequest = async function* (method) {
      yield bytes('first')
      if (method === 'headers') throw new Error('defect')
      await new Promise(resolve => setTimeout(resolve, 2_000))
    }
    const ask = (method: 'headers' | 'bodies', timeoutMs: number, to = b.stack.id) =>
      collect(a.stack.request(to, method, bytes('q'), { timeoutMs }))
    await expect(ask('headers', 5_000)).rejects.toMatchObject({ code: 'closed' })
    const askedAt = Date.now()
    await expect(ask('bodies', 300)).rejects.toMatchObject({ code: 'timeout' })
    expect(Date.now() - askedAt).toBeLessThan(1_500)
    await expect(ask('headers', 5_000, stranger.stack.id)).rejects.toMatchObject({ code: 'closed' })
  })

  test('ending the iteration early stops the server', async () => {
    const [a, b] = await pair()
    let ended = false
    b.onRequest = async function* () {
      try {
        for (;;) yield new Uint8Array(100_000)
      } finally {
        ended = true
      }
    }
    for await (const _ of a.stack.request(b.stack.id, 'bodies', bytes('q'), { timeoutMs: 10_000 })) break
    await until(
      () => ended,
      () => ended,
    )
    const aborter = new AbortController()
    const asked = collect(
      a.stack.request(b.stack.id, 'bodies', bytes('q'), { timeoutMs: 10_000, signal: aborter.signal }),
    )
    aborter.abort()
    await expect(asked).rejects.toMatchObject({ code: 'closed' })
  })

  test('oversized frames are refused on both sides before they are read, and reported', async () => {
    const [a, b] = await pair()
    const limits = methodLimits(1_048_576)
    b.onRequest = async function* () {
      yield new Uint8Array(limits.status.maxFrameBytes + 1)
    }
    await expect(
      collect(a.stack.request(b.stack.id, 'status', bytes('q'), { timeoutMs: 5_000 })),
    ).rejects.toMatchObject({
      code: 'oversized',
    })
    expect(a.offences).toEqual([{ peer: b.stack.id, offence: 'oversized-frame' }])
    const tooLong = new Uint8Array(limits.peers.maxRequestBytes + 1)
    await expect(collect(a.stack.request(b.stack.id, 'peers', tooLong, { timeoutMs: 5_000 }))).rejects.toMatchObject({
      code: 'closed',
    })
    await until(
      () => b.offences.length > 0,
      () => b.offences,
    )
    expect(b.offences).toEqual([{ peer: a.stack.id, offence: 'oversized-frame' }])
  })
})

describe('connections', () => {
  test('dials that cross leave one connection, and gossip works over it', async () => {
    for (let round = 0; round < 5; round++) {
      const [a, b] = [await start(), await start()]
      await Promise.all([a.stack.connect(b.address, dial), b.stack.connect(a.address, dial)])
      await meshed(a, b)
      expect([a.stack.peers().length, b.stack.peers().length]).toEqual([1, 1])
      expect(a.stack.peers()[0]!.direction).not.toBe(b.stack.peers()[0]!.direction)
      await a.stack.publish('block', bytes(`round ${round}`))
      await until(
        () => b.received.some(message => message.text === `round ${round}`),
        () => b.received,
      )
    }
  })

  test('a dial to another identity than expected fails', async () => {
    const [a, b, c] = [await start(), await start(), await start()]
    const wrong = { id: c.stack.id, addresses: b.stack.addresses() }
    await expect(a.stack.connect(wrong, dial)).rejects.toMatchObject({ name: 'RequestFailed' })
    expect(a.stack.peers()).toEqual([])
  })

  test('a node is seen by its own loopback address, and caps per host bind', async () => {
    if (process.platform !== 'linux') return
    const [a, b] = await pair({ limits: { perHost: 1 } })
    expect(b.stack.peers()[0]!.host).toBe(a.stack.addresses()[0]!.split('/')[2])
    const sameHost = await startNode({ index: nextIndex - 2, stack: {} }).then(
      node => node,
      error => error,
    )
    // The same index is the same identity and host: a second process of it replaces no one and is refused by the cap.
    nodes.push(sameHost)
    await expect(sameHost.stack.connect(b.address, { timeoutMs: 1_000 })).rejects.toMatchObject({
      name: 'RequestFailed',
    })
  })

  test('WebSocket listeners are dialled like TCP ones', async () => {
    const [a, b] = [await start(), await start({ websocket: true })]
    const ws = b.stack.addresses().filter(address => address.includes('/ws'))
    await a.stack.connect({ id: b.stack.id, addresses: ws }, dial)
    await meshed(a, b)
    expect(a.stack.peers()[0]!.address).toContain('/ws')
  })

  test('a peer that is rejected too often is disconnected, and refused until its ban has decayed', async () => {
    let now = Date.now()
    const keeper = new PeerKeeper({
      self: 'b',
      bootstrap: [],
      static: [],
      limits: { outbound: 8, inbound: 8, perHost: 8 },
      rng: Math.random,
    })
    const b = await start({ stack: { deny: peer => keeper.denies(peer, now) } })
    const a = await start()
    await a.stack.connect(b.address, dial)
    await meshed(a, b)
    b.verdict = () => 'reject'
    for (let i = 0; i < 3; i++) await a.stack.publish('block', bytes(`invalid ${i}`))
    await until(
      () => b.received.length === 3,
      () => b.received,
    )
    for (const { from } of b.received) keeper.offended(from, 'rejected-block', now)
    expect(keeper.scores.score(a.stack.id, now)).toBeLessThanOrEqual(BAN_BELOW)
    for (const { peer, reason } of keeper.plan(b.stack.peers(), now).disconnect) await b.stack.disconnect(peer, reason)
    expect(b.disconnected).toEqual([{ peer: a.stack.id, reason: 'banned: rejected-block' }])
    await until(
      () => a.disconnected.length === 1,
      () => a.disconnected,
    )
    // The dialler may finish its half of the handshake before it is turned away.
    await a.stack.connect(b.address, dial).catch(() => undefined)
    await until(
      () => a.stack.peers().length === 0,
      () => a.stack.peers(),
    )
    expect(b.connected).toHaveLength(1)
    now += 4 * HALF_LIFE_MS
    await a.stack.connect(b.address, dial)
    await until(
      () => b.connected.length === 2,
      () => b.connected,
    )
  })

  test('protocols carry the chain: a node of another genesis cannot ask', async () => {
    const [a, b] = [await start(), await start({ stack: { genesisHash: 'f'.repeat(64) } })]
    await a.stack.connect(b.address, dial)
    await expect(
      collect(a.stack.request(b.stack.id, 'status', bytes('q'), { timeoutMs: 2_000 })),
    ).rejects.toMatchObject({
      name: 'RequestFailed',
    })
    expect(protocolNames(GENESIS_HASH).kad).not.toBe(protocolNames('f'.repeat(64)).kad)
  })
})
