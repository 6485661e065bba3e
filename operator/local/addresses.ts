// Addresses of a testnet's nodes on this machine. On Linux all of 127.0.0.0/8 is loopback, so each testnet gets a range
// of its own and each node a host of its own, with the same ports everywhere: caps per host and link rows work as on a
// real network. Elsewhere only 127.0.0.1 exists, and every node gets free ports of it.
import { createServer, type Server } from 'node:net'
import { LocalError } from './errors.ts'
import type { NodeAddress } from './record.ts'

/** Hosts .1 to .250 of each 127.x.y.0/24. */
export const HOSTS_PER_RANGE = 250
const FIRST_X = 16
const LAST_X = 239
const TOTAL_RANGES = (LAST_X - FIRST_X + 1) * 256
/** Ranges tried before giving up. */
export const MAX_ATTEMPTS = 64
const portNames = ['p2p', 'websocket', 'http', 'admin'] as const
/** Ports of a node, from the base on. A base whose ports a program holds on all addresses is left for the next. */
const PORT_BASES = [17_400, 18_400, 19_400, 27_400]
/** Sockets open at one time while ports are probed. */
const PROBE_PARALLEL = 64

/** FNV-1a: where the search for a range begins, so that testnets of different state folders seldom meet. */
export function firstRange(key: string): number {
  let hash = 0x811c9dc5
  for (const char of key) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193)
  return (hash >>> 0) % TOTAL_RANGES
}

/** Addresses of `names` in the ranges from `range` on, all with the ports from `portBase` on. */
export function addressesIn(range: number, portBase: number, names: readonly string[]): Map<string, NodeAddress> {
  const addresses = new Map<string, NodeAddress>()
  names.forEach((name, index) => {
    const block = (range + Math.floor(index / HOSTS_PER_RANGE)) % TOTAL_RANGES
    const host = `127.${FIRST_X + Math.floor(block / 256)}.${block % 256}.${(index % HOSTS_PER_RANGE) + 1}`
    addresses.set(name, { host, p2p: portBase, websocket: portBase + 1, http: portBase + 2, admin: portBase + 3 })
  })
  return addresses
}

/** Addresses nobody uses: not one of `used` hosts, and every port could be bound a moment ago. Throws LocalError. */
export async function planAddresses(
  names: readonly string[],
  key: string,
  used: ReadonlySet<string>,
  platform: NodeJS.Platform = process.platform,
): Promise<Map<string, NodeAddress>> {
  if (platform !== 'linux') return freePorts(names)
  const blocks = Math.ceil(names.length / HOSTS_PER_RANGE)
  const start = firstRange(key)
  let taken = ''
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const base = PORT_BASES[attempt % PORT_BASES.length] ?? 17_400
    const addresses = addressesIn((start + attempt * blocks) % TOTAL_RANGES, base, names)
    if ([...addresses.values()].some(address => used.has(address.host))) continue
    const busy = await firstBusy(addresses.values())
    if (busy === undefined) return addresses
    taken = busy
  }
  throw new LocalError(
    'no-addresses',
    `no free range of loopback addresses found in ${MAX_ATTEMPTS} attempts (last one in the way: ${taken || 'ranges of other testnets'})`,
    'stop the program that holds these ports, or take down testnets that are not needed',
  )
}

async function firstBusy(addresses: Iterable<NodeAddress>): Promise<string | undefined> {
  const wanted = [...addresses].flatMap(a => portNames.map(name => ({ host: a.host, port: a[name] as number })))
  for (let at = 0; at < wanted.length; at += PROBE_PARALLEL) {
    const results = await Promise.all(wanted.slice(at, at + PROBE_PARALLEL).map(w => bind(w.host, w.port)))
    const failed = results.find(result => typeof result === 'string')
    await Promise.all(results.map(result => (typeof result === 'string' ? undefined : close(result))))
    if (typeof failed === 'string') return failed
  }
  return undefined
}

async function freePorts(names: readonly string[]): Promise<Map<string, NodeAddress>> {
  const servers: Server[] = []
  try {
    // All are held until the last is found, so that none is given twice.
    const addresses = new Map<string, NodeAddress>()
    for (const name of names) {
      const ports: number[] = []
      for (const _ of portNames) {
        const server = await bind('127.0.0.1', 0)
        if (typeof server === 'string')
          throw new LocalError('no-addresses', `no free port: ${server}`, 'free some ports')
        servers.push(server)
        ports.push((server.address() as { port: number }).port)
      }
      const [p2p = 0, websocket = 0, http = 0, admin = 0] = ports
      addresses.set(name, { host: '127.0.0.1', p2p, websocket, http, admin })
    }
    return addresses
  } finally {
    await Promise.all(servers.map(close))
  }
}

/** A listening server, or what was wrong as text. */
function bind(host: string, port: number): Promise<Server | string> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(`${host}:${port} (${error.code})`))
    server.listen({ host, port, exclusive: true }, () => resolve(server))
  })
}

const close = (server: Server): Promise<void> => new Promise(resolve => server.close(() => resolve()))
