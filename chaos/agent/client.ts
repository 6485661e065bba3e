// Asks one agent (protocol.ts). For whoever injects: every call ends by its deadline, and says what became of it.
import type { LinkRow } from '../../api/link.ts'
import { isRecord } from './json.ts'
import type { Preflight, Report } from './protocol.ts'

export interface AgentAddress {
  /** `http://ADDRESS:PORT` */
  readonly url: string
  readonly experiment: string
  readonly token: string
  /** How long a call may take. */
  readonly withinMs: number
}

/** The agent answered that it will not do this. Asking the same again helps for `busy` alone. */
export class AgentRefused extends Error {
  readonly status: number
  /** As in the answer: `unsupported`, `too-long`, `too-late`, `ended`, `unknown`, `unauthorized`, … */
  readonly code: string
  readonly field: string | undefined
  constructor(url: string, status: number, error: Readonly<Record<string, unknown>>) {
    super(`${url}: ${String(error.message ?? `answered ${status}`)}`)
    this.name = 'AgentRefused'
    this.status = status
    this.code = String(error.code ?? 'unknown-answer')
    this.field = typeof error.field === 'string' ? error.field : undefined
  }
}

/** No answer: whether the request was obeyed is not known, and its lease tells how long it can have been. */
export class AgentSilent extends Error {
  constructor(url: string, options: ErrorOptions) {
    const { cause } = options
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
    super(`${url}: no answer: ${inner instanceof Error ? inner.message : String(inner)}`, options)
    this.name = 'AgentSilent'
  }
}

export class AgentClient {
  readonly #address: AgentAddress

  constructor(address: AgentAddress) {
    this.#address = address
  }

  /** The experiment's rows from now on, all of them. @throws AgentRefused, AgentSilent */
  put(rows: readonly LinkRow[], until: number): Promise<Report> {
    return this.#ask('PUT', this.#path(), { until, rows })
  }

  /** @throws AgentRefused with code `unknown` when the agent holds none and they have to be put; AgentSilent */
  renew(until: number): Promise<Report> {
    return this.#ask('POST', this.#path('/lease'), { until })
  }

  /** Ends the experiment there for good. @throws AgentRefused, AgentSilent */
  end(): Promise<Report> {
    return this.#ask('DELETE', this.#path())
  }

  /** @throws AgentRefused, AgentSilent */
  report(): Promise<Report> {
    return this.#ask('GET', this.#path())
  }

  /** @throws AgentRefused, AgentSilent */
  preflight(): Promise<Preflight> {
    return this.#ask('GET', '/v1/preflight')
  }

  #path(rest = ''): string {
    return `/v1/experiments/${this.#address.experiment}${rest}`
  }

  async #ask<T>(method: string, path: string, body?: object): Promise<T> {
    const { url, token, withinMs } = this.#address
    let status: number
    let answer: unknown
    try {
      const response = await fetch(url + path, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.timeout(withinMs),
      })
      status = response.status
      answer = await response.json()
    } catch (cause) {
      throw new AgentSilent(url, { cause })
    }
    if (status === 200) return answer as T
    throw new AgentRefused(url, status, isRecord(answer) && isRecord(answer.error) ? answer.error : {})
  }
}
