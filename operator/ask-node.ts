// Asks one node for its status, as something from outside: what it says is bounded and checked.
import { request } from 'node:http'
import type { NodeStatus } from '../api/observation.ts'
import { readNodeStatus } from './node-answer.ts'

export const MAX_ANSWER_BYTES = 256 * 1024

export interface PollTarget {
  readonly name: string
  readonly host: string
  readonly port: number
}

/** What was last heard of a node. `at` is milliseconds since the epoch, of the last attempt. */
export interface NodeAnswer {
  readonly at: number
  /** Undefined when it did not answer; `error` says why. */
  readonly status: NodeStatus | undefined
  readonly error?: string
}

export interface AskOptions {
  /** Name of the testnet that it must be of. */
  readonly testnet: string
  /** Blocks kept of its recent ones. */
  readonly maxRecent: number
  readonly withinMs: number
}

/** Never rejects. */
export async function askNode(
  { name, host, port }: PollTarget,
  { testnet, maxRecent, withinMs }: AskOptions,
): Promise<NodeAnswer> {
  try {
    const status = readNodeStatus(await get(host, port, '/status', withinMs), { testnet, name, maxRecent })
    return { at: Date.now(), status }
  } catch (error) {
    return { at: Date.now(), status: undefined, error: (error as Error).message }
  }
}

/** No connection is kept: the next round is seconds away, and thousands of idle ones cost more than they save. */
function get(host: string, port: number, path: string, withinMs: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const asked = request({ host, port, path, agent: false, headers: { accept: 'application/json' } })
  // A timer, not a signal: thousands of signals that hang on one another are slow to collect.
  const late = new Error(`no answer within ${withinMs / 1_000} s`)
  const timer = setTimeout(() => asked.destroy(late), withinMs)
  asked.on('error', reject)
  asked.on('close', () => clearTimeout(timer))
  asked.on('response', response => {
    const parts: Buffer[] = []
    let bytes = 0
    response.on('error', reject)
    response.on('data', (part: Buffer) => {
      bytes += part.length
      if (bytes > MAX_ANSWER_BYTES)
        return void response.destroy(new Error(`its status is longer than ${MAX_ANSWER_BYTES} bytes`))
      parts.push(part)
    })
    response.on('end', () => {
      if (response.statusCode !== 200) return reject(new Error(`it answers ${response.statusCode}`))
      resolve(Buffer.concat(parts).toString('utf8'))
    })
    response.on('close', () => reject(new Error('the answer was cut')))
  })
  asked.end()
  return promise
}
