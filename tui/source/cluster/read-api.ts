// Asks the operator what it knows (api/read-api.ts), through the API server's service proxy and with the caller's rights.
import { StringDecoder } from 'node:string_decoder'
import { createParser } from 'eventsource-parser'
import type { PeerStatus } from '../../../api/observation.ts'
import type { HeadView, NodeView, TestnetView } from '../../../api/read-api.ts'
import type { ObjectName } from '../../../operator/kubernetes/runtime/resource.ts'
import type { Cluster } from './connect.ts'
import { type OperatorService, operatorServices } from './operator-service.ts'
import { fetchText, parsed, textOf } from './text.ts'

/** The operator does not tell; the message says why, for a sentence after "the operator". */
export class OperatorSilent extends Error {
  override readonly name = 'OperatorSilent'
}

const DEADLINE_MS = 10_000
/** The operator says something every 15 s; a stream that is silent for so long is dead. */
const SILENT_STREAM_MS = 40_000
/** A stream is open as long as somebody reads; a timer holds no more than that. */
const STREAM_DEADLINE_MS = 2 ** 31 - 1
/** The whole picture of the largest testnet takes a quarter of it. */
const MAX_FRAME_CHARS = 16 * 1024 * 1024
type Answer = { readonly kind: 'value'; readonly value: unknown } | { readonly kind: 'no'; readonly why: string }

const pathOf = ({ namespace = '', name }: ObjectName): string =>
  `/v1/namespaces/${encodeURIComponent(namespace)}/testnets/${encodeURIComponent(name)}`

export class ReadApiClient {
  readonly #cluster: Cluster
  readonly #env: NodeJS.ProcessEnv
  #services: Promise<OperatorService[]> | undefined

  constructor(cluster: Cluster, env: NodeJS.ProcessEnv) {
    this.#cluster = cluster
    this.#env = env
  }

  /** @throws OperatorSilent */
  async testnet(of: ObjectName, signal: AbortSignal): Promise<TestnetView> {
    return (await this.#ask(pathOf(of), signal)) as TestnetView
  }

  /** @throws OperatorSilent */
  async nodes(of: ObjectName, signal: AbortSignal): Promise<NodeView[]> {
    return (await this.#ask(`${pathOf(of)}/nodes`, signal)) as NodeView[]
  }

  /** @throws OperatorSilent */
  async heads(of: ObjectName, signal: AbortSignal): Promise<HeadView[]> {
    return (await this.#ask(`${pathOf(of)}/heads`, signal)) as HeadView[]
  }

  /** @throws OperatorSilent */
  async peers(of: ObjectName, node: string, signal: AbortSignal): Promise<PeerStatus[]> {
    return (await this.#ask(`${pathOf(of)}/nodes/${encodeURIComponent(node)}/peers`, signal)) as PeerStatus[]
  }

  /**
   * Gives the stream of a testnet to `onEvent`, with the events of these nodes, until the operator ends it. `onBytes` is
   * called whenever it says anything, a heartbeat too. @throws OperatorSilent
   */
  async follow(
    of: ObjectName,
    nodes: readonly string[],
    signal: AbortSignal,
    { onEvent, onBytes }: { onEvent: (event: string, data: string) => void; onBytes: () => void },
  ): Promise<void> {
    await this.#first(signal, service => {
      const query = nodes.length > 0 ? `?node=${nodes.map(encodeURIComponent).join(',')}` : ''
      return this.#stream(service, `${pathOf(of)}/events${query}`, signal, onEvent, onBytes)
    })
  }

  async #ask(path: string, signal: AbortSignal): Promise<unknown> {
    return await this.#first(signal, service => this.#askOne(service, path, signal))
  }

  /** The first operator that knows: several may serve a namespace each. */
  async #first(signal: AbortSignal, ask: (service: OperatorService) => Promise<Answer>): Promise<unknown> {
    this.#services ??= operatorServices(this.#cluster, this.#env, signal)
    let why = ''
    for (const service of await this.#services) {
      const answer = await ask(service)
      if (answer.kind === 'value') return answer.value
      why ||= answer.why
    }
    // It may have moved; and who was interrupted while looking has found nothing.
    this.#services = undefined
    throw new OperatorSilent(why)
  }

  async #askOne(service: OperatorService, path: string, signal: AbortSignal): Promise<Answer> {
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)])
      const { status, text } = await fetchText(this.#cluster, { path: proxied(service, path), signal: limit })
      const body = parsed(text)
      if (status === 200 && typeof body === 'object' && body !== null) return { kind: 'value', value: body }
      return refused(service, status, body)
    } catch (error) {
      if (signal.aborted) throw error
      return no(`cannot be asked: ${(error as Error).message}`)
    }
  }

  async #stream(
    service: OperatorService,
    path: string,
    signal: AbortSignal,
    onEvent: (event: string, data: string) => void,
    onBytes: () => void,
  ): Promise<Answer> {
    const silent = new AbortController()
    const timer = setTimeout(() => silent.abort(), SILENT_STREAM_MS)
    const parser = createParser({
      maxBufferSize: MAX_FRAME_CHARS,
      onError: error => {
        if (error.type === 'max-buffer-size-exceeded') silent.abort()
      },
      onEvent: ({ event = '', data }) => onEvent(event, data),
    })
    const request = {
      method: 'GET' as const,
      path: proxied(service, path),
      signal: AbortSignal.any([signal, silent.signal]),
      deadlineMs: STREAM_DEADLINE_MS,
    }
    try {
      return await this.#cluster.transport.exchange(request, async answer => {
        if (answer.status !== 200) return refused(service, answer.status, parsed(await textOf(answer)))
        const decoder = new StringDecoder('utf8')
        for await (const chunk of answer.chunks) {
          timer.refresh()
          onBytes()
          parser.feed(decoder.write(chunk))
        }
        return { kind: 'value', value: undefined }
      })
    } catch (error) {
      if (signal.aborted) throw error
      return no(
        silent.signal.aborted ? 'has not said anything for too long' : `cannot be asked: ${(error as Error).message}`,
      )
    } finally {
      clearTimeout(timer)
    }
  }
}

const no = (why: string): Answer => ({ kind: 'no', why })

const proxied = ({ namespace, name }: OperatorService, path: string): string =>
  `/api/v1/namespaces/${namespace}/services/${name}:api/proxy${path}`

/** Why there is no answer. */
function refused({ namespace, name }: OperatorService, status: number, answer: unknown): Answer {
  const body = answer as { error?: unknown; message?: unknown } | undefined
  // What comes from the operator itself says `error`; what the API server says of it is a Status.
  if (typeof body?.error === 'string') return no(`says: ${body.error}`)
  if (status === 403)
    return no(`may not be asked by you: give yourself \`get\` on services/proxy of ${namespace}/${name}`)
  if (status === 404) return no(`has no Service ${namespace}/${name}: TRELLIS_OPERATOR=NAMESPACE/NAME says where it is`)
  const why = typeof body?.message === 'string' ? body.message : `code ${status}`
  if (status === 503 && why.includes('no endpoints'))
    return no(`does not run: the Service ${namespace}/${name} has no pod that is ready`)
  return no(`cannot be asked: ${why}`)
}
