// Kills, pauses and restarts in pods: the node does them to itself when it is asked (node/lifecycle), or its pod is deleted.
import { request } from 'node:http'
import { NodeRefused, pause } from '../../../chaos/runner/node-client.ts'
import type { Lifecycle } from '../../../chaos/runner/target.ts'

/** A pause begins when a process of its own has started, on a machine that may be busy. */
const CALL_TIMEOUT_MS = 6_000
const MAX_ANSWER_CHARS = 16 * 1024
const AGAIN_MS = 250
/** What was done ends by itself at its end; so much later whoever undoes it stops trying. */
const GRACE_MS = 2_000
/** A kubelet starts what has ended at once, or after its back-off. A runner that took over knows no end. */
const UNKNOWN_END_MS = 30_000

export interface NodeLifecycleOptions {
  /** Base of the administration port. @throws when the node has no pod */
  readonly adminUrl: (node: string) => string
  readonly adminToken: string
  /** Deletes the pod that the node has now. */
  readonly deletePod: (node: string, signal: AbortSignal) => Promise<void>
  readonly now: () => number
}

export function nodeLifecycle({ adminUrl, adminToken, deletePod, now }: NodeLifecycleOptions): Lifecycle {
  /** Ends of what was done, by node. */
  const ends = new Map<string, number>()
  const ask = async (node: string, method: string, act: string, signal: AbortSignal, until?: number): Promise<void> =>
    await call(`${adminUrl(node)}/v1/lifecycle/${act}`, method, adminToken, signal, until)
  /** Asked again and again: a node that starts, or sits out its kubelet's back-off, does not answer yet. */
  const undo = async (node: string, act: string, signal: AbortSignal): Promise<void> => {
    const deadline = Math.max(ends.get(node) ?? now() + UNKNOWN_END_MS, now()) + GRACE_MS
    ends.delete(node)
    for (;;) {
      try {
        return await ask(node, 'DELETE', act, signal)
      } catch (error) {
        if (error instanceof NodeRefused || signal.aborted) throw error
        // By now it has ended by itself.
        if (now() >= deadline) return
        await pause(AGAIN_MS, signal)
      }
    }
  }
  return {
    kill: async (node, until, signal, how) => {
      ends.set(node, Math.ceil(until))
      if (how === 'pod') await deletePod(node, signal)
      else await ask(node, 'PUT', 'kill', signal, Math.ceil(until))
    },
    revive: async (node, signal) => await undo(node, 'kill', signal),
    pause: async (node, until, signal) => {
      ends.set(node, Math.ceil(until))
      await ask(node, 'PUT', 'pause', signal, Math.ceil(until))
    },
    resume: async (node, signal) => await undo(node, 'pause', signal),
    restart: async (node, signal) => await ask(node, 'POST', 'restart', signal),
  }
}

/** Over a connection of its own: a kept one may lead to the process that is stopped. */
function call(
  url: string,
  method: string,
  token: string,
  signal: AbortSignal,
  until: number | undefined,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const body = until === undefined ? undefined : JSON.stringify({ until })
  const sent = request(
    url,
    {
      method,
      agent: false,
      signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]),
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      },
    },
    answer => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', chunk => {
        if (text.length < MAX_ANSWER_CHARS) text += chunk
      })
      answer.on('error', reject)
      answer.on('end', () => {
        const { statusCode = 0 } = answer
        if (statusCode >= 200 && statusCode < 300) resolve()
        else reject(new NodeRefused(statusCode, messageOf(text) ?? `${method} ${url} answered ${statusCode}`))
      })
    },
  )
  sent.on('error', reject)
  sent.end(body)
  return promise
}

function messageOf(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { error?: { message?: string } }).error?.message
  } catch {
    return undefined
  }
}
