// Requests and answers: one libp2p protocol per method, one stream per request.
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import {
  type Method,
  methods,
  type PeerId,
  RequestFailed,
  type RequestOptions,
  RequestRefused,
  type StackEvents,
} from '../port.ts'
import { FrameStream } from './frame-stream.ts'
import { decodeRefusal, encodeRefusal, FrameError } from './frames.ts'
import {
  CLOSE_GRACE_MS,
  MAX_INBOUND_STREAMS_PER_METHOD,
  MAX_OUTBOUND_STREAMS_PER_METHOD,
  type MethodLimits,
  REQUEST_READ_TIMEOUT_MS,
  SERVE_TIMEOUT_MS,
} from './limits.ts'

const nothing = new Uint8Array(0)

/** Offence names the stack reports; their weights are in node/peers/score.ts. */
export type FrameOffence = 'malformed-frame' | 'oversized-frame'
export const frameOffence = (error: FrameError): FrameOffence =>
  error.code === 'oversized' ? 'oversized-frame' : 'malformed-frame'

/**
 * Sends one frame on a fresh stream and yields the answer's frames until its end frame.
 * `timeoutMs` bounds the whole answer. Throws RequestFailed; ending the iteration early resets the stream.
 */
export async function* ask(
  connection: Connection,
  protocol: string,
  limits: MethodLimits,
  bytes: Uint8Array,
  options: RequestOptions,
  onOffence: (offence: FrameOffence) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const deadline = AbortSignal.timeout(options.timeoutMs)
  const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal])
  let frames: FrameStream | null = null
  let ended = false
  try {
    const stream = await connection.newStream(protocol, { signal, maxOutboundStreams: MAX_OUTBOUND_STREAMS_PER_METHOD })
    frames = new FrameStream(stream, limits.maxFrameBytes)
    await frames.write('data', bytes, signal)
    for (let count = 0; ; count++) {
      const frame = await frames.read(signal)
      if (frame.kind === 'error') throw decodeRefusal(frame.payload)
      if (frame.kind === 'end') break
      if (count === limits.maxFrames)
        throw new FrameError('oversized', `more than ${limits.maxFrames} frames in one answer`)
      yield frame.payload
    }
    ended = true
  } catch (error) {
    if (error instanceof FrameError) onOffence(frameOffence(error))
    throw asFailure(error as Error, deadline)
  } finally {
    if (ended) frames?.finish(CLOSE_GRACE_MS)
    else frames?.abort(new Error('request ended early'))
  }
}

function asFailure(error: Error, deadline: AbortSignal): RequestFailed {
  if (error instanceof RequestFailed) return error
  if (error instanceof RequestRefused) return new RequestFailed('refused', `${error.code}: ${error.message}`)
  if (error instanceof FrameError) return new RequestFailed(error.code, error.message)
  if (deadline.aborted) return new RequestFailed('timeout', 'no complete answer in time')
  return new RequestFailed('closed', error.message)
}

/** Registers a handler for every method. `events` is asked for the answers. */
export async function serve(
  libp2p: Libp2p,
  protocolOf: (method: Method) => string,
  limits: Readonly<Record<Method, MethodLimits>>,
  events: StackEvents,
): Promise<void> {
  const registered = methods.map(method =>
    libp2p.handle(
      protocolOf(method),
      (stream, connection) => {
        answer(stream, method, limits[method], connection.remotePeer.toString(), events)
      },
      { maxInboundStreams: MAX_INBOUND_STREAMS_PER_METHOD, maxOutboundStreams: MAX_OUTBOUND_STREAMS_PER_METHOD },
    ),
  )
  await Promise.all(registered)
}

async function answer(
  stream: Stream,
  method: Method,
  limits: MethodLimits,
  from: PeerId,
  events: StackEvents,
): Promise<void> {
  const frames = new FrameStream(stream, limits.maxRequestBytes)
  try {
    const request = await frames.read(AbortSignal.timeout(REQUEST_READ_TIMEOUT_MS))
    if (request.kind !== 'data') throw new FrameError('malformed', `a request begins with data, not ${request.kind}`)
    const signal = AbortSignal.timeout(SERVE_TIMEOUT_MS)
    try {
      let count = 0
      for await (const payload of events.onRequest(method, request.payload, from)) {
        if (count++ === limits.maxFrames) break
        await frames.queue('data', payload, signal)
      }
    } catch (error) {
      if (!(error instanceof RequestRefused)) throw error
      await frames.write('error', encodeRefusal(error), signal)
      frames.finish(CLOSE_GRACE_MS)
      return
    }
    await frames.write('end', nothing, signal)
    frames.finish(CLOSE_GRACE_MS)
  } catch (error) {
    if (error instanceof FrameError) events.onMisbehaviour(from, frameOffence(error))
    frames.abort(error as Error)
  }
}
