// A program that sends and receives in its network namespace, told by JSON lines on stdin: {"id", "op", ...arguments},
// answered by {"id", "result"} or {"id", "error"} on stdout.
import { createSocket, type Socket as Datagrams } from 'node:dgram'
import { connect, createServer, isIPv6, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

const PORT = 9_000
type Arguments = Readonly<Record<string, never>> & { host: string; [name: string]: unknown }

const received = new Map<string, number[]>()
const sockets: Record<4 | 6, Datagrams> = { 4: createSocket('udp4'), 6: createSocket({ type: 'udp6', ipv6Only: true }) }
const connections: Socket[] = []

const operations: Record<string, (args: Arguments) => unknown> = {
  /** Datagrams, so many, one each `everyMs`. An error of the sender's own kernel is as lost as any. */
  async send({ host, count, everyMs = 0 }) {
    for (let i = 0; i < Number(count); i++) {
      if (Number(everyMs) > 0) await delay(Number(everyMs))
      await sendOne(host)
    }
  },
  /** When datagrams of this host arrived since the last time it was asked, milliseconds since the epoch. */
  received({ host }) {
    const times = received.get(host) ?? []
    received.delete(host)
    return times
  },
  async connect({ host, withinMs }) {
    const socket = connect({ host, port: PORT, noDelay: true })
    socket.on('error', () => {})
    const open = new Promise<boolean>(resolve => {
      socket.once('connect', () => resolve(true))
      socket.once('close', () => resolve(false))
    })
    const connected = await Promise.race([open, delay(Number(withinMs), false)])
    if (connected) return connections.push(socket) - 1
    socket.destroy()
    return -1
  },
  /** Writes to an open connection and says whether the other end's echo came in time. */
  async echo({ connection, withinMs }) {
    const socket = connections[Number(connection)]
    const echoed = new Promise<boolean>(resolve => socket?.once('data', () => resolve(true)))
    socket?.write('e')
    return await Promise.race([echoed, delay(Number(withinMs), false)])
  },
  /** Sends so many bytes over a new connection; the milliseconds until the other end has read them all. */
  async transfer({ host, bytes }) {
    const socket = connect({ host, port: PORT + 1 })
    await new Promise(resolve => socket.once('connect', resolve))
    const start = performance.now()
    const done = new Promise(resolve => socket.once('close', resolve))
    socket.resume()
    socket.end(Buffer.alloc(Number(bytes)))
    await done
    return performance.now() - start
  },
  async request({ url, method, headers, body }) {
    const response = await fetch(String(url), {
      method: String(method),
      headers: headers as unknown as Record<string, string>,
      ...(body !== undefined && { body: String(body) }),
      signal: AbortSignal.timeout(10_000),
    })
    return { status: response.status, body: await response.json() }
  },
}

const sendOne = (host: string): Promise<void> =>
  new Promise(resolve => sockets[isIPv6(host) ? 6 : 4].send('x', PORT, host, () => resolve()))

for (const socket of Object.values(sockets)) {
  socket.on('message', (_bytes, { address }) => {
    const times = received.get(address) ?? []
    times.push(Date.now())
    received.set(address, times)
  })
}

async function serve(): Promise<void> {
  for (const [family, host] of [
    [4, '0.0.0.0'],
    [6, '::'],
  ] as const) {
    const socket = sockets[family]
    await new Promise<void>(resolve => socket.bind(PORT, host, resolve))
    socket.setRecvBufferSize(4 * 1024 * 1024)
  }
  const echo = createServer(socket => socket.on('error', () => {}).pipe(socket))
  // Reads to the end and closes then: the sender knows that everything arrived.
  const sink = createServer({ allowHalfOpen: true }, socket =>
    socket
      .on('error', () => {})
      .on('end', () => socket.end())
      .resume(),
  )
  await new Promise<void>(resolve => echo.listen(PORT, '::', resolve))
  await new Promise<void>(resolve => sink.listen(PORT + 1, '::', resolve))
}

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`)
await serve()
say({ id: 0 })
for await (const line of createInterface({ input: process.stdin })) {
  const { id, op, ...args } = JSON.parse(line)
  Promise.resolve(operations[op]?.(args as Arguments)).then(
    result => say({ id, result }),
    error => say({ id, error: String(error) }),
  )
}
process.exit(0)
