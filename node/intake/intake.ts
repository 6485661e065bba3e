// What gossip brings, judged: decode, cheap checks, header signatures, then the verdict that lets it travel on.

import { type Block, blockHash, decodeBlock, type Hash, toHex } from '../chain/index.ts'
import type { Observer } from '../observe/observer.ts'
import type { PeerId, Topic, Verdict } from '../stacks/port.ts'
import type { Ballots } from './ballots.ts'
import type { Importer, ImportOutcome } from './importer.ts'
import type { Mempool } from './mempool.ts'

export interface IntakeParts {
  readonly importer: Importer
  readonly mempool: Mempool
  readonly ballots: Ballots
  readonly observer: Observer
  readonly now: () => number
  /** What block timestamps are compared with. */
  readonly clock: () => number
  /** A clock that only runs forward. */
  readonly steadyNow: () => number
  readonly isValidator: (producer: string) => boolean
  /** The peer has this block, so it can be asked for what is missing around it. */
  readonly sawBlock: (from: PeerId, block: { readonly hash: Hash; readonly height: number }) => void
  readonly offended: (peer: PeerId, offence: string) => void
  /** Our own failure, not the peer's. */
  readonly failed: (work: string, error: unknown) => void
}

export class Intake {
  readonly #parts: IntakeParts

  constructor(parts: IntakeParts) {
    this.#parts = parts
  }

  async onMessage(topic: Topic, bytes: Uint8Array, from: PeerId): Promise<Verdict> {
    const verdict = await this.#judge(topic, bytes, from)
    this.#parts.observer.gossip(topic, verdict)
    if (verdict === 'reject') this.#parts.offended(from, `rejected-${topic}`)
    return verdict
  }

  /** Imports a block that sync fetched; its header was verified before its body was asked for. */
  async importSynced(block: Block, hash: Hash, from: PeerId): Promise<ImportOutcome> {
    const { importer, observer, now } = this.#parts
    const outcome = await importer.import(block, hash, `sync:${from}`, now())
    if (outcome.kind === 'invalid') observer.rejected(outcome, from)
    return outcome
  }

  /** A block that waited for its parent breaks a rule, which whoever sent it had to see when `visible`. */
  refused(outcome: Extract<ImportOutcome, { kind: 'invalid' }>, from: PeerId, visible: boolean): void {
    this.#parts.observer.rejected(outcome, from)
    if (visible && outcome.code !== 'below-finalized') this.#parts.offended(from, 'rejected-block')
  }

  #judge(topic: Topic, bytes: Uint8Array, from: PeerId): Promise<Verdict> {
    switch (topic) {
      case 'block':
        return this.#onBlock(bytes, from)
      case 'transaction':
        return this.#parts.mempool.onGossip(bytes)
      case 'vote':
        return this.#parts.ballots.onGossip(bytes)
    }
  }

  #clockSeen(producer: string, offsetMs: number): void {
    const { observer, isValidator, steadyNow } = this.#parts
    if (isValidator(producer)) observer.clockOffset.saw(producer, offsetMs, steadyNow())
  }

  /** A good header with its own body travels on; its transactions are verified and executed while it does. */
  async #onBlock(bytes: Uint8Array, from: PeerId): Promise<Verdict> {
    const { importer, observer, now, sawBlock, failed } = this.#parts
    const receivedAt = now()
    let block: Block
    try {
      block = decodeBlock(bytes)
    } catch {
      observer.rejected({ kind: 'invalid', code: 'malformed', message: 'the message is no block' }, from)
      return 'reject'
    }
    const { producer, timestamp } = block.header.message
    const offsetMs = this.#parts.clock() - timestamp
    const hash = blockHash(block.header.message)
    const checked = await importer.check(block, hash)
    // Not only good ones: a clock that is slow takes a block for early, and those that build on it for orphans. Their
    // signatures are not verified; who forges them moves a gauge.
    if (checked.kind === 'ok' || checked.kind === 'early' || checked.kind === 'orphan')
      this.#clockSeen(toHex(producer), offsetMs)
    switch (checked.kind) {
      case 'ok':
        sawBlock(from, { hash, height: block.header.message.height })
        void importer.import(block, hash, from, receivedAt).then(
          // Its producer signed what is wrong with it; the peer forwarded what it had checked as far as we did.
          outcome => outcome.kind === 'invalid' && observer.rejected(outcome, from),
          error => failed('import', error),
        )
        return 'accept'
      case 'orphan':
        importer.keepOrphan(block, hash, bytes.length, from)
        return 'ignore'
      case 'invalid':
        observer.rejected(checked, from)
        // A block on a branch that finality has ruled out is late, not forged.
        return checked.code === 'below-finalized' ? 'ignore' : 'reject'
      default:
        return 'ignore'
    }
  }
}
