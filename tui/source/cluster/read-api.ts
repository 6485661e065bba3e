// Asks the operator what it knows (api/read-api.ts), through the API server's service proxy and with the caller's rights.
import type { HeadView, NodeView, TestnetView } from '../../../api/read-api.ts'
import type { ObjectName } from '../../../operator/kubernetes/runtime/resource.ts'
import type { Cluster } from './connect.ts'
import { type OperatorService, operatorServices } from './operator-service.ts'
import { fetchText, parsed } from './text.ts'

/** The operator does not tell; the message says why, for a sentence after "the operator". */
export class OperatorSilent extends Error {
  override readonly name = 'OperatorSilent'
}

const DEADLINE_MS = 10_000
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

  /** The first operator that knows: several may serve a namespace each. */
  async #ask(path: string, signal: AbortSignal): Promise<unknown> {
    this.#services ??= operatorServices(this.#cluster, this.#env, signal)
    let why = ''
    for (const service of await this.#services) {
      const answer = await this.#askOne(service, path, signal)
      if (answer.kind === 'value') return answer.value
      why ||= answer.why
    }
    throw new OperatorSilent(why)
  }

  async #askOne({ namespace, name }: OperatorService, path: string, signal: AbortSignal): Promise<Answer> {
    const proxy = `/api/v1/namespaces/${namespace}/services/${name}:api/proxy`
    const no = (why: string): Answer => ({ kind: 'no', why })
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)])
      const { status, text } = await fetchText(this.#cluster, { path: `${proxy}${path}`, signal: limit })
      const body = parsed(text) as { kind?: unknown; error?: unknown; message?: unknown; reason?: unknown } | undefined
      if (status === 200 && typeof body === 'object' && body !== null) return { kind: 'value', value: body }
      // What comes from the operator itself says `error`; what the API server says of it is a Status.
      if (typeof body?.error === 'string') return no(`says: ${body.error}`)
      if (status === 403)
        return no(`may not be asked by you: give yourself \`get\` on services/proxy of ${namespace}/${name}`)
      if (status === 404)
        return no(`has no Service ${namespace}/${name}: TRELLIS_OPERATOR=NAMESPACE/NAME says where it is`)
      const why = typeof body?.message === 'string' ? body.message : `code ${status}`
      if (status === 503 && why.includes('no endpoints'))
        return no(`does not run: the Service ${namespace}/${name} has no pod that is ready`)
      return no(`cannot be asked: ${why}`)
    } catch (error) {
      if (signal.aborted) throw error
      return no(`cannot be asked: ${(error as Error).message}`)
    }
  }
}
