// One net agent's HTTP port (chaos/agent/protocol.ts), as the runner uses it.
import type { LinkRow } from '../../../api/link.ts'
import type { Preflight, Report } from '../../../chaos/agent/protocol.ts'
import { mintToken } from '../../../chaos/agent/token.ts'
import { type CallOptions, NodeRefused } from '../../../chaos/runner/node-client.ts'

const CALL_TIMEOUT_MS = 5_000
const MAX_ANSWER_BYTES = 8 * 1024 * 1024

export interface AgentAccess {
  /** Base of its port; throws when the node has no pod. */
  readonly url: () => string
  readonly key: Uint8Array
  /** When all is over whatever happens, milliseconds since the epoch. */
  readonly notAfter: number
}

/** Methods reject with NodeRefused when the agent says no, with a network error when it does not answer in time. */
export class AgentClient {
  readonly #access: AgentAccess

  constructor(access: AgentAccess) {
    this.#access = access
  }

  /** The rows, and no others, of what the agent knows as one experiment; they hold until the last of them ends. */
  async put(experiment: string, rows: readonly LinkRow[], options: CallOptions): Promise<Report> {
    const { notAfter } = this.#access
    const bounded = rows.map(row => ({ ...row, endsAt: Math.min(row.endsAt, notAfter) }))
    const until = Math.max(...bounded.map(({ endsAt }) => endsAt))
    return (await this.#call(experiment, 'PUT', options, { until, rows: bounded })) as Report
  }

  async report(experiment: string, options: CallOptions): Promise<Report> {
    return (await this.#call(experiment, 'GET', options)) as Report
  }

  /** Ends it for good. */
  async end(experiment: string, options: CallOptions): Promise<Report> {
    return (await this.#call(experiment, 'DELETE', options)) as Report
  }

  async preflight(experiment: string, options: CallOptions): Promise<Preflight> {
    return (await this.#call(experiment, 'GET', options, undefined, '/v1/preflight')) as Preflight
  }

  async #call(
    experiment: string,
    method: string,
    { signal, timeoutMs = CALL_TIMEOUT_MS }: CallOptions,
    body?: object,
    path = `/v1/experiments/${experiment}`,
  ): Promise<unknown> {
    const { url, key, notAfter } = this.#access
    const response = await fetch(new URL(path, url()), {
      method,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      headers: {
        authorization: `Bearer ${mintToken({ experiment, notAfter }, key)}`,
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (text.length > MAX_ANSWER_BYTES) throw new Error(`the agent answered with ${text.length} bytes`)
    const answer = JSON.parse(text) as { error?: { message?: string } }
    if (!response.ok)
      throw new NodeRefused(response.status, answer.error?.message ?? `${method} ${path} answered ${response.status}`)
    return answer
  }
}
