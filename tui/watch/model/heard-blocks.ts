// Blocks as the events of nodes tell of them, for where nobody can be asked for a chain. Pure but for its own memory.
import type { NodeEvent } from '../../../api/observation.ts'
import type { HeadSummary, WatchedBlock } from './picture.ts'

/** The oldest are forgotten. */
export const MAX_HEARD_BLOCKS = 2_048
/** Blocks that are shown of each chain. */
const SHOWN = 60

type BlockEvent = Extract<NodeEvent, { readonly kind: 'block' }>

export class HeardBlocks {
  readonly #blocks = new Map<string, BlockEvent>()

  hear(event: NodeEvent): void {
    if (event.kind !== 'block' || this.#blocks.has(event.hash)) return
    this.#blocks.set(event.hash, event)
    const [oldest] = this.#blocks.keys()
    if (this.#blocks.size > MAX_HEARD_BLOCKS && oldest !== undefined) this.#blocks.delete(oldest)
  }

  /** The latest of each head's chain, the highest first; as far back as it was heard without a hole. */
  chains(heads: readonly Pick<HeadSummary, 'hash'>[], finalized: number | null): WatchedBlock[] {
    const shown = new Map<string, WatchedBlock>()
    for (const { hash: head } of heads) {
      let block = this.#blocks.get(head)
      for (let count = 0; block !== undefined && count < SHOWN; count++) {
        const { hash, height, parent, producer, at, delayMs, transactions } = block
        const heads = [...(shown.get(hash)?.heads ?? []), head]
        const timestamp = at - delayMs
        const isFinal = finalized !== null && height <= finalized
        shown.set(hash, { hash, height, parent, producer, timestamp, transactions, finalized: isFinal, heads })
        block = this.#blocks.get(parent)
      }
    }
    return [...shown.values()].sort((a, b) => b.height - a.height || (a.hash < b.hash ? -1 : 1))
  }
}
