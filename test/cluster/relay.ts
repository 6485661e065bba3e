// Relays connections: `node relay.ts FROM TO`, each `host:port` or the path of a unix socket. Two of them, joined by a
// socket file, carry the API server's port out of the cluster's network namespace to the machine's loopback.
import { connect, createServer, type ListenOptions, type TcpNetConnectOpts } from 'node:net'
import { pipeline } from 'node:stream'

const place = (text: string): { path: string } | { host: string; port: number } => {
  const [, host, port] = /^([\d.]+):(\d+)$/.exec(text) ?? []
  return host && port ? { host, port: Number(port) } : { path: text }
}
const [from, to] = process.argv.slice(2)
if (!from || !to) throw new Error('usage: node relay.ts FROM TO')

createServer({ allowHalfOpen: true }, incoming => {
  const outgoing = connect({ ...place(to), allowHalfOpen: true } as TcpNetConnectOpts)
  // A connection that breaks on one side ends on the other; nobody needs to hear of it here.
  pipeline(incoming, outgoing, () => {})
  pipeline(outgoing, incoming, () => {})
}).listen(place(from) as ListenOptions)
