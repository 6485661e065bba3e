// One request to an API server, without a client library between a test and what the server says.
import { request } from 'node:https'
import type { ApiAddress } from './api-tier.ts'

const TIMEOUT_MS = 30_000

export interface ApiAnswer {
  readonly status: number
  /** Parsed; a metav1.Status when the request was refused. */
  readonly body: { readonly message?: string; readonly reason?: string; readonly [field: string]: unknown }
}

export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly body?: unknown
  readonly contentType?: string
}

/** The answer, whatever its status. Throws when there is none. */
export function askApi(
  { url, ca, token }: Pick<ApiAddress, 'url' | 'ca' | 'token'>,
  path: string,
  { method = 'GET', body, contentType = 'application/json' }: ApiRequest = {},
): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': contentType }
    const call = request(new URL(path, url), { method, ca, headers, timeout: TIMEOUT_MS, agent: false }, response => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        const json = text.startsWith('{')
        resolve({ status: response.statusCode ?? 0, body: json ? JSON.parse(text) : { message: text } })
      })
    })
    call.on('error', reject)
    call.on('timeout', () => call.destroy(new Error(`no answer from ${path} within ${TIMEOUT_MS} ms`)))
    call.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body))
  })
}
