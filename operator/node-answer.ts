// What a node answered to GET /status, read as something from outside: an image of anybody's choice may have written it.
// Pure.
import { z } from 'zod'
import type { NodeStatus } from '../api/observation.ts'

const text = z.string().max(256)
const count = z.int().min(0)
const ref = z.object({ hash: z.string().min(1).max(128), height: count })
/** Topics of a mesh that are kept. */
const MAX_TOPICS = 16

// Unknown fields are dropped, so that what is kept of an answer is bounded whatever a node says.
const schema = z.object({
  name: text,
  testnet: text,
  role: text,
  group: text,
  region: text,
  version: text,
  stack: text,
  peerId: text,
  pid: count,
  startedAt: count,
  now: count,
  genesis: z.string().max(128),
  head: z.object({ ...ref.shape, timestamp: z.number(), producer: text, work: text.default('0') }),
  justified: ref,
  finalized: ref,
  recent: z.array(ref).max(1_024),
  sync: z.object({ state: z.enum(['idle', 'syncing']), target: count }),
  peers: z.object({ inbound: count, outbound: count }),
  mesh: z.record(text, count),
  pool: z.object({ count, bytes: count }),
  reorgs: z.object({ count, deepest: count }),
})

export interface Expected {
  readonly testnet: string
  readonly name: string
  /** Blocks of `recent` that are kept. */
  readonly maxRecent: number
}

/** @throws Error that says what is wrong with it, in a few words */
export function readNodeStatus(body: string, { testnet, name, maxRecent }: Expected): NodeStatus {
  let plain: unknown
  try {
    plain = JSON.parse(body)
  } catch {
    throw new Error('its status is not JSON')
  }
  const parsed = schema.safeParse(plain)
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!
    throw new Error(`its status is not a node's: ${path.join('.') || 'body'}: ${message}`.slice(0, 256))
  }
  const status = parsed.data
  // Addresses of pods are given to others after them.
  if (status.testnet !== testnet || status.name !== name)
    throw new Error(`${status.name} of testnet ${status.testnet} answers at its address`)
  const mesh = Object.fromEntries(Object.entries(status.mesh).slice(0, MAX_TOPICS))
  return { ...status, mesh, recent: status.recent.slice(0, maxRecent) }
}
