// Fills a block: of the candidates in their order, those that apply and fit.
import type { Genesis } from '../../api/node-config.ts'
import { type State, stateRoot } from './accounts.ts'
import { bytesInBody } from './body.ts'
import { MAX_TRANSACTIONS_PER_BLOCK } from './bounds.ts'
import { Overlay } from './execute.ts'
import { childDifficulty, type ParentFacts } from './header-rules.ts'
import { bodyRoot } from './roots.ts'
import type { Header, Millis, SignedTransaction } from './types.ts'

export interface BuildRequest {
  readonly producer: Uint8Array
  readonly ticket: Uint8Array
  readonly timestamp: Millis
  /** In the order to try them; those that do not apply are left out. */
  readonly candidates: Iterable<SignedTransaction>
}

export interface UnsignedBlock {
  readonly header: Header
  readonly transactions: readonly SignedTransaction[]
}

/** An unsigned child of `parent`, whose state is `state`; `domain` is the genesis hash. */
export function buildBlock(
  parent: ParentFacts,
  state: State,
  { producer, ticket, timestamp, candidates }: BuildRequest,
  genesis: Pick<Genesis, 'maxBlockBytes' | 'blockIntervalMs'>,
  domain: Uint8Array,
): UnsignedBlock {
  const overlay = new Overlay(state)
  const transactions: SignedTransaction[] = []
  let bytes = 0
  for (const candidate of candidates) {
    if (transactions.length >= MAX_TRANSACTIONS_PER_BLOCK) break
    const size = bytesInBody(candidate)
    if (bytes + size > genesis.maxBlockBytes || overlay.apply(candidate, producer)) continue
    bytes += size
    transactions.push(candidate)
  }
  const header: Header = {
    parents: [parent.root],
    height: parent.height + 1,
    timestamp,
    producer,
    difficulty: childDifficulty(parent, genesis.blockIntervalMs),
    ticket,
    stateRoot: stateRoot(overlay.state()),
    bodyRoot: bodyRoot(transactions, domain),
  }
  return { header, transactions }
}
