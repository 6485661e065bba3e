// What only some views ask of a node: its peers, its latest blocks.
import { z } from 'zod'
import type { PeerStatus } from '../../../api/observation.ts'
import { fetchPeers, NODE_DEADLINE_MS } from '../../../operator/kubernetes/read-api/node-http.ts'
import type { WatchedBlock } from '../model/picture.ts'

export interface NodeAddress {
  readonly host: string
  readonly http: number
}

/** Blocks of one chain that are shown. */
const BLOCKS = 60
/** Chains that are read. */
const MAX_CHAINS = 4
const MAX_BODY_CHARS = 256 * 1024

const urlOf = ({ host, http }: NodeAddress): string => `http://${host}:${http}`

/** Never throws: the error is what to show instead. */
export async function peersOf(
  address: NodeAddress,
  signal: AbortSignal,
): Promise<{ readonly peers: readonly PeerStatus[]; readonly error: string }> {
  try {
    return { peers: await fetchPeers(urlOf(address), signal), error: '' }
  } catch (error) {
    const { message, cause } = error as Error
    return { peers: [], error: `it does not tell its peers: ${cause instanceof Error ? cause.message : message}` }
  }
}

const block = z.object({
  hash: z.string().max(128),
  height: z.number(),
  parents: z.array(z.string().max(128)).max(16),
  timestamp: z.number(),
  producer: z.string().max(256),
  transactionCount: z.number(),
  finalized: z.boolean(),
})
const answer = z.object({ blocks: z.array(block).max(BLOCKS) })

/** The latest blocks of each of the heads' chains, the highest first. Chains that do not answer are left out. */
export async function watchedBlocks(
  heads: readonly { readonly hash: string; readonly address: NodeAddress }[],
  signal: AbortSignal,
): Promise<WatchedBlock[]> {
  const found = new Map<string, WatchedBlock>()
  const chains = await Promise.all(heads.slice(0, MAX_CHAINS).map(head => chainOf(head.address, signal)))
  for (const [index, chain] of chains.entries()) {
    const head = heads[index]!.hash
    for (const { parents, transactionCount, ...rest } of chain) {
      const known = found.get(rest.hash)
      const onChains = known ? [...known.heads, head] : [head]
      found.set(rest.hash, { ...rest, parent: parents[0] ?? '', transactions: transactionCount, heads: onChains })
    }
  }
  return [...found.values()].sort((a, b) => b.height - a.height || (a.hash < b.hash ? -1 : 1))
}

async function chainOf(address: NodeAddress, signal: AbortSignal): Promise<z.infer<typeof block>[]> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(NODE_DEADLINE_MS)])
    const response = await fetch(`${urlOf(address)}/v1/blocks?limit=${BLOCKS}`, { signal: limit, redirect: 'error' })
    const text = await response.text()
    if (!response.ok || text.length > MAX_BODY_CHARS) return []
    return answer.parse(JSON.parse(text)).blocks
  } catch {
    return []
  }
}
