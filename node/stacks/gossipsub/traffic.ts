// Bytes by protocol. libp2p shows every stream to its metrics once the protocol is agreed on; here that is the only
// thing asked of them.
import type { Metrics, Stream } from '@libp2p/interface'
import { methods, type ProtocolBytes } from '../port.ts'
import type { ProtocolNames } from './options.ts'

interface Total {
  in: number
  out: number
}

/** What a stream does with data, below its buffers. libp2p's streams have these; its interface does not name them. */
interface StreamInside {
  readonly readBufferLength: number
  onData(data: { readonly byteLength: number }): void
  sendData(data: { readonly byteLength: number }): { sentBytes: number; canSendMore: boolean }
}

export class Traffic {
  readonly #totals = new Map<string, Total>()
  readonly #labels: ReadonlyMap<string, string>

  constructor(names: ProtocolNames) {
    this.#labels = new Map([
      ...methods.map(method => [names.method(method), method] as const),
      [names.ping, 'ping'],
      [names.kad, 'kad'],
    ])
  }

  /**
   * Counts what the stream carries from now on. Its methods are wrapped: a `message` listener would take data that
   * the protocol's own handler, which comes later, should get.
   */
  count(stream: Stream): void {
    const total = this.#totalOf(this.#labelOf(stream.protocol))
    const inside = stream as unknown as StreamInside
    const onData = inside.onData.bind(stream)
    const sendData = inside.sendData.bind(stream)
    // The first message may have come together with the end of the negotiation.
    total.in += inside.readBufferLength
    inside.onData = data => {
      total.in += data.byteLength
      onData(data)
    }
    inside.sendData = data => {
      const result = sendData(data)
      total.out += result.sentBytes
      return result
    }
  }

  totals(): ProtocolBytes[] {
    return [...this.#totals].map(([protocol, total]) => ({ protocol, ...total }))
  }

  #labelOf(protocol: string): string {
    const own = this.#labels.get(protocol)
    if (own !== undefined) return own
    if (protocol.startsWith('/meshsub/')) return 'gossip'
    if (protocol.startsWith('/ipfs/id/')) return 'identify'
    return protocol.startsWith('/ipfs/ping/') ? 'ping' : 'other'
  }

  #totalOf(label: string): Total {
    const known = this.#totals.get(label)
    if (known !== undefined) return known
    const total = { in: 0, out: 0 }
    this.#totals.set(label, total)
    return total
  }
}

const nothing = (): void => {}
const silent = { update: nothing, increment: nothing, decrement: nothing, reset: nothing, observe: nothing }
const register = () => ({ ...silent, timer: () => nothing })

/** Metrics for libp2p that keep nothing, and tell of every stream. */
export function streamObserver(onStream: (stream: Stream) => void): Metrics {
  const observer = {
    trackMultiaddrConnection: nothing,
    trackProtocolStream: onStream,
    registerMetric: register,
    registerMetricGroup: register,
    registerCounter: register,
    registerCounterGroup: register,
    registerHistogram: register,
    registerHistogramGroup: register,
    registerSummary: register,
    registerSummaryGroup: register,
    traceFunction: (_name: string, traced: unknown) => traced,
    createTrace: nothing,
  }
  // The interface overloads each function by whether a value is calculated, which nobody can implement without a cast.
  return observer as unknown as Metrics
}
