// Reads what nodes tell about themselves.
import { z } from 'zod'
import type { NodeStatus } from '../../api/observation.ts'
import type { NodeRecord } from '../../operator/local/record.ts'
import type { Observation } from '../../operator/testnet/convergence.ts'

/** A node that does not answer within this is shown as silent. */
const TIMEOUT_MS = 1_500
const MAX_BODY_BYTES = 1024 * 1024

const ref = z.object({ hash: z.string(), height: z.number() })
// Only what is relied on: a newer node may tell more.
const statusSchema = z.looseObject({
  name: z.string(),
  head: ref,
  finalized: ref,
  justified: ref,
  recent: z.array(ref).max(64),
  peers: z.object({ inbound: z.number(), outbound: z.number() }),
  pool: z.object({ count: z.number(), bytes: z.number() }),
  reorgs: z.object({ count: z.number(), deepest: z.number() }),
})

/** The node's status; null when it does not answer, or not as a node does. */
export async function fetchStatus(node: Pick<NodeRecord, 'address'>): Promise<NodeStatus | null> {
  try {
    const answer = await fetch(`http://${node.address.host}:${node.address.http}/status`, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    if (!answer.ok) {
      await answer.body?.cancel()
      return null
    }
    const text = await answer.text()
    if (text.length > MAX_BODY_BYTES) return null
    return statusSchema.parse(JSON.parse(text)) as unknown as NodeStatus
  } catch {
    return null
  }
}

/** Nodes asked at a time: a thousand at once would time each other out. */
const MAX_AT_ONCE = 64

/** All nodes asked at one moment, or as near to it as so many can be. */
export async function observe(nodes: readonly NodeRecord[]): Promise<Observation> {
  const answers = new Map<string, NodeStatus | null>(nodes.map(({ name }) => [name, null]))
  const asked = nodes.filter(({ state }) => state === 'ready').values()
  const ask = async (): Promise<void> => {
    for (const node of asked) answers.set(node.name, await fetchStatus(node))
  }
  await Promise.all(Array.from({ length: Math.min(MAX_AT_ONCE, nodes.length) }, ask))
  return { at: Date.now(), nodes: answers }
}
