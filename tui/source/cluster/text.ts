// Text from the API server: a whole answer, or its lines as they come.
import { StringDecoder } from 'node:string_decoder'
import { MAX_ANSWER_BYTES } from '../../../operator/kubernetes/runtime/api.ts'
import { apiError, ConnectionError } from '../../../operator/kubernetes/runtime/api-error.ts'
import type { Answer } from '../../../operator/kubernetes/runtime/transport.ts'
import type { Cluster } from './connect.ts'

const WHOLE_DEADLINE_MS = 30_000
/** Streams are open as long as somebody reads; a timer holds no more than that. */
const STREAM_DEADLINE_MS = 2 ** 31 - 1
/** A line longer than this is given in pieces. */
const MAX_LINE_CHARS = 64 * 1024

export interface TextRequest {
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
}

/** The answer's code and body, whatever they are. @throws ConnectionError */
export async function fetchText(
  { transport }: Cluster,
  request: TextRequest,
): Promise<{ readonly status: number; readonly text: string }> {
  return await transport.exchange({ method: 'GET', deadlineMs: WHOLE_DEADLINE_MS, ...request }, async answer => ({
    status: answer.status,
    text: await textOf(answer),
  }))
}

/** Calls `onLine` for each line until the server ends. @throws ApiError, ConnectionError, or the signal's reason */
export async function followLines(
  { transport }: Cluster,
  request: TextRequest,
  onLine: (line: string) => void,
): Promise<void> {
  await transport.exchange({ method: 'GET', deadlineMs: STREAM_DEADLINE_MS, ...request }, async answer => {
    if (answer.status !== 200) throw apiError(answer.status, parsed(await textOf(answer)), undefined)
    const decoder = new StringDecoder('utf8')
    let rest = ''
    for await (const chunk of answer.chunks) {
      const lines = (rest + decoder.write(chunk)).split('\n')
      rest = lines.pop() ?? ''
      while (rest.length > MAX_LINE_CHARS) {
        lines.push(rest.slice(0, MAX_LINE_CHARS))
        rest = rest.slice(MAX_LINE_CHARS)
      }
      for (const line of lines) onLine(line)
    }
    if (rest !== '') onLine(rest)
  })
}

/** The whole body. @throws ConnectionError when it is longer than an answer may be */
export async function textOf({ chunks }: Answer): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) throw new ConnectionError(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`)
    parts.push(chunk)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** Undefined when it is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
