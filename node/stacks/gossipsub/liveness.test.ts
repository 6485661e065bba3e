// A cut closes no socket: the nodes must notice by themselves. A raw TCP proxy that stops forwarding stands for the dead network.
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { DEAD_AFTER_TICKS, PING_INTERVAL_MS } from './liveness.ts'
import { startNode, type TestNode, until } from './testing.ts'

class Wire {
  readonly #sockets = new Set<Socket>()
  readonly #server: Server
  readonly port: number
  cut = false
  bytes = 0

  private constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
  }

  static async to(host: string, port: number): Promise<Wire> {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const proxy = new Wire(server)
    server.on('connection', near => {
      const far = connect(port, host)
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        proxy.#sockets.add(from)
        from.on('data', (data: Buffer) => {
          proxy.bytes += data.byteLength
          if (!proxy.cut) to.write(data)
        })
        from.on('error', () => undefined)
        from.on('close', () => {
          if (!proxy.cut) to.destroy()
        })
      }
    })
    return proxy
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }
}

let stop: (() => unknown)[] = []
afterEach(async () => {
  await Promise.all(stop.map(end => end()))
  stop = []
})

async function start(index: number): Promise<TestNode> {
  const node = await startNode({ index })
  stop.push(() => node.stack.stop())
  return node
}

test('both ends measure the round trip, notice a dead link by themselves, and can meet again', async () => {
  const [a, b] = [await start(201), await start(202)]
  const [, , host, , port] = b.stack.addresses()[0]!.split('/')
  const proxy = await Wire.to(host!, Number(port))
  stop.push(() => proxy.close())
  await a.stack.connect({ id: b.stack.id, addresses: [`/ip4/127.0.0.1/tcp/${proxy.port}`] }, { timeoutMs: 3_000 })
  await until(
    () => [a, b].every(node => node.stack.peers()[0]?.latencyMs !== null && node.stack.peers().length === 1),
    () => [a.stack.peers(), b.stack.peers()],
  )

  proxy.cut = true
  const cutAt = Date.now()
  await until(
    () => a.disconnected.length === 1 && b.disconnected.length === 1,
    () => [a.disconnected, b.disconnected, proxy.bytes],
    (DEAD_AFTER_TICKS + 4) * PING_INTERVAL_MS,
  )
  // Silence is counted from the first whole tick without a byte.
  expect(Date.now() - cutAt).toBeGreaterThanOrEqual((DEAD_AFTER_TICKS - 1) * PING_INTERVAL_MS)
  expect([a.disconnected[0]!.reason, b.disconnected[0]!.reason]).toEqual(['dead link', 'dead link'])

  await a.stack.connect(b.address, { timeoutMs: 3_000 })
  await until(
    () => a.stack.mesh('block').length === 1 && b.stack.mesh('block').length === 1,
    () => [a.stack.mesh('block'), b.stack.mesh('block')],
  )
})

test('a peer that comes back over a new connection replaces the one that has not been noticed dead', async () => {
  const b = await start(212)
  const first = await start(211)
  await first.stack.connect(b.address, { timeoutMs: 3_000 })
  await until(
    () => b.stack.peers().length === 1,
    () => b.stack.peers(),
  )
  const second = await start(211) // The same identity: a node that was restarted, or one that has lost its connection.
  await second.stack.connect(b.address, { timeoutMs: 3_000 })
  await until(
    () => b.connected.length === 2 && first.stack.peers().length === 0,
    () => [b.connected, b.disconnected, first.disconnected],
  )
  expect(b.disconnected).toMatchObject([{ reason: 'replaced by a newer connection' }])
  expect(b.stack.peers()).toHaveLength(1)
  await until(
    () => second.stack.mesh('block').length === 1 && b.stack.mesh('block').length === 1,
    () => [second.stack.mesh('block'), b.stack.mesh('block')],
  )
})
