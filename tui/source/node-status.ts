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

/** All nodes asked at one moment. */
export async function observe(nodes: readonly NodeRecord[]): Promise<Observation> {
  const answers = await Promise.all(
    nodes.map(async node => [node.name, node.state === 'ready' ? await fetchStatus(node) : null] as const),
  )
  return { at: Date.now(), nodes: new Map(answers) }
}
