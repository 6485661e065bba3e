// Puts every connection of a libp2p transport, dialled or accepted, under the node's link rows.
//
// The transports' own idle time-outs would close a connection that a drop has silenced; give tcp()
// `inboundSocketInactivityTimeout: 0` and `outboundSocketInactivityTimeout: 0`.
import type { Connection, MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { resetError, ShapedConnection } from './connection.ts'
import type { Links } from './links.ts'
import type { Remote } from './table.ts'

/** Connections closed at this end whose closing has not got out yet; the oldest is closed openly beyond that. */
export const MAX_LINGERING = 256
/** Accepted connections that wait for a drop to end before they count as established; the oldest is reset beyond that. */
export const MAX_WAITING = 256

type TransportFactory<Components> = (components: Components) => Transport

export interface LinkTransport {
  /** Wraps a transport factory, for example `wrap(tcp())`. */
  wrap<Components>(factory: TransportFactory<Components>): TransportFactory<Components>
  /**
   * Tells who is at the other end, once the handshake proved it: call it from the connection gater's
   * denyInboundEncryptedConnection and denyOutboundEncryptedConnection. Needed where nodes share a host.
   */
  identify(connection: MultiaddrConnection, peerId: string): void
  /** Closes what lingers or waits, whatever the links say. Called when a listener closes, too. */
  stop(): void
}

/** `rng` is uniform in [0, 1): it draws jitter and loss. */
export function linkTransport(links: Links, rng: () => number = Math.random): LinkTransport {
  const lingering = new Set<ShapedConnection>()
  const waiting = new Set<ShapedConnection>()

  const shape = (inner: MultiaddrConnection): ShapedConnection =>
    new ShapedConnection(inner, {
      links,
      remote: remoteOf(inner.remoteAddr),
      rng,
      onLinger: connection => admit(lingering, connection, MAX_LINGERING),
      onGone: connection => lingering.delete(connection),
    })

  const stop = (): void => {
    for (const connection of [...lingering, ...waiting]) connection.destroy(resetError('the node stops'))
    lingering.clear()
    waiting.clear()
  }

  // A connection attempt into a drop hangs, as its SYN would: the upgrader does not see it before the drop is over, so
  // it takes none of libp2p's slots for pending connections.
  const established = async (connection: ShapedConnection, signal: AbortSignal | undefined): Promise<void> => {
    if (connection.dropped) {
      admit(waiting, connection, MAX_WAITING)
      try {
        await until(connection, links, signal)
      } finally {
        waiting.delete(connection)
      }
    }
    // TCP's own handshake costs the dialler a round trip, here unseen by the kernel's rules. The way back is not known
    // at this end and taken to be like the way there.
    if (connection.direction === 'outbound' && connection.delayMs > 0) await pause(2 * connection.delayMs, signal)
  }

  const attempt = async <T>(
    inner: MultiaddrConnection,
    signal: AbortSignal | undefined,
    upgrade: (connection: ShapedConnection) => Promise<T>,
  ): Promise<T> => {
    const connection = shape(inner)
    try {
      await established(connection, signal)
      return await upgrade(connection)
    } catch (error) {
      connection.destroy(error instanceof Error ? error : resetError(String(error)))
      throw error
    }
  }

  const wrapUpgrader = (upgrader: Upgrader): Upgrader => ({
    upgradeOutbound: async (inner: MultiaddrConnection, options: Parameters<Upgrader['upgradeOutbound']>[1]) => {
      return await attempt(inner, options.signal, connection => upgrader.upgradeOutbound(connection, options))
    },
    upgradeInbound: async (inner: MultiaddrConnection, options: Parameters<Upgrader['upgradeInbound']>[1]) => {
      await attempt(inner, options.signal, connection => upgrader.upgradeInbound(connection, options))
    },
    createInboundAbortSignal: signal => upgrader.createInboundAbortSignal(signal),
    getStreamMuxers: () => upgrader.getStreamMuxers(),
    getConnectionEncrypters: () => upgrader.getConnectionEncrypters(),
  })

  return {
    wrap: factory => components => {
      const transport = factory(components)
      const dial = transport.dial.bind(transport)
      const createListener = transport.createListener.bind(transport)
      transport.dial = (address, options): Promise<Connection> =>
        dial(address, { ...options, upgrader: wrapUpgrader(options.upgrader) })
      transport.createListener = options => {
        const listener = createListener({ ...options, upgrader: wrapUpgrader(options.upgrader) })
        const close = listener.close.bind(listener)
        listener.close = async () => {
          stop()
          await close()
        }
        return listener
      }
      return transport
    },
    identify: (connection, peerId) => {
      if (connection instanceof ShapedConnection) connection.identify(peerId)
    },
    stop,
  }
}

/** Adds to a bounded set; who has been in it longest makes room. */
function admit(set: Set<ShapedConnection>, connection: ShapedConnection, max: number): void {
  set.add(connection)
  if (set.size <= max) return
  const [oldest] = set
  if (!oldest) return
  set.delete(oldest)
  oldest.destroy(resetError(`more than ${max} connections wait for a drop to end`))
}

/** Resolves when the connection's drop is over; rejects when the connection ends or the signal aborts before. */
function until(connection: ShapedConnection, links: Links, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onAbort = (): void => reject(signal?.reason ?? resetError('the attempt was given up'))
  const look = (): void => {
    if (!connection.dropped) resolve()
  }
  const unsubscribe = links.subscribe(look)
  connection.onTransportClose(() => reject(resetError('the other end gave up before the connection was established')))
  if (signal?.aborted || connection.transportClosed) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  return promise.finally(() => {
    unsubscribe()
    signal?.removeEventListener('abort', onAbort)
  })
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  const onAbort = (): void => reject(signal?.reason ?? resetError('the attempt was given up'))
  if (signal?.aborted) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  return promise.finally(() => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  })
}

const hostProtocols = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6', 'dnsaddr'])

/** Host and, when the address carries it, peer id of the other end. */
export function remoteOf(address: Multiaddr): Remote {
  const components = address.getComponents()
  const host = components.find(({ name }) => hostProtocols.has(name))?.value ?? ''
  const peerId = components.findLast(({ name }) => name === 'p2p')?.value
  return { host, ...(peerId && { peerId }) }
}
