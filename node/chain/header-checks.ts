// Cheap checks of headers against the blocks the chain holds: of one that was gossiped, and of a list when syncing.
import { MAX_CLOCK_DRIFT_MS } from './bounds.ts'
import type { Finality } from './finality.ts'
import type { GenesisBlock } from './genesis.ts'
import { factsOf, headerFault, headerJobs, type ParentFacts } from './header-rules.ts'
import { fromHex, toHex } from './hex.ts'
import { blockHash } from './roots.ts'
import type { BlockTree } from './tree.ts'
import type { Hash, HeaderVerdict, InvalidCode, Millis, SignatureJob, SignedHeader } from './types.ts'

export type Invalid = { readonly kind: 'invalid'; readonly code: InvalidCode; readonly message: string }

/** The end of a validated header chain: give it to the next `checkHeaders` when its blocks are not inserted yet. */
export type HeaderTail = ParentFacts

export type HeadersVerdict =
  /** `headers` are those not held yet, oldest first; `work` is cumulative, of the last. */
  | {
      readonly kind: 'ok'
      readonly headers: readonly { readonly hash: Hash; readonly header: SignedHeader; readonly work: bigint }[]
      readonly tail: HeaderTail
      readonly jobs: readonly SignatureJob[]
    }
  | { readonly kind: 'unknown-parent'; readonly parent: Hash }
  /** Everything before `index` is fine; this one is too far ahead of our clock. */
  | { readonly kind: 'early'; readonly index: number; readonly at: Millis }
  | (Invalid & { readonly index: number })

export class HeaderChecks {
  readonly #tree: BlockTree
  readonly #finality: Finality
  readonly #genesis: GenesisBlock
  readonly #blockIntervalMs: number

  constructor(tree: BlockTree, finality: Finality, genesis: GenesisBlock, blockIntervalMs: number) {
    this.#tree = tree
    this.#finality = finality
    this.#genesis = genesis
    this.#blockIntervalMs = blockIntervalMs
  }

  /** Cheap checks of one gossiped header, before any signature. `now` is our clock. */
  check(header: SignedHeader, now: Millis): HeaderVerdict {
    const hash = blockHash(header.message)
    if (this.#tree.get(hash)) return { kind: 'known', hash }
    const shape = this.shapeFault(header)
    if (shape) return shape
    const parentHash = toHex(header.message.parents[0]!)
    const parent = this.facts(parentHash)
    if (!parent) return { kind: 'unknown-parent', hash, parent: parentHash }
    const fault = this.fault(header, parent)
    if (fault) return fault
    const at = header.message.timestamp - MAX_CLOCK_DRIFT_MS
    if (at > now) return { kind: 'early', hash, at }
    return { kind: 'ok', hash, jobs: headerJobs(header, this.#genesis.root) }
  }

  /** Checks a list that links to a held block (or to `after`) and to itself, without any body. */
  checkList(list: readonly SignedHeader[], now: Millis, after?: HeaderTail): HeadersVerdict {
    const first = list[0]
    if (!first) return { kind: 'invalid', code: 'malformed', message: 'no headers', index: 0 }
    const headers: { hash: Hash; header: SignedHeader; work: bigint }[] = []
    const jobs: SignatureJob[] = []
    let tail: HeaderTail | undefined
    for (const [index, header] of list.entries()) {
      const shape = this.shapeFault(header)
      if (shape) return { ...shape, index }
      const parent = toHex(header.message.parents[0]!)
      if (index === 0) {
        tail = after?.hash === parent ? after : this.facts(parent)
        if (!tail) return { kind: 'unknown-parent', parent }
      }
      if (tail!.hash !== parent) {
        return {
          kind: 'invalid',
          code: 'not-linked',
          message: `header ${index} does not name the one before it`,
          index,
        }
      }
      const fault = this.fault(header, tail!)
      if (fault) return { ...fault, index }
      const at = header.message.timestamp - MAX_CLOCK_DRIFT_MS
      if (at > now) return { kind: 'early', index, at }
      tail = factsOf(header, tail!)
      if (this.#tree.get(tail.hash)) continue
      headers.push({ hash: tail.hash, header, work: tail.work })
      jobs.push(...headerJobs(header, this.#genesis.root))
    }
    return { kind: 'ok', headers, tail: tail!, jobs }
  }

  /** A held block as the parent of others; undefined when it is not held. */
  facts(hash: Hash): ParentFacts | undefined {
    const record = this.#tree.get(hash)
    if (!record) return undefined
    const { height, timestamp, difficulty, work, parent } = record
    const parentTimestamp = this.#tree.get(parent)?.timestamp ?? timestamp
    return { hash, root: fromHex(hash), height, timestamp, difficulty, work, parentTimestamp }
  }

  /** What is wrong with a header whatever its parent is. */
  shapeFault({ message }: SignedHeader): Invalid | undefined {
    if (message.parents.length !== 1) {
      return {
        kind: 'invalid',
        code: 'wrong-parent-count',
        message: `${message.parents.length} parents, a chain's block has one`,
      }
    }
    // Finalized heights are decided: another block there, or a branch from below, can never matter.
    if (message.height <= this.#finality.finalized.height) {
      return {
        kind: 'invalid',
        code: 'below-finalized',
        message: `height ${message.height}, finalized ${this.#finality.finalized.height}`,
      }
    }
    return undefined
  }

  /** What is wrong with a header given its parent. */
  fault(header: SignedHeader, parent: ParentFacts): Invalid | undefined {
    if (parent.height < this.#finality.finalized.height) {
      const message = `branches off at height ${parent.height}, finalized ${this.#finality.finalized.height}`
      return { kind: 'invalid', code: 'below-finalized', message }
    }
    const fault = headerFault(header, parent, this.#genesis, this.#blockIntervalMs)
    return fault && { kind: 'invalid', ...fault }
  }
}
