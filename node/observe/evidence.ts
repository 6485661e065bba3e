// Proof of equivocation, kept for people: who signed two things of which an honest validator signs one.

import { type Equivocation, encodeVote, type Hash, toHex } from '../chain/index.ts'
import type { EquivocationView } from '../http/view.ts'
import type { Store } from '../store/store.ts'

/** The objects themselves as hex of their SSZ bytes: anybody can check the signatures again. */
export async function keepEvidence(store: Store, equivocation: Equivocation): Promise<void> {
  const { kind, producer, height } = equivocation
  const [first, second] =
    equivocation.kind === 'block'
      ? [await headerOf(store, equivocation.first), await headerOf(store, equivocation.second)]
      : [toHex(encodeVote(equivocation.first)), toHex(encodeVote(equivocation.second))]
  const shown: EquivocationView = { kind, producer, height, first, second }
  const name = `${String(height).padStart(16, '0')}:${producer}:${kind}`
  await store.putEvidence(name, new TextEncoder().encode(JSON.stringify(shown)))
}

export async function readEvidence(store: Store): Promise<EquivocationView[]> {
  return (await store.evidence()).map(bytes => JSON.parse(new TextDecoder().decode(bytes)) as EquivocationView)
}

async function headerOf(store: Store, hash: Hash): Promise<string> {
  const header = await store.header(hash)
  return header === undefined ? '' : toHex(header)
}
