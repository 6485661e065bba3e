// One node's HTTP ports, as the runner uses them. Every call has a deadline and a bounded answer.
import { setTimeout as delay } from 'node:timers/promises'
import type { LinkRow } from '../../api/link.ts'
import type { ClockSkew } from '../../api/node-config.ts'
import type { FaultStatus, NodeStatus } from '../../api/observation.ts'

export interface NodeEndpoint {
  readonly name: string
  /** Base of the public port, such as `http://127.0.0.2:8080`. */
  readonly statusUrl: string
  /** Base of the administration port. */
  readonly adminUrl: string
  readonly adminToken?: string | undefined
}

const MAX_ANSWER_BYTES = 16 * 1_024 * 1_024
const CALL_TIMEOUT_MS = 5_000

/** The node answered, and not with what was asked. `status` is the HTTP status. */
export class NodeRefused extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.name = 'NodeRefused'
    this.status = status
  }
}

export interface CallOptions {
  readonly signal: AbortSignal
  readonly timeoutMs?: number
}

export type TransactionState =
  | { readonly state: 'pending' }
  | { readonly state: 'included'; readonly block: string; readonly height: number }

/** Methods reject with NodeRefused when the node says no, with a network error when it does not answer in time. */
export class NodeClient {
  readonly endpoint: NodeEndpoint
  constructor(endpoint: NodeEndpoint) {
    this.endpoint = endpoint
  }

  get name(): string {
    return this.endpoint.name
  }

  status(options: CallOptions): Promise<NodeStatus> {
    return this.#call(this.endpoint.statusUrl, 'GET', '/status', options) as Promise<NodeStatus>
  }

  /** Rows in force. */
  async faults(options: CallOptions): Promise<readonly FaultStatus[]> {
    return ((await this.#admin('GET', '/v1/faults', options)) as { faults: FaultStatus[] }).faults
  }

  /** A row in force, or one that ended not long ago; undefined when the node remembers none. */
  async row(id: string, options: CallOptions): Promise<FaultStatus | undefined> {
    return (await unlessMissing(this.#admin('GET', `/v1/faults/${encodeURIComponent(id)}`, options))) as
      | FaultStatus
      | undefined
  }

  async putRow(row: LinkRow, options: CallOptions): Promise<void> {
    await this.#admin('PUT', `/v1/faults/${encodeURIComponent(row.id)}`, options, row)
  }

  /** Ends the row. Its counters; undefined when no such row is in force. */
  async deleteRow(id: string, options: CallOptions): Promise<FaultStatus | undefined> {
    return (await unlessMissing(this.#admin('DELETE', `/v1/faults/${encodeURIComponent(id)}`, options))) as
      | FaultStatus
      | undefined
  }

  /** What the node's clock is wrong by now. */
  async skews(options: CallOptions): Promise<readonly ClockSkew[]> {
    return ((await this.#admin('GET', '/v1/clock', options)) as { skews: ClockSkew[] }).skews
  }

  async putSkew(skew: ClockSkew, options: CallOptions): Promise<void> {
    await this.#admin('PUT', `/v1/clock/${encodeURIComponent(skew.id)}`, options, skew)
  }

  async deleteSkew(id: string, options: CallOptions): Promise<void> {
    await unlessMissing(this.#admin('DELETE', `/v1/clock/${encodeURIComponent(id)}`, options))
  }

  /** Id of the transaction. Rejects with NodeRefused when the pool does not take it. */
  async submit(bytes: Uint8Array, options: CallOptions): Promise<string> {
    const { id } = (await this.#call(this.endpoint.statusUrl, 'POST', '/v1/transactions', options, bytes)) as {
      id: string
    }
    return id
  }

  /** undefined when the node knows no such transaction. */
  async transaction(id: string, options: CallOptions): Promise<TransactionState | undefined> {
    return (await unlessMissing(this.#call(this.endpoint.statusUrl, 'GET', `/v1/transactions/${id}`, options))) as
      | TransactionState
      | undefined
  }

  /** Nonce the account's next transaction must have; undefined when it never had a balance. */
  async nextNonce(address: string, options: CallOptions): Promise<number | undefined> {
    const account = (await unlessMissing(
      this.#call(this.endpoint.statusUrl, 'GET', `/v1/accounts/${address}`, options),
    )) as { nextNonce: number } | undefined
    return account?.nextNonce
  }

  /** The main chain's block at a height with the ids of its transactions; undefined above the head. */
  async block(
    height: number,
    options: CallOptions,
  ): Promise<{ hash: string; height: number; transactions: readonly string[] } | undefined> {
    return (await unlessMissing(this.#call(this.endpoint.statusUrl, 'GET', `/v1/blocks/${height}`, options))) as
      | { hash: string; height: number; transactions: string[] }
      | undefined
  }

  #admin(method: string, path: string, options: CallOptions, body?: object): Promise<unknown> {
    return this.#call(this.endpoint.adminUrl, method, path, options, body)
  }

  async #call(
    base: string,
    method: string,
    path: string,
    { signal, timeoutMs = CALL_TIMEOUT_MS }: CallOptions,
    body?: object | Uint8Array,
  ): Promise<unknown> {
    const { adminToken, adminUrl } = this.endpoint
    const bytes = body instanceof Uint8Array
    const response = await fetch(new URL(path, base), {
      method,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      headers: {
        ...(body !== undefined && { 'content-type': bytes ? 'application/octet-stream' : 'application/json' }),
        ...(base === adminUrl && adminToken !== undefined && { authorization: `Bearer ${adminToken}` }),
      },
      ...(body !== undefined && { body: bytes ? new Uint8Array(body) : JSON.stringify(body) }),
    })
    const text = await boundedText(response)
    if (!response.ok)
      throw new NodeRefused(response.status, refusal(text) ?? `${method} ${path} answered ${response.status}`)
    return JSON.parse(text)
  }
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > MAX_ANSWER_BYTES) throw new Error(`an answer of more than ${MAX_ANSWER_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function refusal(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { error?: { message?: string } }).error?.message
  } catch {
    return undefined
  }
}

async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof NodeRefused && error.status === 404) return undefined
    throw error
  }
}

/** What went wrong, in one line: fetch hides the system's error in the cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause instanceof Error ? error.cause : undefined
  return cause ? `${error.message}: ${cause.message || (cause as { code?: string }).code}` : error.message
}

/** Waits; resolves early, without throwing, when the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return
  await delay(ms, undefined, { signal }).catch(() => {})
}
