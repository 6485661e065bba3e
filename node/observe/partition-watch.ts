// Asks partition-suspicion.ts with what the node's parts know at this moment.
import type { Chain } from '../chain/index.ts'
import type { PeerKeeper } from '../peers/keeper.ts'
import type { Stack } from '../stacks/port.ts'
import { SUSPICION_BLOCKS, type Suspicion, suspicion } from './partition-suspicion.ts'

export interface PartitionWatchParts {
  readonly chain: Pick<Chain, 'recent' | 'totalWeight'>
  readonly stack: Pick<Stack, 'peers'>
  readonly keeper: Pick<PeerKeeper, 'lost'>
  readonly syncing: () => boolean
  /** What block timestamps are compared with. */
  readonly clock: () => number
  /** A clock that only runs forward. */
  readonly now: () => number
}

const unsuspected: Suspicion = { suspected: false, probability: 1, lostRatio: 0 }

export class PartitionWatch {
  readonly #parts: PartitionWatchParts
  /** When the first block came: before, a testnet may just not have begun. */
  #since: number | undefined

  constructor(parts: PartitionWatchParts) {
    this.#parts = parts
  }

  headMoved(): void {
    this.#since ??= this.#parts.clock()
  }

  /** Nothing is suspected before the first block since the start, nor while older blocks are being fetched. */
  read(): Suspicion {
    const { chain, stack, keeper, syncing, clock, now } = this.#parts
    if (this.#since === undefined || syncing()) return unsuspected
    return suspicion({
      recent: chain.recent(SUSPICION_BLOCKS),
      totalWeight: chain.totalWeight,
      now: clock(),
      since: this.#since,
      peers: stack.peers().length,
      lostPeers: keeper.lost(now()),
    })
  }
}
